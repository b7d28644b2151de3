//! Every form that a layer's weights can be packed in, for kernels to be chosen from.
//!
//! All forms add up the same terms, those over planes of pixels in the same order too: the choice changes how long a layer
//! takes, and its result by rounding at most. A form may come in parts, each with some of the rows, for threads to share;
//! that changes no bit.

use std::ops::Range;

use crate::base::team;
use crate::kernel::block::Blocks;
use crate::kernel::depthwise::Filters;
use crate::kernel::element::Rows;
use crate::kernel::flat::Layout;
use crate::kernel::gemv::Gemv;
use crate::kernel::geometry::Geometry;
use crate::kernel::nm::Groups;
use crate::kernel::store::{Epilogue, Planes};

use super::lower::Weighted;

/// Weights packed for some kernel.
#[derive(Clone, Debug)]
enum Kernel {
    /// By blocks of rows, dense or not.
    Blocks(Blocks),
    /// By rows, dense or not.
    Rows(Rows),
    /// By N:M groups.
    Groups(Groups),
    /// One filter a channel.
    Filters(Filters),
    /// For a vector.
    Gemv(Gemv),
}

impl Kernel {
    fn bytes(&self) -> usize {
        match self {
            Self::Blocks(k) => k.bytes(),
            Self::Rows(k) => k.bytes(),
            Self::Groups(k) => k.bytes(),
            Self::Filters(k) => k.bytes(),
            Self::Gemv(k) => k.bytes(),
        }
    }

    fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Epilogue) {
        match self {
            Self::Blocks(k) => k.run(x, y, to, run, store),
            Self::Rows(k) => k.run(x, y, to, run, store),
            Self::Groups(k) => k.run(x, y, to, run, store),
            Self::Filters(k) => k.run(x, y, to, run, store),
            Self::Gemv(k) => k.run(x, y, store),
        }
    }
}

/// A layer's weights packed for a kernel: whole, or a part for each thread.
#[derive(Clone, Debug, Default)]
pub struct Packed(Vec<(Range<usize>, Kernel)>);

impl Packed {
    /// Bytes of all parts.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(_, kernel)| kernel.bytes()).sum()
    }

    /// Rows of all parts.
    pub fn rows(&self) -> usize {
        self.0.last().map_or(0, |(rows, _)| rows.end)
    }

    /// Threads that share the work.
    pub fn threads(&self) -> usize {
        self.0.len()
    }

    /// Runs on flat planes; a vector is planes of one number.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Epilogue) {
        share(&self.0, y, to.plane, |kernel, rows, y| kernel.run(x, y, to, run, &store.rows(rows, to.plane)));
    }
}

/// Calls `run(kernel, its rows, their part of y)` for the parts of a layer, side by side; a row is a plane of y.
pub fn share<K: Sync, T: Send>(
    parts: &[(Range<usize>, K)],
    y: &mut [T],
    plane: usize,
    run: impl Fn(&K, &Range<usize>, &mut [T]) + Sync,
) {
    if let [(rows, kernel)] = parts {
        return run(kernel, rows, y);
    }
    let mut rest = y;
    let mut items = Vec::with_capacity(parts.len());
    for (i, (rows, kernel)) in parts.iter().enumerate() {
        // The last part takes what lies behind the last plane.
        let end = if i + 1 == parts.len() { rest.len() } else { rows.len() * plane };
        let (y, behind) = rest.split_at_mut(end);
        items.push((rows, kernel, y));
        rest = behind;
    }
    team::each(&mut items, |(rows, kernel, y)| run(kernel, rows, y));
}

/// A packed form with its name and a guess at its work, in multiply-adds worth of time.
#[derive(Debug)]
pub struct Form {
    /// Name of the kernel.
    pub name: &'static str,
    /// The weights.
    pub packed: Packed,
    /// Predicted work.
    pub work: f64,
}

/// Multiply-adds that are worth a thread: it takes about a microsecond to hand them out.
const WORTH: usize = 20_000;

/// What forms are made of.
struct Maker<'a> {
    w: &'a Weighted,
    depth: usize,
    /// Numbers that each weight meets.
    run: usize,
    threads: usize,
}

