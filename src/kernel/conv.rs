//! Dense convolution for training, forward and both gradients, on the flat layout of [`super::flat`].
//!
//! x [N, C, H, W], w [O, C/groups, kh, kw], y [N, O, OH, OW].

use std::cell::RefCell;

use super::block::Blocks;
use super::element::Rows;
use super::flat::{self, Layout};
use super::simd::{Lane, Work, widest};
use super::store::{Planes, Store};

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Images in the batch.
    pub n: usize,
    /// Input channels.
    pub c: usize,
    /// Input rows and columns.
    pub size: [usize; 2],
    /// Output channels.
    pub o: usize,
    /// Kernel rows and columns.
    pub kernel: [usize; 2],
    /// Step between outputs.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub pad: [usize; 2],
    /// Step between taps.
    pub dilation: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Conv {
    /// Output rows and columns; zero where the kernel does not fit.
    pub fn out(&self) -> [usize; 2] {
        std::array::from_fn(|a| {
            let reach = self.dilation[a] * (self.kernel[a] - 1) + 1;
            (self.size[a] + 2 * self.pad[a] + 1).saturating_sub(reach).div_ceil(self.stride[a])
        })
    }

    /// Taps of a filter: kernel rows times columns.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Weights of a filter.
    pub fn depth(&self) -> usize {
        self.c / self.groups * self.taps()
    }

    /// Output pixels of a channel.
    pub fn pixels(&self) -> usize {
        self.out()[0] * self.out()[1]
    }

    /// Channels of a group: inputs and outputs.
    fn group(&self) -> (usize, usize) {
        (self.c / self.groups, self.o / self.groups)
    }

    /// Taps (c, ky, kx) of group g, in the order of the weights.
    fn each_tap(&self, g: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let (cg, [kh, kw]) = (self.group().0, self.kernel);
        (0..cg * kh * kw).map(move |t| (g * cg + t / (kh * kw), t / kw % kh, t % kw))
    }

    /// Where the taps of group g lie.
    pub fn offsets(&self, l: &Layout, g: usize) -> Vec<u32> {
        self.each_tap(g).map(|(c, ky, kx)| flat::offset(self, l, c, ky, kx) as u32).collect()
    }
}

/// Numbers of input and output that are worked on at once: they should stay in the second cache.
const SHARE: usize = 160 * 1024;

/// Cuts a batch into parts that fit the cache, as (part, first input number, first output number).
fn parts(v: &Conv) -> impl Iterator<Item = (Conv, usize, usize)> + use<> {
    let v = *v;
    let (ins, outs) = (v.c * v.size[0] * v.size[1], v.o * v.pixels());
    let each = (SHARE / (ins + outs)).clamp(1, v.n.max(1));
    (0..v.n).step_by(each).map(move |i| (Conv { n: each.min(v.n - i), ..v }, i * ins, i * outs))
}

