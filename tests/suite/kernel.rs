//! Every packed form of a layer against its naive twin: drawn shapes, odd and tiny, at many densities.
//!
//! Forms sum the same terms in another order than the twin, so they agree within `TOLERANCE` of the largest answer.

use secateur::base::Rng;
use secateur::compile::forms::{self, Form};
use secateur::compile::lower::Weighted;
use secateur::kernel::flat::{self, Layout};
use secateur::kernel::geometry::Geometry;
use secateur::kernel::naive;
use secateur::kernel::pool::{self, Image, Pooling};
use secateur::kernel::simd::Rounding;
use secateur::kernel::store::{Epilogue, Planes};
use wasm_bindgen_test::wasm_bindgen_test;

/// Of the largest answer.
const TOLERANCE: f32 = 1e-5;
/// Shapes drawn for each kind of layer.
const SHAPES: usize = 300;

fn pick(rng: &mut Rng, of: &[usize]) -> usize {
    of[rng.below(of.len())]
}

fn numbers(rng: &mut Rng, n: usize) -> Vec<f32> {
    (0..n).map(|_| rng.normal()).collect()
}

/// A convolution that a network could have: 1 pixel, 1 channel, strides, borders, groups and batches among them.
pub fn shape(rng: &mut Rng) -> Geometry {
    let groups = pick(rng, &[1, 1, 1, 2, 3]);
    let deep = rng.below(5) == 0;
    let c = if deep { groups } else { groups * pick(rng, &[1, 2, 3, 4, 8, 13]) };
    let o = groups * if deep { 1 } else { pick(rng, &[1, 2, 3, 4, 7, 16]) };
    let kernel = [pick(rng, &[1, 2, 3, 5]), pick(rng, &[1, 3, 3, 4])];
    let (stride, dilation) = ([pick(rng, &[1, 1, 2, 3]), pick(rng, &[1, 1, 2])], [pick(rng, &[1, 1, 2]), 1]);
    let pad = [rng.below(kernel[0]), rng.below(kernel[1])];
    let side = |rng: &mut Rng, axis: usize| {
        let least = ((kernel[axis] - 1) * dilation[axis] + 1).saturating_sub(2 * pad[axis]).max(1);
        least + pick(rng, &[0, 0, 1, 2, 5, 6, 11])
    };
    let size = [side(rng, 0), side(rng, 1)];
    Geometry { n: pick(rng, &[1, 1, 2, 5]), c, size, o, kernel, stride, pad, dilation, groups }
}

/// Weights at a density, with an empty and a full row where there are three.
fn weights(rng: &mut Rng, rows: usize, depth: usize) -> Vec<f32> {
    let density = [0.0, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0][rng.below(7)];
    let mut w = numbers(rng, rows * depth);
    for (i, w) in w.iter_mut().enumerate() {
        let keep = match i / depth {
            1 if rows >= 3 => 0.0,
            2 if rows >= 3 => 1.0,
            _ => density,
        };
        if rng.uniform() >= keep {
            *w = 0.0;
        }
    }
    w
}

/// Leaves the two greatest of every four input channels of a tap.
fn two_of_four(w: &mut [f32], [c, taps]: [usize; 2]) {
    for row in w.chunks_mut(c * taps) {
        for (first, tap) in (0..c).step_by(4).flat_map(|first| (0..taps).map(move |tap| (first, tap))) {
            let mut places: Vec<usize> = (first..(first + 4).min(c)).map(|i| i * taps + tap).collect();
            places.sort_by(|&a, &b| row[b].abs().total_cmp(&row[a].abs()));
            places.iter().skip(2).for_each(|&i| row[i] = 0.0);
        }
    }
}

fn close(what: &str, got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len(), "{what}");
    let top = want.iter().fold(1.0f32, |m, x| m.max(x.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= TOLERANCE * top, "{what}: number {i} is {g}, not {w}");
    }
}

/// Bias, residual and clamp as a layer's store applies them, on answers [N, O, pixels].
fn finish(y: &mut [f32], pixels: usize, bias: &[f32], residual: &[f32], clamp: [f32; 2]) {
    for (i, (y, r)) in y.iter_mut().zip(residual).enumerate() {
        *y = (*y + bias[i / pixels % bias.len()] + r).clamp(clamp[0], clamp[1]);
    }
}