impl Maker<'_> {
    /// Packs rows, `pack(rows, their weights)`, in as many parts as there is work for; parts begin at multiples of `grain`.
    fn pack(
        &self,
        grain: usize,
        whole: bool,
        pack: impl Fn(&Range<usize>, &[f32]) -> Option<Kernel>,
    ) -> Option<Packed> {
        let rows = self.w.weights.chunks(self.depth.max(1));
        let stored = |row: &[f32]| if whole { row.len() } else { row.iter().filter(|w| **w != 0.0).count() };
        // A row costs something even when nothing of it is left: it is stored.
        let costs: Vec<usize> = rows.map(|row| stored(row) + 2).collect();
        let threads = self.threads.min(1 + costs.iter().sum::<usize>() * self.run / WORTH);
        let parts = shares(&costs, grain, threads).into_iter().map(|rows| {
            let kernel = pack(&rows, &self.w.weights[rows.start * self.depth..rows.end * self.depth])?;
            Some((rows, kernel))
        });
        parts.collect::<Option<Vec<_>>>().map(Packed)
    }

    /// A form with all its weights, or its non-zeros, `each` telling what one costs.
    fn form(
        &self,
        name: &'static str,
        (grain, whole, each): (usize, bool, f64),
        pack: impl Fn(&Range<usize>, &[f32]) -> Kernel,
        stored: impl Fn(&Kernel) -> usize,
    ) -> Form {
        let packed = self.pack(grain, whole, |rows, w| Some(pack(rows, w))).unwrap_or_default();
        let stored: usize = packed.0.iter().map(|(_, kernel)| stored(kernel)).sum();
        Form { name, work: each * (stored * self.run) as f64, packed }
    }
}

/// Splits rows into as many ranges as threads, at most, of about the same cost, beginning at multiples of `grain`.
pub fn shares(costs: &[usize], grain: usize, threads: usize) -> Vec<Range<usize>> {
    let total: usize = costs.iter().sum();
    let (mut ranges, mut start, mut spent) = (Vec::new(), 0, 0);
    for (end, cost) in costs.chunks(grain).enumerate().map(|(i, c)| (costs.len().min((i + 1) * grain), c)) {
        let cost = cost.iter().sum::<usize>();
        spent += cost;
        // Closes the range where its end is nearest to its share of the whole.
        let due = total * (ranges.len() + 1) / threads.max(1);
        if end == costs.len() || spent + cost / 2 >= due && ranges.len() + 1 < threads {
            ranges.push(start..end);
            start = end;
        }
    }
    ranges
}

/// Whether any weight is zero: otherwise sparse forms are the dense ones again.
fn sparse(w: &Weighted) -> bool {
    w.weights.contains(&0.0)
}

/// All forms of a convolution whose input lies in a layout, dense ones first.
pub fn convolution(w: &Weighted, v: &Geometry, l: &Layout, threads: usize) -> Vec<Form> {
    let maker = Maker { w, depth: v.depth(), run: l.run(), threads };
    let offsets: Vec<Vec<u32>> = (0..v.groups).map(|g| v.offsets(l, g)).collect();
    let stored = |kernel: &Kernel| match kernel {
        Kernel::Blocks(k) => k.stored(),
        Kernel::Rows(k) => k.stored(),
        Kernel::Groups(k) => k.stored(),
        Kernel::Filters(k) => k.weights.len(),
        Kernel::Gemv(_) => 0,
    };
    let sparse = sparse(w);
    let kept = w.weights.iter().filter(|w| **w != 0.0).count() / v.o.max(1);
    let panel = |whole: bool| v.panel(l, if whole { v.depth() } else { kept });
    let mut forms = Vec::new();
    if v.groups == 1 {
        let mut blocks = |name, height, skip, each| {
            let pack = |rows: &Range<usize>, w: &[f32]| {
                Kernel::Blocks(Blocks::pack(w, rows.len(), &offsets[0], height, skip, panel(!skip)))
            };
            forms.push(maker.form(name, (height, !skip, each), pack, stored));
        };
        blocks("dense 6x1", 6, false, 0.7);
        blocks("dense 4x1", 4, false, 0.75);
        blocks("dense 2x1", 2, false, 0.85);
        if sparse {
            blocks("block 4x1", 4, true, 0.8);
            blocks("block 2x1", 2, true, 0.9);
        }
    }
    if v.groups == v.c && v.groups == v.o {
        let pack = |rows: &Range<usize>, w: &[f32]| {
            let first = (rows.start * l.plane) as u32;
            let offsets = offsets[0].iter().map(|offset| offset + first).collect();
            Kernel::Filters(Filters { offsets, plane: l.plane, weights: w.to_vec() })
        };
        forms.push(maker.form("depthwise", (1, true, 0.9), pack, stored));
    }
    let rows = |whole: bool| {
        let (offsets, group) = (&offsets, v.o / v.groups);
        move |rows: &Range<usize>, w: &[f32]| {
            let each = w.chunks(v.depth()).zip(rows.clone());
            Kernel::Rows(Rows::pack(each.map(|(w, o)| (w, &offsets[o / group])), whole, panel(whole)))
        }
    };
    forms.push(maker.form("dense 1x1", (1, true, 1.0), rows(true), stored));
    if sparse {
        forms.push(maker.form("element", (1, false, 1.0), rows(false), stored));
    }
    if let (Some((n, m)), 1) = (w.rule, v.groups) {
        forms.extend(groups(&maker, v, &offsets[0], n, m));
    }
    forms
}

