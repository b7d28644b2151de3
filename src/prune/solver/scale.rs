//! Scale: one factor for each kept input channel, the same for all outputs, as ThiNet has it.

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, square::SquareMatrix};

use super::{DAMP, Facing, NORMS, Solved, Solver, Solving, TOWARD, Toward, toward};

crate::part!(Meta {
    id: "scale",
    name: "Scale of channels",
    what: "Each input channel that is kept gets one factor, the same for all outputs, so that the sums come closest to the dense network's.",
    formula: "min over s: Σ_o |y_o - Σ_c s_c (ŵ_oc·x̂_c)|²",
    sources: &[source("Luo et al., ThiNet, ICCV 2017", "https://arxiv.org/abs/1707.06342")],
    params: &[TOWARD, DAMP, NORMS],
});

/// The factors of input channels of `taps` columns each, for weights that are zero where they are cut. Channels of which nothing is
/// left keep a factor of 1.
///
/// # Errors
/// When the channels' sums are linearly dependent and nothing is damped.
pub fn scales(facing: &Facing, weight: &[f64], channel_of: &dyn Fn(usize) -> usize, damp: f64) -> Result<Vec<f64>> {
    let channels = (0..facing.columns).map(channel_of).max().map_or(0, |last| last + 1);
    let (mut products, mut wanted) = (SquareMatrix::zeros(channels), vec![0.0; channels]);
    for row in 0..facing.rows {
        let w = &weight[row * facing.columns..(row + 1) * facing.columns];
        let want = facing.wanted(row);
        for (i, &wi) in w.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            let own = products.row_mut(channel_of(i));
            for (j, &wj) in w.iter().enumerate() {
                own[channel_of(j)] += wi * wj * facing.gram.at(i, j);
            }
            wanted[channel_of(i)] += wi * want[i];
        }
    }
    let live: Vec<usize> = (0..channels).filter(|&c| products.at(c, c) > 0.0).collect();
    let mut own = products.pick(&live);
    let lambda = damp * own.mean_diagonal();
    own.add_diagonal(lambda);
    // Pulled towards 1: the old weights.
    let found = own.cholesky()?.solve_lower(live.iter().map(|&c| wanted[c] + lambda).collect());
    let mut out = vec![1.0; channels];
    live.iter().zip(found).for_each(|(&c, s)| out[c] = s);
    Ok(out)
}

/// A layer that is done in one slice.
#[derive(Debug)]
struct Scaling(Facing, f64);

impl Solving for Scaling {
    fn step(&mut self) -> Result<Option<Solved>> {
        let Self(facing, damp) = self;
        let cut = |(&w, &kept): (&f64, &bool)| if kept { w } else { 0.0 };
        let mut weight: Vec<f64> = facing.weight.iter().zip(&facing.kept).map(cut).collect();
        let channels = facing.columns / facing.taps.max(1);
        let tap_major = matches!(facing.units, Some(super::RowUnits::Groups { .. }));
        let taps = facing.taps;
        let channel_of = move |column: usize| if tap_major { column % channels } else { column / taps };
        let scales = scales(facing, &weight, &channel_of, *damp)?;
        let columns = facing.columns;
        weight.iter_mut().enumerate().for_each(|(i, w)| *w *= scales[channel_of(i % columns)]);
        let bias = super::compensated(facing, &weight);
        Ok(Some(Solved { weight, kept: facing.kept.clone(), bias }))
    }
}

impl Solver for Part {
    fn toward(&self, args: &Args) -> Toward {
        toward(args)
    }

    fn begin(&self, facing: Facing, args: &Args) -> Result<Box<dyn Solving>> {
        Ok(Box::new(Scaling(facing, f64::from(args.float(&DAMP)))))
    }
}
