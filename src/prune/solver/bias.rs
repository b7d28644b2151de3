//! Bias: what the cut weights gave on average goes into the bias.

use crate::base::Result;
use crate::base::part::{Args, Meta, source};

use super::{Facing, NORMS, Solved, Solver, Solving, TOWARD, Toward, toward};

crate::part!(Meta {
    id: "bias",
    name: "Bias compensation",
    what: "What the cut weights gave on average goes into the bias, so that mean sums stay; layers without one are left to their norm.",
    formula: "b ← b + w·mean(x) - ŵ·mean(x̂)",
    sources: &[source("Nagel et al., ICCV 2019", "https://arxiv.org/abs/1906.04721")],
    params: &[TOWARD, NORMS],
});

/// The bias that keeps the mean sums of a layer whose weights become `weight`.
pub fn compensated(facing: &Facing, weight: &[f64]) -> Option<Vec<f64>> {
    let [now, before] = &facing.sums;
    let wanted = if facing.cross.is_some() { before } else { now };
    let mean = |w: &[f64], sums: &[f64]| w.iter().zip(sums).map(|(w, s)| w * s).sum::<f64>() / facing.samples.max(1.0);
    let bias = facing.bias.as_ref()?.iter().enumerate().map(|(row, b)| {
        let new = &weight[row * facing.columns..(row + 1) * facing.columns];
        b + mean(facing.row(row), wanted) - mean(new, now)
    });
    Some(bias.collect())
}

/// A layer that is done in one slice.
#[derive(Debug)]
struct Compensating(Facing);

impl Solving for Compensating {
    fn step(&mut self) -> Result<Option<Solved>> {
        let cut = |(&w, &kept): (&f64, &bool)| if kept { w } else { 0.0 };
        let weight: Vec<f64> = self.0.weight.iter().zip(&self.0.kept).map(cut).collect();
        let bias = compensated(&self.0, &weight);
        Ok(Some(Solved { weight, kept: self.0.kept.clone(), bias }))
    }
}

impl Solver for Part {
    fn toward(&self, args: &Args) -> Toward {
        toward(args)
    }

    fn pairs(&self) -> bool {
        false
    }

    fn begin(&self, facing: Facing, _: &Args) -> Result<Box<dyn Solving>> {
        Ok(Box::new(Compensating(facing)))
    }
}