/// The N:M form: groups run along the input channels of one tap, so taps are sorted by position first.
fn groups(maker: &Maker, v: &Geometry, offsets: &[u32], n: usize, m: usize) -> Option<Form> {
    let (taps, depth) = (v.taps(), v.depth());
    let order: Vec<usize> = (0..depth).map(|i| i % v.c * taps + i / v.c).collect();
    let offsets: Vec<u32> = order.iter().map(|&i| offsets[i]).collect();
    if !v.c.is_multiple_of(m) {
        return None;
    }
    let packed = maker.pack(1, false, |rows, w| {
        let weights: Vec<f32> = w.chunks(depth).flat_map(|row| order.iter().map(|&i| row[i])).collect();
        Groups::pack(&weights, rows.len(), &offsets, n, m).map(Kernel::Groups)
    })?;
    let work = 1.05 * (v.o * depth / m * n * maker.run) as f64;
    Some(Form { name: "n:m", packed, work })
}

/// All forms of a linear layer over a batch: a 1x1 convolution whose pixels are the examples.
pub fn linear(w: &Weighted, l: &Layout, threads: usize) -> Vec<Form> {
    let outputs = w.bias.len();
    convolution(w, &Geometry::linear(l.n, w.weights.len() / outputs.max(1), outputs), l, threads)
}

/// All forms of a linear layer for one example.
pub fn vector(w: &Weighted, threads: usize) -> Vec<Form> {
    let inputs = w.weights.len() / w.bias.len().max(1);
    let maker = Maker { w, depth: inputs, run: 1, threads };
    let bytes = |kernel: &Kernel| kernel.bytes();
    type Pack = fn(&[f32], usize, usize) -> Gemv;
    let form =
        |name, how, pack: Pack| maker.form(name, how, |rows, w| Kernel::Gemv(pack(w, rows.len(), inputs)), bytes);
    let mut forms = vec![form("dense", (8, true, 1.0), Gemv::dense)];
    if sparse(w) {
        forms.push(form("element", (1, false, 1.5), |w, _, inputs| Gemv::element(w, inputs)));
        forms.push(form("block 8x1", (8, false, 1.1), Gemv::block));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_rows_once_and_weigh_alike() {
        let costs: Vec<usize> = (0..50).map(|i| 3 + i * 7 % 11).collect();
        for (threads, grain) in [(1, 1), (2, 1), (3, 4), (4, 8), (7, 2), (64, 1), (200, 8)] {
            let ranges = shares(&costs, grain, threads);
            assert!(ranges.len() <= threads && ranges[0].start == 0 && ranges[ranges.len() - 1].end == 50);
            assert!(ranges.windows(2).all(|w| w[0].end == w[1].start && w[1].start.is_multiple_of(grain)));
            assert!(ranges.iter().all(|r| !r.is_empty()));
            let most = ranges.iter().map(|r| costs[r.clone()].iter().sum::<usize>()).max().unwrap_or(0);
            let fair = costs.iter().sum::<usize>() / threads;
            assert!(most <= fair + 13 * grain, "{threads} threads, rows by {grain}: {most} for {fair}");
        }
        assert!(matches!(shares(&[1], 8, 4).as_slice(), [Range { start: 0, end: 1 }]));
    }
}
