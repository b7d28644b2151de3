//! OBC: exact optimal brain surgeon, row by row: the weight that costs least goes, the others make up for it, and again.

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, clock, order, square::SquareMatrix};
use crate::prune::facts::RowUnits;

use super::{DAMP, Facing, NORMS, Solved, Solver, Solving, TOWARD, Toward, toward};

crate::part!(Meta {
    id: "obc",
    name: "OBC (exact)",
    what: "Weights go one by one, each time the one that costs least, with all that is left of its row making up for it: exact, and slow.",
    formula: "p = argmin w_p²/[H⁻¹]_pp; w -= w_p/[H⁻¹]_pp · H⁻¹[:, p]; H⁻¹ without p",
    sources: &[source("Frantar and Alistarh, NeurIPS 2022", "https://arxiv.org/abs/2208.11580")],
    params: &[TOWARD, DAMP, NORMS],
});

/// A unit that went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Removal {
    /// Its columns begin here.
    pub column: usize,
    /// What it cost: half the rise of the squared error.
    pub loss: f64,
}

/// A row that loses unit after unit.
#[derive(Clone, Debug)]
pub struct Removals {
    row: Vec<f64>,
    /// H⁻¹ of the columns that are left.
    inverse: SquareMatrix,
    /// The columns that are left, in order.
    left: Vec<usize>,
    units: RowUnits,
    /// By group of N:M: columns that went.
    gone: Vec<usize>,
}

impl Removals {
    /// A row with H⁻¹ of all its columns, of which some went earlier: these go first, at no cost.
    pub fn new(row: &[f64], inverse: &SquareMatrix, alive: &[bool], units: RowUnits) -> Self {
        let groups = if let RowUnits::Groups { m, .. } = units { row.len().div_ceil(m) } else { 0 };
        let left = (0..row.len()).collect();
        let mut out = Self { row: row.to_vec(), inverse: inverse.clone(), left, units, gone: vec![0; groups] };
        for column in (0..row.len()).filter(|&c| !alive[c]) {
            if let RowUnits::Groups { m, .. } = units {
                out.gone[column / m] += 1;
            }
            if let Ok(place) = out.left.binary_search(&column) {
                out.remove(place, 1);
            }
        }
        out
    }

    /// The row as it is.
    pub fn row(&self) -> &[f64] {
        &self.row
    }

    /// Removes the unit that costs least; `None` where nothing may go any more.
    pub fn next_removal(&mut self) -> Option<Removal> {
        let mut best: Option<(f64, usize, usize)> = None;
        let mut place = 0;
        while place < self.left.len() {
            let column = self.left[place];
            let (may, width) = match self.units {
                RowUnits::Single => (true, 1),
                RowUnits::Groups { n, m } => (self.gone[column / m] < m - n, 1),
                RowUnits::Blocks(size) => {
                    (true, self.left[place..].iter().take_while(|&&c| c / size == column / size).count())
                }
            };
            if may {
                let loss = 0.5 * self.cost(place, width);
                if best.is_none_or(|(least, ..)| loss < least) {
                    best = Some((loss, place, width));
                }
            }
            place += width;
        }
        let (loss, place, width) = best?;
        let column = self.left[place];
        if let RowUnits::Groups { m, .. } = self.units {
            self.gone[column / m] += 1;
        }
        self.remove(place, width);
        Some(Removal { column, loss })
    }

    /// wᵀ (H⁻¹ restricted to some columns)⁻¹ w.
    fn cost(&self, place: usize, width: usize) -> f64 {
        if width == 1 {
            let w = self.row[self.left[place]];
            return w * w / self.inverse.at(place, place);
        }
        let places: Vec<usize> = (place..place + width).collect();
        let w: Vec<f64> = places.iter().map(|&p| self.row[self.left[p]]).collect();
        let solved = self.inverse.pick(&places).cholesky().map(|lower| lower.solve_lower(w.clone()));
        solved.map_or(f64::INFINITY, |solved| solved.iter().zip(&w).map(|(s, w)| s * w).sum())
    }

    /// Takes columns out, one after the other: the row makes up for each.
    fn remove(&mut self, place: usize, width: usize) {
        for _ in 0..width {
            let (n, pivot) = (self.left.len(), self.inverse.at(place, place));
            let taken = self.inverse.row(place).to_vec();
            let factor = self.row[self.left[place]] / pivot;
            for (&column, t) in self.left.iter().zip(&taken) {
                self.row[column] -= factor * t;
            }
            self.row[self.left[place]] = 0.0;
            let mut smaller = SquareMatrix::zeros(n - 1);
            for i in (0..n).filter(|&i| i != place) {
                let (from, scale) = (self.inverse.row(i), taken[i] / pivot);
                let to = smaller.row_mut(i - usize::from(i > place));
                let (head, tail) = to.split_at_mut(place);
                head.iter_mut().zip(from).zip(&taken).for_each(|((y, x), t)| *y = x - scale * t);
                let rest = from[place + 1..].iter().zip(&taken[place + 1..]);
                tail.iter_mut().zip(rest).for_each(|(y, (x, t))| *y = x - scale * t);
            }
            self.inverse = smaller;
            self.left.remove(place);
        }
    }
}

/// Multiply-adds in double precision that this machine does in a millisecond, one thread, while rows lose weights.
pub fn pace() -> f64 {
    const COLUMNS: usize = 160;
    let (row, mut one) = (vec![1.0; COLUMNS], SquareMatrix::zeros(COLUMNS));
    one.add_diagonal(1.0);
    let alive = vec![true; COLUMNS];
    let (start, mut rows) = (clock::now_ms(), 0);
    loop {
        let mut removals = Removals::new(&row, &one, &alive, RowUnits::Single);
        while removals.next_removal().is_some() {}
        rows += 1;
        let ms = clock::now_ms() - start;
        if ms >= 15.0 {
            return Part.work(rows, COLUMNS) / ms;
        }
    }
}

