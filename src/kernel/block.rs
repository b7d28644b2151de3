//! Blocks of R output rows that share their taps: R = 6, 4 or 2. With every tap present this is the dense kernel.
//!
//! For a tile of R rows by V lanes of pixels, each tap costs V loads and R splats for R V multiply-adds: what is loaded is
//! used R times. Rows are blocked along the output channels; within a block all rows have the same taps (zeros filled in).
//! Six rows by two lanes are twelve sums, which with what they are made of just fit the registers: enough to start two
//! multiply-adds a cycle though each takes four.

use super::flat::SLACK;
use super::simd::{self, Lane, Work};
use super::store::{Epilogue, Planes};

/// A weight matrix in blocks of `height` rows: for each block its taps, for each tap an offset and `height` weights.
///
/// Columns are cut into panels whose inputs the first cache holds; sums wait in y from one panel to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    rows: usize,
    /// Rows of a block: 2, 4 or 6. The last block may be lower.
    height: usize,
    /// Panel by panel, every block once.
    spans: Vec<Span>,
    /// By tap: position of pixel 0 in x. Dense blocks share theirs.
    offsets: Vec<u32>,
    /// By tap: weights of the block's rows.
    weights: Vec<f32>,
    /// The furthest offset: what a run must check, once and not tap by tap.
    furthest: u32,
}

/// The taps of a block within a panel: how many, and where their offsets and weights begin.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    taps: u32,
    offset: u32,
    weight: u32,
}

/// Rows that the kernel works on for a block with so many.
fn tall(rows: usize) -> usize {
    rows.next_multiple_of(2).min(6)
}

impl Blocks {
    /// Packs w [rows, taps] with the taps' offsets in panels of some columns, leaving out blocks in which every weight is
    /// zero (or none at all).
    pub fn pack(w: &[f32], rows: usize, offsets: &[u32], height: usize, skip_zeros: bool, panel: usize) -> Self {
        let depth = offsets.len();
        let mut out = Self { rows, height, spans: vec![], offsets: vec![], weights: vec![], furthest: 0 };
        for first in (0..depth.max(1)).step_by(panel.max(1)) {
            let columns = first..depth.min(first.saturating_add(panel));
            let shared = out.offsets.len();
            if !skip_zeros {
                out.offsets.extend(&offsets[columns.clone()]);
            }
            for top in (0..rows).step_by(height) {
                let inside = top..rows.min(top + height);
                let column = |r: usize, t: usize| if r < inside.end { w[r * depth + t] } else { 0.0 };
                let (offset, weight) = (if skip_zeros { out.offsets.len() } else { shared }, out.weights.len());
                let mut taps = 0;
                for t in columns.clone() {
                    if skip_zeros && inside.clone().all(|r| w[r * depth + t] == 0.0) {
                        continue;
                    }
                    if skip_zeros {
                        out.offsets.push(offsets[t]);
                    }
                    out.weights.extend((top..top + tall(inside.len())).map(|r| column(r, t)));
                    taps += 1;
                }
                out.spans.push(Span { taps, offset: offset as u32, weight: weight as u32 });
            }
        }
        out.furthest = out.offsets.iter().copied().max().unwrap_or(0);
        out
    }

    /// Packs some rows and columns of a matrix that lies column by column, [taps, outputs], densely: quick enough to be done anew for
    /// each image. `offsets` are those of the chosen columns.
    pub fn choose(w: &[f32], outputs: usize, rows: &[usize], columns: &[usize], offsets: &[u32], panel: usize) -> Self {
        const HEIGHT: usize = 6;
        let mut out = Self {
            rows: rows.len(),
            height: HEIGHT,
            spans: vec![],
            offsets: offsets.to_vec(),
            weights: vec![],
            furthest: 0,
        };
        out.weights.reserve(columns.len() * rows.len().next_multiple_of(2));
        let panel = panel.max(1);
        for (first, columns) in columns.chunks(panel).enumerate() {
            for rows in rows.chunks(HEIGHT) {
                let span = Span {
                    taps: columns.len() as u32,
                    offset: (first * panel) as u32,
                    weight: out.weights.len() as u32,
                };
                out.spans.push(span);
                match *rows {
                    // The usual case on its own: as many reads as can be told beforehand.
                    [a, b, c, d, e, f] => out.weights.extend(columns.iter().flat_map(|&t| {
                        let column = &w[t * outputs..(t + 1) * outputs];
                        [column[a], column[b], column[c], column[d], column[e], column[f]]
                    })),
                    _ => out.weights.extend(columns.iter().flat_map(|&t| {
                        let column = &w[t * outputs..(t + 1) * outputs];
                        (0..tall(rows.len())).map(move |r| rows.get(r).map_or(0.0, |&row| column[row]))
                    })),
                }
            }
        }
        if columns.is_empty() {
            out.spans = rows.chunks(HEIGHT).map(|_| Span { taps: 0, offset: 0, weight: 0 }).collect();
        }
        out.furthest = offsets.iter().copied().max().unwrap_or(0);
        out
    }

    /// Number of weights that are stored, zeros that fill blocks up among them.
    pub fn stored(&self) -> usize {
        self.weights.len()
    }

    /// Bytes of the packed form.
    pub fn bytes(&self) -> usize {
        4 * (3 * self.spans.len() + self.offsets.len() + self.weights.len())
    }

