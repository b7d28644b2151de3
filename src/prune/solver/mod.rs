//! Solvers: what the kept weights of a layer become, and which are kept, from what goes into the layer.
//!
//! A solver sees one layer at a time, in the order of the network, with inputs as the layers before it make them now.

mod bias;
mod least_squares;
mod none;
mod obc;
mod scale;
mod sparsegpt;

use std::fmt::{self, Debug, Formatter};

use crate::base::part::{Args, Param, ParamKind, Part};
use crate::base::{Result, square::SquareMatrix};

use super::facts::{Facts, RowUnits};

pub use bias::compensated;
pub use least_squares::{Ridge, refit};
pub use obc::{Removal, Removals, pace, removed};
pub use scale::scales;
pub use sparsegpt::{Sweep, sweep};

/// Whose sums a layer is to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Its own old weights on the inputs that it gets now.
    Pruned,
    /// Its own old weights on the inputs that it got before anything was cut.
    Dense,
}

/// A layer, or one group of a grouped convolution, as a matrix with what is known of its inputs. Sums run over all examples and
/// pixels, with no 1/n.
#[derive(Clone, Debug)]
pub struct Facing {
    /// Output channels.
    pub rows: usize,
    /// Inputs of each: channels times taps. For N:M the channels of one tap lie side by side.
    pub columns: usize,
    /// The weights as they are, [rows, columns].
    pub weight: Vec<f64>,
    /// What the criterion and the allocation would keep of them.
    pub kept: Vec<bool>,
    /// What earlier events left.
    pub alive: Vec<bool>,
    /// The bias, where there is one.
    pub bias: Option<Vec<f64>>,
    /// Which weights go together, where a solver may choose.
    pub units: Option<RowUnits>,
    /// Taps of a channel, side by side unless the pattern is N:M.
    pub taps: usize,
    /// Samples that were summed over.
    pub samples: f64,
    /// X'ᵀ X' of the inputs now.
    pub gram: SquareMatrix,
    /// Xᵀ X' of the inputs before and those now, where they are told apart.
    pub cross: Option<SquareMatrix>,
    /// Sums of the inputs now, and before.
    pub sums: [Vec<f64>; 2],
}

impl Facing {
    /// A row of the weights.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.weight[row * self.columns..(row + 1) * self.columns]
    }

    /// The columns that a mask keeps of a row.
    pub fn columns_of(&self, mask: &[bool], row: usize) -> Vec<usize> {
        (0..self.columns).filter(|column| mask[row * self.columns + column]).collect()
    }

    /// Products of a row's old sums with the inputs now: Σ_i w_i (Xᵀ X')_ij. Its own Gram matrix stands in where before and now are
    /// not told apart.
    pub fn wanted(&self, row: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        let cross = self.cross.as_ref().unwrap_or(&self.gram);
        for (i, &w) in self.row(row).iter().enumerate().filter(|(_, w)| **w != 0.0) {
            out.iter_mut().zip(cross.row(i)).for_each(|(y, c)| *y += w * c);
        }
        out
    }
}

/// What came of a layer.
#[derive(Clone, Debug)]
pub struct Solved {
    /// The weights, [rows, columns]; zero where they are cut.
    pub weight: Vec<f64>,
    /// What is kept of them.
    pub kept: Vec<bool>,
    /// The bias, where there is one.
    pub bias: Option<Vec<f64>>,
}

/// A layer that is being solved, some rows or columns at a time.
pub trait Solving {
    /// One slice; gives the layer once it is solved.
    ///
    /// # Errors
    /// When the inputs say too little for the damping.
    fn step(&mut self) -> Result<Option<Solved>>;
}

impl Debug for dyn Solving {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a layer under way")
    }
}