thread_local! {
    static SCRATCH: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Runs `f` with two zeroed buffers that are kept from call to call.
fn scratch(sizes: [usize; 2], f: impl FnOnce(&mut [f32], &mut [f32])) {
    let [mut a, mut b] = SCRATCH.with(RefCell::take);
    for (buffer, size) in [&mut a, &mut b].into_iter().zip(sizes) {
        buffer.clear();
        buffer.resize(size, 0.0);
    }
    f(&mut a, &mut b);
    SCRATCH.with(|scratch| scratch.replace([a, b]));
}

/// The layout of outputs: that of the input, without zeros around.
fn output(v: &Conv, l: &Layout) -> Layout {
    Layout::new(v.n, l.pitch, l.rows, 0, 0)
}

/// y = w * x, without bias. y [N, O, OH, OW] is overwritten.
pub fn forward(v: &Conv, x: &[f32], w: &[f32], y: &mut [f32]) {
    parts(v).for_each(|(part, ins, outs)| forward_part(&part, &x[ins..], w, &mut y[outs..]));
}

fn forward_part(v: &Conv, x: &[f32], w: &[f32], y: &mut [f32]) {
    let l = flat::layout(v);
    let out = output(v, &l);
    let [oh, ow] = v.out();
    scratch([flat::size(flat::planes(v), &l), flat::size(v.o, &out)], |xs, ys| {
        flat::split(x, [v.c, v.size[0], v.size[1]], v.stride, &l, xs);
        let (_, og) = v.group();
        if og == 1 {
            let mut rows = Rows::new();
            (0..v.o).for_each(|o| rows.push(&w[o * v.depth()..(o + 1) * v.depth()], &v.offsets(&l, o), true));
            rows.run(xs, ys, Planes { lead: 0, plane: out.plane }, out.run(), &Store::PLAIN);
            return flat::join(ys, [v.o, oh, ow], [1, 1], &out, y);
        }
        for g in 0..v.groups {
            let weights = &w[g * og * v.depth()..(g + 1) * og * v.depth()];
            let to = Planes { lead: g * og * out.plane, plane: out.plane };
            Blocks::pack(weights, og, &v.offsets(&l, g), 4, false).run(xs, ys, to, out.run(), &Store::PLAIN);
        }
        flat::join(ys, [v.o, oh, ow], [1, 1], &out, y);
    });
}

/// dx = the gradient of the input from `dy`, overwritten: for each phase of the stride a convolution of dy with its taps.
pub fn backward_input(v: &Conv, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    parts(v).for_each(|(part, ins, outs)| backward_input_part(&part, w, &dy[outs..], &mut dx[ins..]));
}

fn backward_input_part(v: &Conv, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let l = flat::layout(v);
    let (cg, og) = v.group();
    // dy is read at minus the taps' shifts, so the zeros around it are those of x mirrored.
    let reach = l.plane - l.run();
    let ins = Layout::new(v.n, l.pitch, l.rows, reach, reach);
    let out = output(v, &l);
    let [oh, ow] = v.out();
    scratch([flat::size(v.o, &ins), flat::size(flat::planes(v), &out)], |dys, dxs| {
        flat::split(dy, [v.o, oh, ow], [1, 1], &ins, dys);
        for (g, phase) in (0..v.groups).flat_map(|g| (0..v.stride[0] * v.stride[1]).map(move |p| (g, p))) {
            // Taps of the first channel of the group that fall into this phase, as (tap, shift).
            let plane = (phase * v.c + g * cg) * l.plane;
            let taps: Vec<(usize, isize)> = (0..v.taps())
                .filter_map(|t| {
                    let at = flat::offset(v, &l, g * cg, t / v.kernel[1], t % v.kernel[1]) as isize;
                    let shift = at - (plane + l.lead) as isize;
                    (in_phase(v, phase, t)).then_some((t, shift))
                })
                .collect();
            let mut offsets = Vec::with_capacity(og * taps.len());
            let mut weights = vec![0.0; cg * og * taps.len()];
            for o in 0..og {
                for (i, &(t, shift)) in taps.iter().enumerate() {
                    offsets.push((((g * og + o) * ins.plane + ins.lead) as isize - shift) as u32);
                    for c in 0..cg {
                        weights[(c * og + o) * taps.len() + i] = w[((g * og + o) * cg + c) * v.taps() + t];
                    }
                }
            }
            let to = Planes { lead: (phase * v.c + g * cg) * out.plane, plane: out.plane };
            if cg == 1 {
                let mut row = Rows::new();
                row.push(&weights, &offsets, true);
                row.run(dys, dxs, to, out.run(), &Store::PLAIN);
            } else {
                Blocks::pack(&weights, cg, &offsets, 4, false).run(dys, dxs, to, out.run(), &Store::PLAIN);
            }
        }
        flat::join(dxs, [v.c, v.size[0], v.size[1]], v.stride, &out, dx);
    });
}

/// Whether tap t reads phase `phase` of the input.
fn in_phase(v: &Conv, phase: usize, t: usize) -> bool {
    let of = |axis: usize, k: usize| {
        ((k * v.dilation[axis]) as isize - v.pad[axis] as isize).rem_euclid(v.stride[axis] as isize) as usize
    };
    of(0, t / v.kernel[1]) * v.stride[1] + of(1, t % v.kernel[1]) == phase
}

/// dw = the gradient of the weights from `dy`, overwritten: inner products of runs.
pub fn backward_weight(v: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    dw.fill(0.0);
    parts(v).for_each(|(part, ins, outs)| backward_weight_part(&part, &x[ins..], &dy[outs..], dw));
}

fn backward_weight_part(v: &Conv, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let l = flat::layout(v);
    let out = output(v, &l);
    let ([oh, ow], (_, og)) = (v.out(), v.group());
    scratch([flat::size(flat::planes(v), &l), flat::size(v.o, &out)], |xs, dys| {
        flat::split(x, [v.c, v.size[0], v.size[1]], v.stride, &l, xs);
        flat::split(dy, [v.o, oh, ow], [1, 1], &out, dys);
        for g in 0..v.groups {
            let offsets = v.offsets(&l, g);
            let dys = &dys[g * og * out.plane..];
            let dw = &mut dw[g * og * v.depth()..(g + 1) * og * v.depth()];
            widest(Inner { xs, dys, plane: out.plane, run: out.run(), offsets: &offsets, rows: og, dw });
        }
    });
}

/// dw[o, t] += Σ dy[o, p] x[offset(t) + p].
struct Inner<'a> {
    xs: &'a [f32],
    dys: &'a [f32],
    plane: usize,
    run: usize,
    offsets: &'a [u32],
    rows: usize,
    dw: &'a mut [f32],
}

