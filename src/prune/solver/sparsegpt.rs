//! SparseGPT: one sweep over the columns; what a column loses, those after it make up for.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Result, order, square::SquareMatrix};
use crate::prune::facts::RowUnits;

use super::least_squares::fit;
use super::{DAMP, Facing, NORMS, Solved, Solver, Solving, TOWARD, Toward, toward};

static BLOCK: Param = Param {
    key: "block",
    label: "Block",
    what: "Columns that compete with each other, over all rows, when the sweep reaches them. N:M chooses group by group.",
    kind: ParamKind::Int { default: 128, min: 1, max: 1024 },
};
static REFIT: Param = Param {
    key: "refit",
    label: "Fit once more",
    what: "once: the kept weights are fitted by least squares when the sweep is over; none: as the sweep leaves them, as published.",
    kind: ParamKind::Choice { default: "none", of: &["none", "once"] },
};

crate::part!(Meta {
    id: "sparsegpt",
    name: "SparseGPT",
    what: "One sweep over the columns of a layer cuts the weights that cost least and lets the columns after them make up for it.",
    formula: "H⁻¹ = UᵀU; cut least w²/U_jj²; W[:, j..] -= (w - ŵ)/U_jj · U[j, j..]",
    sources: &[source("Frantar and Alistarh, ICML 2023", "https://arxiv.org/abs/2301.00774")],
    params: &[TOWARD, BLOCK, REFIT, DAMP, NORMS],
});

/// How a sweep chooses.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// Columns that are chosen from at once.
    pub block: usize,
    /// Weights to cut of each block in turn, over all rows.
    pub cuts: &'a [usize],
    /// N of every M columns are kept in each row, in place of that.
    pub groups: Option<(usize, usize)>,
}

/// Sweeps over weights [rows, columns] with U as [`SquareMatrix::upper_of_inverse`] gives it; says what is kept. What is not alive goes
/// first, and is not counted where it goes beyond the cuts.
pub fn sweep(weight: &mut [f64], upper: &SquareMatrix, alive: &[bool], how: &Sweep) -> Vec<bool> {
    let n = upper.n();
    let rows = weight.len() / n.max(1);
    let mut kept = vec![true; weight.len()];
    let score = |weight: &[f64], i: usize| {
        let pivot = upper.at(i % n, i % n);
        // Nothing lower: what is gone stays gone.
        if alive[i] { (weight[i] * weight[i] / (pivot * pivot)) as f32 } else { -1.0 }
    };
    let width = how.groups.map_or(how.block, |(_, m)| m);
    for (block, start) in (0..n).step_by(width.max(1)).enumerate() {
        let columns = start..(start + width).min(n);
        let mut cut = |positions: &mut dyn Iterator<Item = usize>, count: usize, weight: &[f64]| {
            let scored: Vec<(f32, usize)> = positions.map(|i| (score(weight, i), i)).collect();
            let gone = scored.iter().filter(|(score, _)| *score < 0.0).count();
            order::lowest(scored.into_iter(), count.max(gone)).into_iter().for_each(|i| kept[i] = false);
        };
        match how.groups {
            Some((keep, _)) => (0..rows).for_each(|row| {
                cut(&mut columns.clone().map(|c| row * n + c), columns.len().saturating_sub(keep), weight);
            }),
            None => {
                let all = (0..rows).flat_map(|row| columns.clone().map(move |c| row * n + c));
                cut(&mut all.into_iter(), how.cuts.get(block).copied().unwrap_or(0), weight);
            }
        }
        for column in columns {
            let (pivot, factors) = (upper.at(column, column), &upper.row(column)[column..]);
            for (row, kept) in weight.chunks_exact_mut(n).zip(kept.chunks_exact(n)) {
                if !kept[column] && row[column] != 0.0 {
                    let error = row[column] / pivot;
                    row[column..].iter_mut().zip(factors).for_each(|(w, u)| *w -= error * u);
                    row[column] = 0.0;
                }
            }
        }
    }
    kept
}

/// A layer under way.
#[derive(Debug)]
enum Sweeping {
    /// The factor of the inverse is to be found, with the block and whether it is fitted afterwards.
    Begun(Box<Facing>, f64, usize, bool),
    /// The columns are to be swept over.
    Factored(Box<Facing>, f64, usize, bool, SquareMatrix),
    /// What is kept is fitted once more.
    Fitting(Box<dyn Solving>),
    Over,
}