/// How many removals of each row go, where as many as `count` may and rows compete by what each removal costs. Rows are given as
/// the losses of their removals, in order.
pub fn removed(losses: &[Vec<f64>], count: usize) -> Vec<usize> {
    let mut heads: Vec<(f32, usize)> = Vec::new();
    for (row, losses) in losses.iter().enumerate() {
        heads.extend(losses.iter().map(|&loss| (loss as f32, row)));
    }
    let indexed: Vec<(f32, usize)> = heads.iter().enumerate().map(|(i, (loss, _))| (*loss, i)).collect();
    let mut out = vec![0; losses.len()];
    order::lowest(indexed.into_iter(), count).into_iter().for_each(|i| out[heads[i].1] += 1);
    out
}

/// A layer under way: losses of all rows first, then the weights once it is known how many go from each.
#[derive(Debug)]
struct Surgery {
    facing: Facing,
    damp: f64,
    start: Vec<f64>,
    inverse: Option<SquareMatrix>,
    units: RowUnits,
    removals: Vec<Vec<Removal>>,
    fitting: Option<Box<dyn Solving>>,
}

impl Surgery {
    fn inverse(&self) -> Result<SquareMatrix> {
        let mut gram = self.facing.gram.clone();
        let mean = gram.mean_diagonal();
        gram.add_diagonal(if mean > 0.0 { self.damp * mean } else { 1.0 });
        gram.inverse()
    }

    /// What is kept: whole removals, as many as the allocation cuts.
    fn choose(&self) -> Vec<bool> {
        let columns = self.facing.columns;
        let width = if let RowUnits::Blocks(size) = self.units { size } else { 1 };
        let mut kept = self.facing.alive.clone();
        // Units of which something is alive and nothing would be kept.
        let starts = (0..kept.len()).filter(|i| (i % columns).is_multiple_of(width));
        let units = starts.map(|start| start..(start + width).min(start / columns * columns + columns));
        let cut = units
            .filter(|unit| unit.clone().any(|i| self.facing.alive[i]) && unit.clone().all(|i| !self.facing.kept[i]))
            .count();
        let losses: Vec<Vec<f64>> =
            self.removals.iter().map(|row| row.iter().map(|removal| removal.loss).collect()).collect();
        let counts = match self.units {
            RowUnits::Groups { .. } => losses.iter().map(Vec::len).collect(),
            _ => removed(&losses, cut),
        };
        for (row, (removals, count)) in self.removals.iter().zip(counts).enumerate() {
            for removal in &removals[..count] {
                let end = (removal.column / width * width + width).min(columns);
                (removal.column..end).for_each(|column| kept[row * columns + column] = false);
            }
        }
        kept
    }
}

impl Solving for Surgery {
    fn step(&mut self) -> Result<Option<Solved>> {
        if let Some(fitting) = &mut self.fitting {
            return fitting.step();
        }
        let Some(inverse) = &self.inverse else {
            self.inverse = Some(self.inverse()?);
            return Ok(None);
        };
        let (row, columns) = (self.removals.len(), self.facing.columns);
        if self.start.is_empty() {
            for row in 0..self.facing.rows {
                self.start.extend(match &self.facing.cross {
                    None => self.facing.row(row).to_vec(),
                    Some(_) => {
                        let lambda = self.damp * self.facing.gram.mean_diagonal();
                        let wanted = self.facing.wanted(row);
                        let pulled: Vec<f64> =
                            wanted.iter().zip(self.facing.row(row)).map(|(y, w)| y + lambda * w).collect();
                        (0..columns).map(|i| inverse.row(i).iter().zip(&pulled).map(|(h, y)| h * y).sum()).collect()
                    }
                });
            }
            return Ok(None);
        }
        if row < self.facing.rows {
            let own = row * columns..(row + 1) * columns;
            let alive = &self.facing.alive[own.clone()];
            let mut removals = Removals::new(&self.start[own], inverse, alive, self.units);
            self.removals.push(std::iter::from_fn(|| removals.next_removal()).collect());
            return Ok(None);
        }
        // What is left of a row after its removals is its least squares on what is kept: the same numbers, found at once.
        let kept = self.choose();
        let facing = Facing { kept, ..self.facing.clone() };
        self.fitting = Some(super::least_squares::fit(facing, self.damp));
        Ok(None)
    }
}

impl Solver for Part {
    fn chooses(&self) -> bool {
        true
    }

    fn takes(&self, _: RowUnits) -> bool {
        true
    }

    fn toward(&self, args: &Args) -> Toward {
        toward(args)
    }

    fn work(&self, rows: usize, columns: usize) -> f64 {
        rows as f64 * (columns as f64).powi(3) / 3.0
    }

    fn begin(&self, facing: Facing, args: &Args) -> Result<Box<dyn Solving>> {
        let damp = f64::from(args.float(&DAMP));
        let whole = facing.kept == facing.alive;
        let groups = matches!(facing.units, Some(RowUnits::Groups { m, .. }) if !facing.columns.is_multiple_of(m));
        let Some(units) = facing.units.filter(|_| !whole && !groups) else {
            return Ok(super::least_squares::fit(facing, damp));
        };
        let (start, removals) = (Vec::new(), Vec::new());
        Ok(Box::new(Surgery { facing, damp, start, inverse: None, units, removals, fitting: None }))
    }
}