/// Ones on the pixels of a run, zeros in its gaps.
pub fn mask(l: &Layout, [h, w]: [usize; 2]) -> Vec<f32> {
    let mut mask = vec![0.0; l.run().next_multiple_of(flat::SLACK)];
    for (image, y) in (0..l.n).flat_map(|image| (0..h).map(move |y| (image, y))) {
        mask[l.row(image, y) - l.lead..][..w].fill(1.0);
    }
    mask
}

fn convolution(v: &Geometry, w: &Weighted, form: &Form, x: &[f32], residual: &[f32]) -> Vec<f32> {
    let (from, [oh, ow]) = (v.layout(), v.out());
    let to = Layout::new(v.n, from.pitch, from.rows, 3, 5);
    let mut planes = vec![0.0; flat::size(v.planes(), &from)];
    flat::split(x, [v.c, v.size[0], v.size[1]], v.stride, &from, &mut planes);
    let mut aside = vec![0.0; flat::size(v.o, &to)];
    flat::split(residual, [v.o, oh, ow], [1, 1], &to, &mut aside);
    let mask = mask(&to, [oh, ow]);
    let store = Epilogue { bias: &w.bias, residual: &aside, clamp: w.clamp, mask: &mask, rounding: Rounding::Fast };
    // Every number that is not a pixel must come out as zero within the run and untouched outside it.
    let mut y = vec![0.0; aside.len()];
    form.packed.run(&planes, &mut y, Planes { lead: to.lead, plane: to.plane }, to.run(), &store);
    let mut got = vec![0.0; v.n * v.o * v.pixels()];
    flat::join(&y, [v.o, oh, ow], [1, 1], &to, &mut got);
    let inside: f64 = got.iter().map(|y| f64::from(y.abs())).sum();
    let all: f64 = y.iter().map(|y| f64::from(y.abs())).sum();
    assert!((all - inside).abs() <= 1e-9 * inside.max(1.0), "{}: gaps are not zero", form.name);
    got
}

#[wasm_bindgen_test(unsupported = test)]
fn every_form_of_a_convolution_equals_the_naive_one() {
    let mut rng = Rng::new(1);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..SHAPES {
        let v = shape(&mut rng);
        let depth = v.depth();
        let mut w = weights(&mut rng, v.o, depth);
        let rule = (v.groups == 1 && rng.below(2) == 0).then_some((2, 4));
        if rule.is_some() {
            two_of_four(&mut w, [v.c, v.kernel[0] * v.kernel[1]]);
        }
        let w = Weighted { weights: w, bias: numbers(&mut rng, v.o), clamp: [-0.5, 1.5], rule };
        let x = numbers(&mut rng, v.n * v.c * v.size[0] * v.size[1]);
        let residual = numbers(&mut rng, v.n * v.o * v.pixels());
        let mut want = naive::conv(&v, &x, &w.weights);
        finish(&mut want, v.pixels(), &w.bias, &residual, w.clamp);
        for form in forms::convolution(&w, &v, &v.layout(), 1 + rng.below(3)) {
            close(&format!("{} on {v:?}", form.name), &convolution(&v, &w, &form, &x, &residual), &want);
            *seen.entry(form.name).or_insert(0) += 1;
        }
    }
    let all =
        ["block 2x1", "block 4x1", "dense 1x1", "dense 2x1", "dense 4x1", "dense 6x1", "depthwise", "element", "n:m"];
    assert!(all.iter().all(|name| seen.get(name).is_some_and(|&n| n >= 10)), "too few shapes: {seen:?}");
}

