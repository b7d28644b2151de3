//! Least squares: the kept weights of each row are fitted to the sums that the row should give.

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, square::SquareMatrix};

use super::{DAMP, Facing, NORMS, SLICE, Solved, Solver, Solving, TOWARD, Toward, toward};

crate::part!(Meta {
    id: "least-squares",
    name: "Least squares",
    what: "The kept weights are fitted so that each layer, with inputs as the cut layers before it make them, gives the dense network's own sums.",
    formula: "min over ŵ on the mask: Σ (w·x - ŵ·x̂)² + λ |ŵ - w|²",
    sources: &[
        source("He et al., ICCV 2017", "https://arxiv.org/abs/1707.06168"),
        source("Hubara et al., AdaPrune, NeurIPS 2021", "https://arxiv.org/abs/2102.08124"),
    ],
    params: &[TOWARD, DAMP, NORMS],
});

/// A pull on the fitted weights: λ as a share of the mean of the Gram matrix's diagonal over what is kept.
#[derive(Clone, Copy, Debug)]
pub enum Ridge {
    /// Towards zero.
    Zero(f64),
    /// Towards the old weights.
    Old(f64),
}

/// The weights of the kept columns of a row whose products with the inputs are wanted to be `wanted`, and whose old weights are
/// `old`.
///
/// # Errors
/// When the Gram matrix of the kept columns is singular.
pub fn refit(gram: &SquareMatrix, wanted: &[f64], old: &[f64], kept: &[usize], ridge: Ridge) -> Result<Vec<f64>> {
    let mut own = gram.pick(kept);
    let (damp, old) = match ridge {
        Ridge::Zero(damp) => (damp, None),
        Ridge::Old(damp) => (damp, Some(old)),
    };
    let lambda = damp * own.mean_diagonal();
    // Inputs that are always zero say nothing: their weights stay what they are pulled to.
    own.add_diagonal(if lambda > 0.0 || damp == 0.0 { lambda } else { 1.0 });
    let wanted = kept.iter().map(|&i| wanted[i] + old.map_or(0.0, |old| lambda * old[i])).collect();
    Ok(own.cholesky()?.solve_lower(wanted))
}

/// A layer under way, row by row.
#[derive(Debug)]
struct Fitting {
    /// Products are of what differs from the means, where there is a bias to take these up.
    facing: Facing,
    gram: SquareMatrix,
    damp: f64,
    row: usize,
    weight: Vec<f64>,
}

/// The Gram matrix of inputs less their means.
fn centred(facing: &Facing) -> SquareMatrix {
    let mut gram = facing.gram.clone();
    let [now, _] = &facing.sums;
    for i in 0..facing.columns {
        let mean = now[i] / facing.samples.max(1.0);
        gram.row_mut(i).iter_mut().zip(now).for_each(|(g, s)| *g -= mean * s);
    }
    gram
}

impl Fitting {
    fn new(facing: Facing, damp: f64) -> Self {
        let gram = if facing.bias.is_some() { centred(&facing) } else { facing.gram.clone() };
        Self { gram, damp, row: 0, weight: vec![0.0; facing.weight.len()], facing }
    }

    fn wanted(&self, row: usize) -> Vec<f64> {
        let mut wanted = self.facing.wanted(row);
        if self.facing.bias.is_some() {
            let [now, before] = &self.facing.sums;
            let before = if self.facing.cross.is_some() { before } else { now };
            let mean: f64 =
                self.facing.row(row).iter().zip(before).map(|(w, s)| w * s).sum::<f64>() / self.facing.samples.max(1.0);
            wanted.iter_mut().zip(now).for_each(|(y, s)| *y -= mean * s);
        }
        wanted
    }
}

impl Solving for Fitting {
    fn step(&mut self) -> Result<Option<Solved>> {
        let (mut work, columns) = (0.0, self.facing.columns);
        while self.row < self.facing.rows && work < SLICE {
            let kept = self.facing.columns_of(&self.facing.kept, self.row);
            if !kept.is_empty() {
                let wanted = self.wanted(self.row);
                let new = refit(&self.gram, &wanted, self.facing.row(self.row), &kept, Ridge::Old(self.damp))?;
                kept.iter().zip(new).for_each(|(&column, w)| self.weight[self.row * columns + column] = w);
            }
            work += (kept.len() as f64).powi(3) / 3.0 + (columns * columns) as f64;
            self.row += 1;
        }
        Ok((self.row >= self.facing.rows).then(|| Solved {
            bias: super::compensated(&self.facing, &self.weight),
            kept: self.facing.kept.clone(),
            weight: std::mem::take(&mut self.weight),
        }))
    }
}

/// Begins to fit a layer on its mask.
pub(super) fn fit(facing: Facing, damp: f64) -> Box<dyn Solving> {
    Box::new(Fitting::new(facing, damp))
}

impl Solver for Part {
    fn toward(&self, args: &Args) -> Toward {
        toward(args)
    }

    fn begin(&self, facing: Facing, args: &Args) -> Result<Box<dyn Solving>> {
        Ok(fit(facing, f64::from(args.float(&DAMP))))
    }
}