    /// y[o, p] = store(Σ w x[offset + p]) for p in 0..run.
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Epilogue) {
        let end = self.furthest as usize + run.next_multiple_of(SLACK);
        assert!(self.offsets.is_empty() || end <= x.len(), "taps reach past the end of x");
        store.check(self.rows, &to, y, run);
        simd::run(Job { blocks: self, x, y, to, run, store }, store.rounding);
    }
}

struct Job<'a> {
    blocks: &'a Blocks,
    x: &'a [f32],
    y: &'a mut [f32],
    to: Planes,
    run: usize,
    store: &'a Epilogue<'a>,
}

/// Pixels that all blocks pass over before the next: a block's weights are read once for them.
const CHUNK: usize = 96;

/// Where a tile is, and which part of its sums it adds.
#[derive(Clone, Copy)]
struct Tile {
    span: Span,
    /// First row.
    top: usize,
    /// First pixel.
    p: usize,
    /// Whether sums begin and end with this panel.
    ends: [bool; 2],
}

impl Work for Job<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let blocks = self.blocks.rows.div_ceil(self.blocks.height).max(1);
        let panels = self.blocks.spans.len().div_ceil(blocks);
        for first in (0..self.run).step_by(CHUNK) {
            let end = (first + CHUNK).min(self.run);
            for (i, spans) in self.blocks.spans.chunks(blocks).enumerate() {
                for (block, &span) in spans.iter().enumerate() {
                    let top = block * self.blocks.height;
                    let tile = Tile { span, top, p: first, ends: [i == 0, i + 1 == panels] };
                    // SAFETY: `Blocks::run` checked offsets, y, residual and mask up to the last tile.
                    unsafe {
                        match tall(self.blocks.height.min(self.blocks.rows - top)) {
                            2 => self.tiles::<L, 2, 4>(tile, end),
                            4 => self.tiles::<L, 4, 2>(tile, end),
                            _ => self.tiles::<L, 6, 2>(tile, end),
                        }
                    }
                }
            }
        }
    }
}

impl Job<'_> {
    /// Tiles from the first to the end of a chunk.
    ///
    /// # Safety
    /// Offsets, y, residual and mask reach to the last tile.
    #[inline(always)]
    unsafe fn tiles<L: Lane, const R: usize, const V: usize>(&mut self, mut tile: Tile, end: usize) {
        while tile.p < end {
            // SAFETY: see above; p stays below the run.
            unsafe {
                if end - tile.p > (V - 1) * L::N {
                    self.tile::<L, R, V>(tile);
                    tile.p += V * L::N;
                } else {
                    self.tile::<L, R, 1>(tile);
                    tile.p += L::N;
                }
            }
        }
    }

    /// # Safety
    /// As for `tiles`.
    #[inline(always)]
    unsafe fn tile<L: Lane, const R: usize, const V: usize>(&mut self, Tile { span, top, p, ends }: Tile) {
        let y = self.y.as_mut_ptr();
        let rows = self.blocks.rows;
        let at = |r: usize| self.to.lead + (top + r) * self.to.plane + p;
        // SAFETY: taps are in range by construction; reads of x and y were checked, rows past the last are not touched.
        unsafe {
            let mut acc: [[L; V]; R] = std::array::from_fn(|r| match ends[0] {
                false if top + r < rows => std::array::from_fn(|v| L::load(y.add(at(r) + v * L::N))),
                _ => [L::splat(self.store.start(top + r)); V],
            });
            let x = self.x.as_ptr().add(p);
            let offsets = self.blocks.offsets.as_ptr().add(span.offset as usize);
            let weights = self.blocks.weights.as_ptr().add(span.weight as usize);
            for t in 0..span.taps as usize {
                let x = x.add(*offsets.add(t) as usize);
                let lanes: [L; V] = std::array::from_fn(|v| L::load(x.add(v * L::N)));
                for (r, acc) in acc.iter_mut().enumerate() {
                    let w = L::splat(*weights.add(t * R + r));
                    for (acc, x) in acc.iter_mut().zip(lanes) {
                        *acc = acc.fma(w, x);
                    }
                }
            }
            for (r, acc) in acc.into_iter().enumerate().take(rows - top) {
                if ends[1] {
                    self.store.put(acc, y, at(r), p);
                } else {
                    acc.into_iter().enumerate().for_each(|(v, sum)| sum.store(y.add(at(r) + v * L::N)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chosen rows and columns are packed as a matrix of these alone would be.
    #[test]
    fn what_is_chosen_is_packed_as_if_nothing_else_were_there() {
        let (outputs, depth) = (11, 9);
        let w: Vec<f32> = (0..outputs * depth).map(|i| i as f32 + 1.0).collect();
        let all: [&[usize]; 5] =
            [&[], &[4], &[0, 1, 2, 5, 7, 10], &[1, 3, 4, 6, 7, 8, 9], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]];
        for (rows, columns, panel) in
            all.iter().flat_map(|rows| [(rows, 9, 4), (rows, 9, 9), (rows, 5, 2), (rows, 0, 3)])
        {
            let columns: Vec<usize> = (0..columns).map(|i| (2 * i) % depth).collect();
            let offsets: Vec<u32> = columns.iter().map(|&t| 100 + t as u32).collect();
            let small: Vec<f32> =
                rows.iter().flat_map(|&r| columns.iter().map(move |&t| (t * outputs + r) as f32 + 1.0)).collect();
            let got = Blocks::choose(&w, outputs, rows, &columns, &offsets, panel);
            assert_eq!(got, Blocks::pack(&small, rows.len(), &offsets, 6, false, panel), "{rows:?} by {columns:?}");
        }
    }
}