#[wasm_bindgen_test(unsupported = test)]
fn every_form_of_a_linear_layer_equals_the_triple_loop() {
    let mut rng = Rng::new(2);
    for _ in 0..SHAPES {
        let (o, i, n) = (pick(&mut rng, &[1, 2, 7, 8, 9, 33]), pick(&mut rng, &[1, 3, 4, 31, 64]), 1 + rng.below(19));
        let (w, x) = (weights(&mut rng, o, i), numbers(&mut rng, i * n));
        let w = Weighted { weights: w, bias: numbers(&mut rng, o), clamp: [0.0, f32::INFINITY], rule: None };
        let l = Layout::new(n, 1, 1, 0, 0);
        let mut features = vec![0.0; flat::size(i, &l)];
        x.chunks(n).enumerate().for_each(|(k, row)| features[k * l.plane..][..n].copy_from_slice(row));
        let mut want = naive::matmul(o, n, i, &w.weights, &x);
        finish(&mut want, n, &w.bias, &vec![0.0; o * n], w.clamp);
        let store = Epilogue { bias: &w.bias, residual: &[], clamp: w.clamp, mask: &[], rounding: Rounding::Fast };
        for form in forms::linear(&w, &l, 1 + rng.below(3)) {
            let mut y = vec![0.0; flat::size(o, &l)];
            form.packed.run(&features, &mut y, Planes { lead: l.lead, plane: l.plane }, l.run(), &store);
            let got: Vec<f32> = (0..o).flat_map(|r| y[r * l.plane..][..n].to_vec()).collect();
            close(&format!("{} on {o} x {i}, batch {n}", form.name), &got, &want);
        }
        let one: Vec<f32> = x.iter().step_by(n).copied().collect();
        let want: Vec<f32> = want.iter().step_by(n).copied().collect();
        for form in forms::vector(&w, 1 + rng.below(3)) {
            let mut y = vec![0.0; o];
            form.packed.run(&one, &mut y, Planes { lead: 0, plane: 1 }, 0, &store);
            close(&format!("{} on {o} x {i}, a vector", form.name), &y, &want);
        }
    }
}

/// The pool of one window, as the definition says.
fn window(w: &Pooling, x: &[f32], [h, wide]: [usize; 2], [oy, ox]: [usize; 2]) -> f32 {
    let taps = (0..w.kernel[0]).flat_map(|ky| (0..w.kernel[1]).map(move |kx| (ky, kx)));
    let inside: Vec<f32> = taps
        .map(|(ky, kx)| {
            ((oy * w.stride[0] + ky).wrapping_sub(w.pad[0]), (ox * w.stride[1] + kx).wrapping_sub(w.pad[1]))
        })
        .filter(|&(y, x)| y < h && x < wide)
        .map(|(iy, ix)| x[iy * wide + ix])
        .collect();
    match w.mean {
        None => inside.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x)),
        Some(true) => inside.iter().sum::<f32>() / (w.kernel[0] * w.kernel[1]) as f32,
        Some(false) => inside.iter().sum::<f32>() / inside.len() as f32,
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn pools_equal_their_definition() {
    let mut rng = Rng::new(3);
    for _ in 0..SHAPES {
        let kernel = [1 + rng.below(3), 1 + rng.below(3)];
        let w = Pooling {
            kernel,
            stride: [1 + rng.below(3), 1 + rng.below(3)],
            pad: kernel.map(|k| rng.below(k / 2 + 1)),
            mean: [None, Some(false), Some(true)][rng.below(3)],
        };
        let (n, c, size) = (1 + rng.below(3), 1 + rng.below(3), kernel.map(|k| k + rng.below(7)));
        let out: [usize; 2] = std::array::from_fn(|a| (size[a] + 2 * w.pad[a] - kernel[a]) / w.stride[a] + 1);
        let x = numbers(&mut rng, n * c * size[0] * size[1]);
        let (from, to) = (Layout::new(n, size[1] + 1, size[0] + 2, 4, 1), Layout::new(n, out[1] + 2, out[0], 1, 3));
        let (mut planes, mut y) = (vec![0.0; flat::size(c, &from)], vec![0.0; flat::size(c, &to)]);
        flat::split(&x, [c, size[0], size[1]], [1, 1], &from, &mut planes);
        pool::pool(&w, c, &planes, Image { size, layout: &from }, &mut y, Image { size: out, layout: &to });
        let mut got = vec![0.0; n * c * out[0] * out[1]];
        flat::join(&y, [c, out[0], out[1]], [1, 1], &to, &mut got);
        let places = (0..n * c).flat_map(|i| (0..out[0] * out[1]).map(move |p| (i, [p / out[1], p % out[1]])));
        let want: Vec<f32> = places.map(|(i, at)| window(&w, &x[i * size[0] * size[1]..], size, at)).collect();
        close(&format!("{w:?} on {size:?}"), &got, &want);
    }
}