/// A rule that writes weights.
pub trait Solver: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let (own, pattern) = (self.meta().name, with.names.pattern);
        if self.solves() && with.untrained {
            return Some(format!(
                "{own} keeps what a network has learned, and {} starts from none",
                with.names.schedule
            ));
        }
        if self.solves() && with.gates {
            return Some(format!("{own} solves for what an event cuts, and a gate cuts without one"));
        }
        match with.row_units {
            _ if !self.chooses() => None,
            Some(units) if self.takes(units) => None,
            _ => Some(format!("{own} chooses row by row, and {pattern} does not cut within rows alone")),
        }
    }

    /// Whether it does anything.
    fn solves(&self) -> bool {
        true
    }

    /// Whether it chooses which weights are kept, as many as the allocation gives.
    fn chooses(&self) -> bool {
        false
    }

    /// Whether it can choose among units of a kind.
    fn takes(&self, units: RowUnits) -> bool {
        !matches!(units, RowUnits::Blocks(_))
    }

    /// Whose sums it matches.
    fn toward(&self, args: &Args) -> Toward {
        let _ = args;
        Toward::Dense
    }

    /// Whether it compares the sum of squares of all pairs of inputs, and not only their means.
    fn pairs(&self) -> bool {
        true
    }

    /// Multiply-adds in double precision for a layer of rows and columns, where that is worth a warning before it starts.
    fn work(&self, rows: usize, columns: usize) -> f64 {
        let _ = (rows, columns);
        0.0
    }

    /// Begins with a layer.
    ///
    /// # Errors
    /// When the layer is of no kind that it knows.
    fn begin(&self, facing: Facing, args: &Args) -> Result<Box<dyn Solving>>;
}

/// All solvers.
pub static ALL: &[&dyn Solver] =
    &[&none::Part, &bias::Part, &scale::Part, &least_squares::Part, &sparsegpt::Part, &obc::Part];

pub(super) static DAMP: Param = Param {
    key: "damp",
    label: "Damping",
    what: "Added to the diagonal of the input products, as a share of its mean: pulls towards the old weights.",
    kind: ParamKind::Float { default: 0.01, min: 0.000_001, max: 1.0, log: true },
};
pub(super) static TOWARD: Param = Param {
    key: "toward",
    label: "Match",
    what: "dense: the sums that the layer had before anything was cut; pruned: those of its old weights on the inputs it gets now, as most papers do.",
    kind: ParamKind::Choice { default: "dense", of: &["dense", "pruned"] },
};
/// Whether norms take their statistics anew on the way.
pub static NORMS: Param = Param {
    key: "norms",
    label: "Norms on the way",
    what: "anew: batch norms take their statistics from what now reaches them; kept: as they are.",
    kind: ParamKind::Choice { default: "anew", of: &["anew", "kept"] },
};

fn toward(args: &Args) -> Toward {
    if args.choice(&TOWARD) == "pruned" { Toward::Pruned } else { Toward::Dense }
}

