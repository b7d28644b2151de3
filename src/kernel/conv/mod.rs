//! Convolution for training, forward and both gradients, on the flat layout of [`super::flat`].
//!
//! x [N, C, H, W], w [O, C/groups, kh, kw], y [N, O, OH, OW]. Weights that are zero are skipped once they are many: what is
//! left is summed in the same order, so the bits are those of the dense kernel.

mod gradient;
mod inner;

use std::cell::RefCell;

use super::block::Blocks;
use super::element::Rows;
use super::flat::{self, Layout};
use super::geometry::Geometry;
use super::store::{Epilogue, Planes};

pub use gradient::{backward_input, backward_weight};

/// Numbers of input and output that are worked on at once: they should stay in the second cache.
const SHARE: usize = 160 * 1024;

/// Cuts a batch into parts that fit the cache, as (part, first input number, first output number).
fn parts(v: &Geometry) -> impl Iterator<Item = (Geometry, usize, usize)> + use<> {
    let v = *v;
    let (ins, outs) = (v.c * v.size[0] * v.size[1], v.o * v.pixels());
    let each = (SHARE / (ins + outs)).clamp(1, v.n.max(1));
    (0..v.n).step_by(each).map(move |i| (Geometry { n: each.min(v.n - i), ..v }, i * ins, i * outs))
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
fn output(v: &Geometry, l: &Layout) -> Layout {
    Layout::new(v.n, l.pitch, l.rows, 0, 0)
}

/// y = w * x, without bias. y [N, O, OH, OW] is overwritten.
pub fn forward(v: &Geometry, x: &[f32], w: &[f32], y: &mut [f32]) {
    parts(v).for_each(|(part, ins, outs)| forward_part(&part, &x[ins..], w, &mut y[outs..]));
}

fn forward_part(v: &Geometry, x: &[f32], w: &[f32], y: &mut [f32]) {
    let l = v.layout();
    let out = output(v, &l);
    let [oh, ow] = v.out();
    scratch([flat::size(v.planes(), &l), flat::size(v.o, &out)], |xs, ys| {
        flat::split(x, [v.c, v.size[0], v.size[1]], v.stride, &l, xs);
        let (_, og) = v.group();
        if og == 1 {
            let rows = w.chunks(v.depth()).enumerate().map(|(o, w)| (w, v.offsets(&l, o)));
            let rows = Rows::pack(rows, true, usize::MAX);
            rows.run(xs, ys, Planes { lead: 0, plane: out.plane }, out.run(), &Epilogue::PLAIN);
            return flat::join(ys, [v.o, oh, ow], [1, 1], &out, y);
        }
        for g in 0..v.groups {
            let weights = &w[g * og * v.depth()..(g + 1) * og * v.depth()];
            let to = Planes { lead: g * og * out.plane, plane: out.plane };
            multiply(weights, &v.offsets(&l, g), xs, ys, to, out.run());
        }
        flat::join(ys, [v.o, oh, ow], [1, 1], &out, y);
    });
}

/// With fewer weights than this share, those that are not zero are walked one by one.
const SPARSE: f64 = 0.6;

/// y[r, p] = Σ w[r, t] x[offset(t) + p] for weights [rows, taps].
fn multiply(w: &[f32], offsets: &[u32], x: &[f32], y: &mut [f32], to: Planes, run: usize) {
    let rows = w.len() / offsets.len().max(1);
    let left = w.iter().filter(|w| **w != 0.0).count();
    if rows > 1 && left as f64 >= SPARSE * w.len() as f64 {
        return Blocks::pack(w, rows, offsets, 4, false, usize::MAX).run(x, y, to, run, &Epilogue::PLAIN);
    }
    let packed = Rows::pack(w.chunks(offsets.len().max(1)).map(|w| (w, offsets)), rows == 1, usize::MAX);
    packed.run(x, y, to, run, &Epilogue::PLAIN);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::kernel::naive;

    fn cases() -> Vec<Geometry> {
        let base = Geometry {
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
            Geometry { kernel: [1, 1], pad: [0, 0], ..base },
            Geometry { stride: [2, 2], ..base },
            Geometry { stride: [2, 2], kernel: [1, 1], pad: [0, 0], ..base },
            Geometry { stride: [3, 2], pad: [0, 0], ..base },
            Geometry { kernel: [5, 3], stride: [2, 1], pad: [2, 0], ..base },
            Geometry { dilation: [2, 1], pad: [2, 1], ..base },
            Geometry { kernel: [5, 5], pad: [0, 0], ..base },
            Geometry { groups: 2, ..base },
            Geometry { groups: 4, o: 4, ..base },
            Geometry { groups: 4, o: 8, stride: [2, 2], ..base },
            Geometry { kernel: [1, 1], pad: [1, 1], ..base },
            Geometry { n: 1, c: 1, size: [1, 1], ..base },
            Geometry { n: 9, c: 3, size: [28, 28], o: 5, ..base },
        ]
    }

    fn close(what: &str, v: &Geometry, got: &[f32], want: &[f32]) {
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
            backward_weight(&v, &x, &dy, &mut dw, None);
            close("input gradient", &v, &dx, &want_dx);
            close("weight gradient", &v, &dw, &want_dw);
        }
    }

    #[test]
    fn skipping_zeros_changes_no_bit() {
        let mut rng = Rng::new(3);
        for v in cases() {
            let mut draw = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<f32>>();
            let (x, mut w) = (draw(v.n * v.c * v.size[0] * v.size[1]), draw(v.o * v.depth()));
            let dy = draw(v.n * v.o * v.pixels());
            let mask: Vec<u8> = (0..w.len()).map(|i| u8::from(i % 7 == 0)).collect();
            let (mut all, mut some) = (vec![0.0; w.len()], vec![0.0; w.len()]);
            backward_weight(&v, &x, &dy, &mut all, None);
            backward_weight(&v, &x, &dy, &mut some, Some(&mask));
            for ((all, some), m) in all.iter().zip(&some).zip(&mask) {
                assert_eq!(*some, if *m == 1 { *all } else { 0.0 }, "{v:?}");
            }
            w.iter_mut().zip(&mask).filter(|(_, m)| **m == 0).for_each(|(w, _)| *w = 0.0);
            let mut y = vec![0.0; dy.len()];
            forward(&v, &x, &w, &mut y);
            close("sparse forward", &v, &y, &naive::conv(&v, &x, &w));
            let mut dx = vec![0.0; x.len()];
            backward_input(&v, &w, &dy, &mut dx);
            close("sparse input gradient", &v, &dx, &naive::conv_backward(&v, &x, &w, &dy).0);
        }
    }
}
