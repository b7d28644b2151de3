//! `secateur gpu --roofline`: what this GPU can do at best, and how near the convolutions of ResNet-18 come to it.

use secateur::base::stats::median;
use secateur::base::{Error, Flat, Result, Rng, tensor};
use secateur::compile::Options as Compile;
use secateur::gpu::{Device, Executor, Limits, Precision, probe};
use secateur::graph::build::Square;
use secateur::graph::{Builder, Graph, Masks, op};
use serde::Serialize;

use super::say;

/// What is asked for.
pub struct Wanted<'a> {
    /// Examples of a run; 64 where none are named.
    pub batch: &'a [usize],
    /// What the GPU calculates in.
    pub precision: Precision,
    /// Rows and columns of the images that convolutions begin from.
    pub side: usize,
    /// Print all figures as JSON.
    pub json: bool,
}

/// A convolution: name, how often the network has it, input and output channels, kernel, stride, and by how much the side of
/// its input is smaller than an image's.
type Layer = (&'static str, usize, [usize; 2], usize, usize, usize);

/// He et al., CVPR 2016, table 1.
const LAYERS: [Layer; 11] = [
    ("7x7, 3 to 64, stride 2", 1, [3, 64], 7, 2, 1),
    ("3x3, 64 to 64", 4, [64, 64], 3, 1, 4),
    ("3x3, 64 to 128, stride 2", 1, [64, 128], 3, 2, 4),
    ("1x1, 64 to 128, stride 2", 1, [64, 128], 1, 2, 4),
    ("3x3, 128 to 128", 3, [128, 128], 3, 1, 8),
    ("3x3, 128 to 256, stride 2", 1, [128, 256], 3, 2, 8),
    ("1x1, 128 to 256, stride 2", 1, [128, 256], 1, 2, 8),
    ("3x3, 256 to 256", 3, [256, 256], 3, 1, 16),
    ("3x3, 256 to 512, stride 2", 1, [256, 512], 3, 2, 16),
    ("1x1, 256 to 512, stride 2", 1, [256, 512], 1, 2, 16),
    ("3x3, 512 to 512", 3, [512, 512], 3, 1, 32),
];

/// Ways to cut: name, rows that are cut together, share that is cut.
const CUTS: [(&str, usize, f32); 3] = [("dense", 1, 0.0), ("element 90%", 1, 0.9), ("block 4 80%", 4, 0.8)];

/// Samples of each layer.
const SAMPLES: usize = 7;

/// A convolution with its weights cut in some way.
#[derive(Serialize)]
struct Row {
    layer: &'static str,
    times: usize,
    weights: &'static str,
    kernel: String,
    /// Microseconds of a batch, phases of strided convolutions included.
    us: f64,
    /// Billions of operations a second with weights that are kept; a multiply-add is two.
    gflops: f64,
    /// What the GPU allows for so many operations on so many bytes, each moved once, and the share of it that is reached.
    roof_gflops: f64,
    share: f64,
    /// Time of the same layer with all its weights over this.
    ratio: f64,
}

/// All figures of a batch size.
#[derive(Serialize)]
struct Report<'a> {
    gpu: &'a str,
    half: bool,
    batch: usize,
    side: usize,
    /// Whether times are by the GPU's own clock.
    clock: bool,
    limits: &'a Limits,
    rows: Vec<Row>,
    /// Layers that the GPU does not take, and why.
    refused: Vec<String>,
}

/// Measures and prints.
pub fn run(device: &Device, options: &Wanted) -> Result<()> {
    let limits = pollster::block_on(probe(device, options.precision))?;
    let words = |line: String| if options.json { Ok(()) } else { say::line(line) };
    words(format!(
        "{}{}: copies {:.0} GB/s, multiplies {:.0} GFLOP/s, a dispatch {:.1} µs, a readback {:.0} µs",
        device.name(),
        if options.precision == Precision::Half { " in half precision" } else { "" },
        limits.copy_gbs,
        limits.gflops,
        limits.dispatch_us,
        limits.readback_us
    ))?;
    let mut reports = Vec::new();
    for &batch in if options.batch.is_empty() { &[64][..] } else { options.batch } {
        words(format!("\nConvolutions of ResNet-18, images of {0} x {0}, batch {batch}", options.side))?;
        let (mut rows, mut refused) = (Vec::new(), Vec::new());
        for layer in &LAYERS {
            let mut dense = None;
            for cut in CUTS {
                match measure(device, &limits, options, batch, layer, cut, dense) {
                    Ok(row) => {
                        words(line(&row))?;
                        dense = dense.or(Some(row.us));
                        rows.push(row);
                    }
                    Err(error) => {
                        let why = format!("{}, {}: {error}", layer.0, cut.0);
                        words(format!("  {why}"))?;
                        refused.push(why);
                    }
                }
            }
        }
        for (name, ..) in CUTS {
            let all = rows.iter().filter(|row| row.weights == name);
            let us: f64 = all.map(|row| row.us * row.times as f64).sum();
            words(format!("  all together, {name}: {:.3} ms", us * 1e-3))?;
        }
        let (gpu, half, side, clock) =
            (device.name(), options.precision == Precision::Half, options.side, device.clock());
        reports.push(Report { gpu, half, batch, side, clock, limits: &limits, rows, refused });
    }
    if options.json {
        say::json(&reports)?;
    }
    Ok(())
}