impl Solving for Sweeping {
    fn step(&mut self) -> Result<Option<Solved>> {
        match std::mem::replace(self, Self::Over) {
            Self::Begun(facing, damp, block, again) => {
                let mut gram = facing.gram.clone();
                silent(&mut gram);
                let lambda = damp * gram.mean_diagonal();
                gram.add_diagonal(lambda);
                let upper = gram.upper_of_inverse()?;
                *self = Self::Factored(facing, damp, block, again, upper);
                Ok(None)
            }
            Self::Factored(facing, damp, block, again, upper) => {
                let mut weight = start(&facing, &upper, damp);
                let groups = match facing.units {
                    Some(RowUnits::Groups { n, m }) if facing.columns.is_multiple_of(m) => Some((n, m)),
                    _ => None,
                };
                let cut = facing.kept.iter().filter(|kept| !**kept).count();
                let kept = if cut == 0 {
                    facing.kept.clone()
                } else {
                    let cuts = shared(cut, facing.rows, facing.columns, block);
                    sweep(&mut weight, &upper, &facing.alive, &Sweep { block, cuts: &cuts, groups })
                };
                if again {
                    *self = Self::Fitting(fit(Facing { kept, ..*facing }, damp));
                    return Ok(None);
                }
                let bias = super::compensated(&facing, &weight);
                Ok(Some(Solved { weight, kept, bias }))
            }
            Self::Fitting(mut solving) => {
                let solved = solving.step()?;
                if solved.is_none() {
                    *self = Self::Fitting(solving);
                }
                Ok(solved)
            }
            Self::Over => Ok(None),
        }
    }
}

/// Inputs that are always zero get a diagonal of their own, as the authors have it: their weights cost nothing.
fn silent(gram: &mut SquareMatrix) {
    for i in 0..gram.n() {
        if gram.at(i, i) == 0.0 {
            gram.row_mut(i)[i] = 1.0;
        }
    }
}

/// The weights that a sweep starts from: those that come closest to the dense sums on the inputs now, with nothing cut; the old ones
/// where before and now are not told apart.
fn start(facing: &Facing, upper: &SquareMatrix, damp: f64) -> Vec<f64> {
    if facing.cross.is_none() {
        return facing.weight.clone();
    }
    let n = facing.columns;
    let lambda = damp * facing.gram.mean_diagonal();
    let mut out = Vec::with_capacity(facing.weight.len());
    for row in 0..facing.rows {
        // H⁻¹ (wanted + λ w) with H⁻¹ = Uᵀ U.
        let wanted: Vec<f64> = facing.wanted(row).iter().zip(facing.row(row)).map(|(y, w)| y + lambda * w).collect();
        let half: Vec<f64> =
            (0..n).map(|k| upper.row(k)[k..].iter().zip(&wanted[k..]).map(|(u, y)| u * y).sum()).collect();
        let mut w = vec![0.0; n];
        for (k, &h) in half.iter().enumerate() {
            w[k..].iter_mut().zip(&upper.row(k)[k..]).for_each(|(w, u)| *w += h * u);
        }
        out.extend(w);
    }
    out
}

/// Cuts of each block of columns, in proportion, all of them in the end.
fn shared(cut: usize, rows: usize, columns: usize, block: usize) -> Vec<usize> {
    // Products of counts do not fit 32 bits.
    let all = (rows * columns).max(1) as u64;
    let by = |end: usize| ((cut as u64 * (rows * end) as u64 + all / 2) / all) as usize;
    let ends = (0..columns).step_by(block.max(1)).map(|start| (start, (start + block).min(columns)));
    ends.map(|(start, end)| by(end) - by(start)).collect()
}

impl Solver for Part {
    fn chooses(&self) -> bool {
        true
    }

    fn toward(&self, args: &Args) -> Toward {
        toward(args)
    }

    fn begin(&self, facing: Facing, args: &Args) -> Result<Box<dyn Solving>> {
        let (damp, again) = (f64::from(args.float(&DAMP)), args.choice(&REFIT) == "once");
        Ok(Box::new(Sweeping::Begun(Box::new(facing), damp, args.int(&BLOCK), again)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_shared_in_proportion_and_none_is_lost() {
        assert_eq!(shared(7, 2, 5, 2), [3, 3, 1]);
        // Of a wide layer: more than 32 bits on the way.
        let cuts = shared(200_000, 500, 800, 128);
        assert_eq!((cuts.len(), cuts.iter().sum::<usize>(), cuts[0]), (7, 200_000, 32_000));
    }
}