/// Terms that are summed in f32 before they go to dw.
const CHUNK: usize = 256;
/// Lanes of a sum, on every target: it fixes the order of the terms and with it the bits.
const LANES: usize = 8;

impl Work for Inner<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lane>(mut self) {
        let reach = self.run.next_multiple_of(LANES);
        assert!(self.offsets.iter().all(|&o| o as usize + reach <= self.xs.len()));
        assert!(
            self.dys.len() >= (self.rows - 1) * self.plane + reach && self.dw.len() >= self.rows * self.offsets.len()
        );
        for p in (0..reach).step_by(CHUNK) {
            let len = CHUNK.min(reach - p);
            // SAFETY: rows, taps and p + len were checked above.
            unsafe {
                match (self.rows, L::N == LANES) {
                    (1, true) => self.chunk::<L, 1, 1, 4>(p, len),
                    (1, false) => self.chunk::<L, 2, 1, 4>(p, len),
                    (_, true) => self.chunk::<L, 1, 4, 2>(p, len),
                    (_, false) => self.chunk::<L, 2, 4, 2>(p, len),
                }
            }
        }
    }
}

impl Inner<'_> {
    /// All products over `len` pixels from p on, R rows by T taps at a time.
    ///
    /// # Safety
    /// Every run reaches to p + len, rounded up to eight.
    #[inline(always)]
    unsafe fn chunk<L: Lane, const S: usize, const R: usize, const T: usize>(&mut self, p: usize, len: usize) {
        let taps = self.offsets.len();
        for o in (0..self.rows).step_by(R) {
            for t in (0..taps).step_by(T) {
                // Past the end the last row or tap is computed again and dropped.
                let dy = std::array::from_fn(|r| (o + r).min(self.rows - 1) * self.plane + p);
                let x = std::array::from_fn(|i| self.offsets[(t + i).min(taps - 1)] as usize + p);
                // SAFETY: promised by the caller.
                let sums = unsafe { products::<L, S, R, T>(self.dys.as_ptr(), dy, self.xs.as_ptr(), x, len) };
                for r in 0..R.min(self.rows - o) {
                    for i in 0..T.min(taps - t) {
                        self.dw[(o + r) * taps + t + i] += sums[r][i];
                    }
                }
            }
        }
    }
}