/// Multiply-adds of one slice: about 30 ms natively, more in a browser.
const SLICE: f64 = 4e7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::base::order;
    use crate::prune::products::Products;

    /// A layer of random weights whose inputs now differ from those before, cut to half by magnitude.
    fn layer(units: RowUnits, bias: bool) -> Facing {
        let (rows, columns, samples) = (6, 12, 80);
        let mut rng = Rng::new(3);
        let mut draw = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<f32>>();
        let (weight, mix, before) = (draw(rows * columns), draw(columns), draw(samples * columns));
        // Neighbours are alike, as pixels are.
        let before: Vec<f32> = before.iter().enumerate().map(|(i, x)| x + mix[i / columns % columns] + 0.5).collect();
        let now: Vec<f32> = before.iter().zip(draw(samples * columns)).map(|(x, d)| 0.9 * x + 0.1 * d).collect();
        let mut products = Products::new(columns, true);
        products.add(&now, Some(&before), true);
        let scores: Vec<f32> = weight.iter().map(|w| w.abs()).collect();
        let mut kept = vec![false; weight.len()];
        match units {
            RowUnits::Single => {
                order::highest(scores.iter().copied().zip(0..), kept.len() / 2).into_iter().for_each(|i| kept[i] = true)
            }
            RowUnits::Groups { n, m } => (0..kept.len()).step_by(m).for_each(|start| {
                order::highest((start..start + m).map(|i| (scores[i], i)), n).into_iter().for_each(|i| kept[i] = true);
            }),
            RowUnits::Blocks(size) => kept.iter_mut().enumerate().for_each(|(i, kept)| *kept = i / size % 2 == 0),
        }
        let Products { gram, cross, sums, samples } = products;
        let alive = (0..weight.len()).map(|i| i != 5).collect();
        kept[5] = false;
        let weight = weight.iter().map(|&w| f64::from(w)).collect();
        let bias = bias.then(|| vec![0.25; rows]);
        Facing { rows, columns, weight, kept, alive, bias, units: Some(units), taps: 1, samples, gram, cross, sums }
    }

    /// The squared error of some weights against the sums that are wanted, but for a part that no weights change.
    fn error(facing: &Facing, weight: &[f64]) -> f64 {
        let mut sum = 0.0;
        for row in 0..facing.rows {
            let (w, wanted) = (&weight[row * facing.columns..(row + 1) * facing.columns], facing.wanted(row));
            for (i, &wi) in w.iter().enumerate() {
                let own: f64 = facing.gram.row(i).iter().zip(w).map(|(g, w)| g * w).sum();
                sum += wi * (own - 2.0 * wanted[i]);
            }
        }
        sum
    }

    fn solved(part: &dyn Solver, facing: Facing) -> Solved {
        let mut solving = part.begin(facing, &Args::defaults(part.meta())).expect("a layer that it knows");
        loop {
            if let Some(solved) = solving.step().expect("inputs that say enough") {
                return solved;
            }
        }
    }

    #[test]
    fn what_is_solved_is_nearer_than_what_is_only_cut() {
        let all = [RowUnits::Single, RowUnits::Groups { n: 2, m: 4 }, RowUnits::Blocks(3)];
        for (part, units) in ALL.iter().filter(|part| part.solves()).flat_map(|part| all.map(|units| (*part, units))) {
            if part.chooses() && !part.takes(units) {
                continue;
            }
            let facing = layer(units, false);
            let plain: Vec<f64> =
                facing.weight.iter().zip(&facing.kept).map(|(&w, &k)| if k { w } else { 0.0 }).collect();
            let found = solved(part, facing.clone());
            let (name, left) = (part.meta().id, error(&facing, &found.weight));
            assert!(left <= error(&facing, &plain) + 1e-9, "{name} {units:?}: {left} after {}", error(&facing, &plain));
            let count = |mask: &[bool]| mask.iter().filter(|kept| **kept).count();
            assert_eq!(count(&found.kept), count(&facing.kept), "{name} {units:?}");
            assert!(!found.kept[5], "{name}: what was cut has come back");
            let zero = found.weight.iter().zip(&found.kept).all(|(&w, &kept)| kept || w == 0.0);
            assert!(zero, "{name} {units:?}: what is cut is not zero");
        }
    }

    #[test]
    fn a_bias_keeps_mean_sums() {
        for part in ALL.iter().filter(|part| part.solves()) {
            let facing = layer(RowUnits::Single, true);
            let found = solved(*part, facing.clone());
            let bias = found.bias.expect("the layer has one");
            for row in 0..facing.rows {
                let mean =
                    |w: &[f64], sums: &[f64]| w.iter().zip(sums).map(|(w, s)| w * s).sum::<f64>() / facing.samples;
                let new = &found.weight[row * facing.columns..(row + 1) * facing.columns];
                let got = bias[row] + mean(new, &facing.sums[0]);
                let want = 0.25 + mean(facing.row(row), &facing.sums[1]);
                assert!((got - want).abs() < 1e-9, "{}: {got} is not {want}", part.meta().id);
            }
        }
    }
}
