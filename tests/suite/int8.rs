//! Bytes: the kernel against sums of whole numbers, and plans on bytes against the interpreter.

use secateur::base::{Flat, Result, Rng, Tensor, team};
use secateur::compile::{Choose, Options, compile, observe};
use secateur::graph::build::Square;
use secateur::graph::op::{self, OpKind};
use secateur::graph::{Builder, Masks, run};
use secateur::kernel::flat::{self, Layout};
use secateur::kernel::int8::{Quads, QuantizedEpilogue};
use secateur::kernel::naive;
use secateur::kernel::pool::{self, Image, Pooling};
use secateur::kernel::store::Planes;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::kernel::{mask, shape};
use crate::plan::{cut, examples, noise, settled};

/// Shapes drawn.
const SHAPES: usize = 300;

fn bytes(rng: &mut Rng, n: usize) -> Vec<u8> {
    (0..n).map(|_| rng.below(128) as u8).collect()
}

fn floats(x: &[u8], zero: u8) -> Vec<f32> {
    x.iter().map(|&q| f32::from(q) - f32::from(zero)).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn the_int8_kernel_is_exact_on_any_shape_and_density() {
    let mut rng = Rng::new(3);
    for _ in 0..SHAPES {
        let v = shape(&mut rng);
        let (depth, from, [oh, ow]) = (v.depth(), v.layout(), v.out());
        let to = Layout::new(v.n, from.pitch, from.rows, 3, 5);
        let density = [0.0, 0.05, 0.3, 1.0][rng.below(4)];
        let w: Vec<i8> = (0..v.o * depth)
            .map(|_| if rng.uniform() < density { rng.below(255) as i32 - 127 } else { 0 } as i8)
            .collect();
        let (zero, out_zero) = (rng.below(128) as u8, rng.below(128) as u8);
        let x = bytes(&mut rng, v.n * v.c * v.size[0] * v.size[1]);
        let aside = bytes(&mut rng, v.n * v.o * v.pixels());

        let mut planes = vec![zero; flat::size(v.planes(), &from)];
        flat::split(&x, [v.c, v.size[0], v.size[1]], v.stride, &from, &mut planes);
        let mut residual = vec![0; flat::size(v.o, &to)];
        flat::split(&aside, [v.o, oh, ow], [1, 1], &to, &mut residual);
        let mask: Vec<u8> = mask(&to, [oh, ow]).iter().map(|&m| if m > 0.0 { 255 } else { 0 }).collect();

        let mut quads = Quads::new();
        let offsets: Vec<Vec<u32>> = (0..v.groups).map(|g| v.offsets(&from, g)).collect();
        w.chunks(depth).enumerate().for_each(|(o, row)| quads.push(row, &offsets[o / (v.o / v.groups)]));
        let sums: Vec<i32> = w.chunks(depth).map(|row| row.iter().map(|&w| i32::from(w)).sum()).collect();
        let bias: Vec<i32> = (0..v.o).map(|_| rng.below(4000) as i32 - 2000).collect();
        let start: Vec<i32> = bias.iter().zip(&sums).map(|(b, sum)| b - i32::from(zero) * sum).collect();
        let scale: Vec<f32> = (0..v.o).map(|_| 1e-4 + 0.02 * rng.uniform()).collect();
        let clamp = [rng.below(40) as u8, 90 + rng.below(38) as u8];
        let with = rng.below(2) == 0;
        let (residual, residual_scale) = if with { (&residual[..], 0.7) } else { (&[][..], 0.0) };
        let store = QuantizedEpilogue {
            start: &start,
            scale: &scale,
            residual,
            residual_scale,
            clamp,
            mask: &mask,
            zero: out_zero,
        };
        let mut y = vec![out_zero; flat::size(v.o, &to)];
        quads.run(&planes, &mut y, Planes { lead: to.lead, plane: to.plane }, to.run(), &store);
        let mut got = vec![0; v.n * v.o * v.pixels()];
        flat::join(&y, [v.o, oh, ow], [1, 1], &to, &mut got);

        // Whole numbers below 2^24 are exact in floats too.
        let w: Vec<f32> = w.iter().map(|&w| f32::from(w)).collect();
        let want = naive::conv(&v, &floats(&x, zero), &w);
        for (i, (&got, want)) in got.iter().zip(want).enumerate() {
            let o = i / v.pixels() % v.o;
            let mut y = (want as i32 + bias[o]) as f32 * scale[o];
            if with {
                y += f32::from(aside[i]) * residual_scale;
            }
            let want = (y.round_ties_even() as i32 + i32::from(out_zero)).clamp(clamp[0].into(), clamp[1].into());
            assert_eq!(i32::from(got), want, "number {i} of {v:?}");
        }
        let pixels = v.n * v.o * v.pixels();
        let gaps = y.iter().filter(|&&q| q == out_zero).count() >= y.len() - pixels;
        assert!(gaps, "gaps do not hold the byte of zero");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn pools_of_bytes_are_those_of_numbers() {
    let mut rng = Rng::new(4);
    for _ in 0..SHAPES {
        let kernel = [1 + rng.below(3), 1 + rng.below(3)];
        let stride = [1 + rng.below(2), 1 + rng.below(2)];
        let pad = [rng.below(kernel[0]), rng.below(kernel[1])];
        let (n, c, size) = (1 + rng.below(2), 1 + rng.below(3), [3 + rng.below(6), 3 + rng.below(6)]);
        let out = [0, 1].map(|axis| (size[axis] + 2 * pad[axis] - kernel[axis]) / stride[axis] + 1);
        let (from, to) = (Layout::new(n, size[1] + 1, size[0] + 1, 2, 2), Layout::new(n, out[1] + 1, out[0], 1, 3));
        let x = bytes(&mut rng, n * c * size[0] * size[1]);
        for mean in [None, Some(false)] {
            let w = Pooling { kernel, stride, pad, mean };
            let (image, small) = (Image { size, layout: &from }, Image { size: out, layout: &to });
            let (mut a, mut b) = (vec![0u8; flat::size(c, &from)], vec![0.0f32; flat::size(c, &from)]);
            flat::split(&x, [c, size[0], size[1]], [1, 1], &from, &mut a);
            flat::split(&floats(&x, 0), [c, size[0], size[1]], [1, 1], &from, &mut b);
            let (mut got, mut want) = (vec![0u8; flat::size(c, &to)], vec![0.0f32; flat::size(c, &to)]);
            pool::bytes(&w, c, &a, image, &mut got, small);
            pool::pool(&w, c, &b, image, &mut want, small);
            let want: Vec<u8> = want.iter().map(|x| (x + 0.5 - 1e-4).max(0.0).floor() as u8).collect();
            let near = got.iter().zip(&want).all(|(a, b)| a == b || mean.is_some() && a.abs_diff(*b) <= 1);
            assert!(near, "{w:?} on {size:?}: {got:?} is not {want:?}");
        }
    }
}

/// Mean distance relative to the mean size.
fn apart(got: &Tensor, want: &Tensor) -> f64 {
    let sum = |f: &dyn Fn(usize) -> f32| (0..want.len()).map(|i| f64::from(f(i).abs())).sum::<f64>();
    sum(&|i| got.flat()[i] - want.flat()[i]) / sum(&|i| want.flat()[i])
}

#[wasm_bindgen_test(unsupported = test)]
fn int8_plans_stay_near_every_model_and_use_its_convolutions() -> Result<()> {
    for model in secateur::zoo::ALL {
        let graph = settled(model.id)?;
        for share in [0.0, 0.8] {
            let masks = if share > 0.0 { cut(&graph, share) } else { Masks::default() };
            let mut masked = graph.clone();
            masks.apply(&mut masked)?;
            let x = examples(&graph, 6, 8);
            let want = run::run(&masked, &x)?;
            let ranges = observe(&graph, &masks, &x, 3)?;
            let options = Options { batch: 4, ranges: Some(&ranges), choose: Choose::Predict, ..Options::default() };
            let mut plan = compile(&graph, &masks, &options)?;
            let got = plan.answers(&x)?;
            let convolutions = graph.nodes.iter().filter(|n| matches!(n.op, OpKind::Conv(_))).count();
            let int8 = plan.layers().filter(|t| t.why.candidates[0].kernel == "int8").count();
            assert_eq!(int8, convolutions, "{}", model.id);
            // Of untrained networks, whose answers are small differences of large sums.
            let apart = apart(&got, &want);
            assert!(apart < 0.4, "{} at {share}: {apart}", model.id);
            assert!(int8 == 0 || apart > 0.0, "{}: nothing was quantized", model.id);

            team::hire(3);
            let shared = compile(&graph, &masks, &Options { threads: 3, ..options })?.answers(&x)?;
            assert!(shared == got, "{}: threads change bits", model.id);
        }
    }
    Ok(())
}

/// A row of which nothing is left answers its bias, and so does one whose few weights are tiny beside it.
#[wasm_bindgen_test(unsupported = test)]
fn int8_kernels_keep_the_bias_of_rows_that_are_cut() -> Result<()> {
    let mut build = Builder::new(&[2, 6, 6], 3);
    let input = build.input();
    let y = build.conv("conv", input, Square { out: 4, kernel: 3, stride: 1, pad: 1 }, true)?;
    let y = build.node("flatten", op::Flatten, &[y])?;
    let mut graph = build.finish(y);
    let bias = graph.nodes[0].ins[2];
    graph.data_mut(bias)?.flat_mut().copy_from_slice(&[0.5, -0.75, 0.25, 1.0]);
    let weight = graph.nodes[0].ins[1];
    for (i, w) in graph.data_mut(weight)?.flat_mut().iter_mut().enumerate() {
        *w *= [0.0, 0.0, 1e-12, 1.0][i / 18];
    }
    let (masks, x) = (Masks::default(), noise(&[3, 2, 6, 6], 8));
    let ranges = observe(&graph, &masks, &x, 3)?;
    let options = Options { batch: 3, ranges: Some(&ranges), choose: Choose::Predict, ..Options::default() };
    let (got, want) = (compile(&graph, &masks, &options)?.answers(&x)?, run::run(&graph, &x)?);
    let step = want.iter().fold(0.0f32, |most, x| most.max(x.abs())) / 40.0;
    for (i, (got, want)) in got.iter().zip(want.iter()).enumerate() {
        assert!((got - want).abs() < step, "row {}: {got} is not {want}", i % 144 / 36);
    }
    Ok(())
}