/// Inner products of R runs with T, eight lanes each (S lanes of L make eight).
///
/// # Safety
/// All runs are readable for `len` numbers, rounded up to eight.
#[inline(always)]
unsafe fn products<L: Lane, const S: usize, const R: usize, const T: usize>(
    dys: *const f32,
    dy: [usize; R],
    xs: *const f32,
    x: [usize; T],
    len: usize,
) -> [[f32; T]; R] {
    let mut acc = [[[L::splat(0.0); S]; T]; R];
    // SAFETY: promised by the caller.
    unsafe {
        let (dy, x) = (dy.map(|at| dys.add(at)), x.map(|at| xs.add(at)));
        for p in (0..len).step_by(LANES) {
            let lanes: [[L; S]; T] = std::array::from_fn(|i| std::array::from_fn(|s| L::load(x[i].add(p + s * L::N))));
            for (acc, dy) in acc.iter_mut().zip(dy) {
                for s in 0..S {
                    let g = L::load(dy.add(p + s * L::N));
                    for i in 0..T {
                        acc[i][s] = acc[i][s].fma(g, lanes[i][s]);
                    }
                }
            }
        }
        acc.map(|row| {
            row.map(|sum| {
                let mut lanes = [0.0; LANES];
                for (s, part) in sum.into_iter().enumerate() {
                    part.store(lanes.as_mut_ptr().add(s * L::N));
                }
                lanes.iter().sum()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::kernel::naive;

    fn cases() -> Vec<Conv> {
        let base = Conv {
            n: 2,
            c: 4,
            size: [7, 6],
            o: 6,
            kernel: [3, 3],
            stride: [1, 1],
            pad: [1, 1],
            dilation: [1, 1],
            groups: 1,
        };
        vec![
            base,
            Conv { kernel: [1, 1], pad: [0, 0], ..base },
            Conv { stride: [2, 2], ..base },
            Conv { stride: [2, 2], kernel: [1, 1], pad: [0, 0], ..base },
            Conv { stride: [3, 2], pad: [0, 0], ..base },
            Conv { kernel: [5, 3], stride: [2, 1], pad: [2, 0], ..base },
            Conv { dilation: [2, 1], pad: [2, 1], ..base },
            Conv { kernel: [5, 5], pad: [0, 0], ..base },
            Conv { groups: 2, ..base },
            Conv { groups: 4, o: 4, ..base },
            Conv { groups: 4, o: 8, stride: [2, 2], ..base },
            Conv { kernel: [1, 1], pad: [1, 1], ..base },
            Conv { n: 1, c: 1, size: [1, 1], ..base },
            Conv { n: 9, c: 3, size: [28, 28], o: 5, ..base },
        ]
    }

    fn close(what: &str, v: &Conv, got: &[f32], want: &[f32]) {
        let top = want.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() < 2e-5 * top, "{what} of {v:?}: {g} is not {w}");
        }
    }

    #[test]
    fn equals_the_naive_convolution() {
        let mut rng = Rng::new(2);
        for v in cases() {
            let mut draw = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<f32>>();
            let (x, w) = (draw(v.n * v.c * v.size[0] * v.size[1]), draw(v.o * v.depth()));
            let dy = draw(v.n * v.o * v.pixels());
            let mut y = vec![0.0; dy.len()];
            forward(&v, &x, &w, &mut y);
            close("forward", &v, &y, &naive::conv(&v, &x, &w));
            let (want_dx, want_dw) = naive::conv_backward(&v, &x, &w, &dy);
            let (mut dx, mut dw) = (vec![1.0; x.len()], vec![1.0; w.len()]);
            backward_input(&v, &w, &dy, &mut dx);
            backward_weight(&v, &x, &dy, &mut dw);
            close("input gradient", &v, &dx, &want_dx);
            close("weight gradient", &v, &dw, &want_dw);
        }
    }
}