fn line(row: &Row) -> String {
    format!(
        "  {:<26} {:<12} {:<16} {:>10.1} µs {:>9.1} GFLOP/s {:>5.1}% of {:>8.0} {:>6.2}x",
        row.layer,
        row.weights,
        row.kernel,
        row.us,
        row.gflops,
        100.0 * row.share,
        row.roof_gflops,
        row.ratio
    )
}

/// One convolution with bias and ReLU.
fn convolution(&(_, _, [c, out], kernel, stride, _): &Layer, side: usize) -> Result<Graph> {
    let mut build = Builder::new(&[c, side, side], 1);
    let square = Square { out, kernel, stride, pad: kernel / 2 };
    let y = build.conv("conv", build.input(), square, true)?;
    let y = build.node("relu", op::Relu, &[y])?;
    Ok(build.finish(y))
}

/// Cuts a share at random, of so many rows together; gives how many weights are left, too.
fn masks(graph: &Graph, (_, height, share): (&str, usize, f32)) -> (Masks, usize) {
    let (mut masks, mut rng, mut kept) = (Masks::default(), Rng::new(1), 0);
    for (_, id) in graph.layers() {
        let shape = &graph.values[id].shape;
        let (rows, depth) = (shape[0], tensor::count(&shape[1..]));
        let mut mask = Vec::with_capacity(rows * depth);
        for _ in (0..rows).step_by(height) {
            let row: Vec<u8> = (0..depth).map(|_| u8::from(rng.uniform() >= share)).collect();
            (0..height).for_each(|_| mask.extend(&row));
        }
        kept += mask.iter().map(|&keep| usize::from(keep)).sum::<usize>();
        masks.set(id, mask);
    }
    (masks, kept)
}

fn measure(
    device: &Device,
    limits: &Limits,
    options: &Wanted,
    batch: usize,
    layer: &Layer,
    cut: (&'static str, usize, f32),
    dense: Option<f64>,
) -> Result<Row> {
    let side = (options.side / layer.5).max(1);
    let graph = convolution(layer, side)?;
    let (masks, kept) = masks(&graph, cut);
    let how = Compile { batch, ..Compile::default() };
    let executor = pollster::block_on(Executor::new(device.clone(), (&graph, &masks), &how, options.precision))?;
    let mut x = tensor::zeros(&[batch, layer.2[0], side, side]);
    let mut rng = Rng::new(2);
    x.iter_mut().for_each(|x| *x = rng.uniform());
    pollster::block_on(executor.run(x.flat()))?;
    let mut ms = Vec::new();
    for _ in 0..SAMPLES {
        ms.extend(pollster::block_on(executor.arithmetic())?);
    }
    let [timing] = executor.layers() else { return Err(Error::state("one layer became several")) };
    let chosen = timing.why.candidates.first().ok_or_else(|| Error::state("no kernel ran"))?;
    // Without a clock of its own: what the choice of the kernel measured.
    let us = if ms.is_empty() { chosen.us } else { 1e3 * median(&ms) };
    let outputs = tensor::count(&graph.values[graph.output()].shape[1..]) * batch;
    let pixels = outputs / layer.2[1];
    let operations = 2.0 * (kept * pixels) as f64;
    let bytes = options.precision.bytes() * (x.len() + outputs) + chosen.bytes;
    let roof_gflops = limits.gflops.min(limits.copy_gbs * operations / bytes as f64);
    let gflops = operations / us * 1e-3;
    Ok(Row {
        layer: layer.0,
        times: layer.1,
        weights: cut.0,
        kernel: chosen.kernel.clone(),
        us,
        gflops,
        roof_gflops,
        share: gflops / roof_gflops,
        ratio: dense.unwrap_or(us) / us,
    })
}
