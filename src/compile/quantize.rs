//! Plans on bytes: which values become bytes, what their bytes stand for, and layers between such values.
//!
//! Static quantization: activations are affine over a range seen on calibration examples, weights symmetric, with a scale
//! for each output channel (Jacob et al., 2018). Images are bytes wherever convolutions and pools hand them on; features,
//! and whatever other operators give, stay numbers.

use std::ops::Range;

use crate::graph::ValueId;
use crate::kernel::flat::Layout;
use crate::kernel::geometry::Geometry;
use crate::kernel::int8::{Quads, QuantizedEpilogue, TOP};
use crate::kernel::store::Planes;

use super::forms::shares;
use super::lower::{LoweredOp, Weighted};
use super::memory::Memory;
use super::place::Place;
use super::quant::{Quant, Ranges};
use super::task::PlacedStep;

/// The quantization of every value that can be bytes: images that convolutions, pools and splits make of such images.
pub fn quants(
    tasks: &[PlacedStep],
    images: impl Fn(ValueId) -> bool,
    input: ValueId,
    ranges: &Ranges,
) -> Vec<Option<Quant>> {
    let mut quants: Vec<Option<Quant>> = vec![None; ranges.values()];
    if images(input) {
        quants[input] = Some(Quant::over(ranges.of(input), f32::MIN_POSITIVE));
    }
    for task in tasks {
        match task {
            PlacedStep::Split { from, to, .. } => quants[*to] = quants[*from],
            PlacedStep::Layer(layer) => {
                let inputs = layer.ins.iter().map(|&id| quants[id]).collect::<Option<Vec<Quant>>>();
                quants[layer.out] = inputs.and_then(|inputs| match &layer.work {
                    LoweredOp::Conv(w, _) => Some(Quant::over(ranges.of(layer.out), least(w, inputs[0]))),
                    // A pool's pixels are some of its input's, or their means.
                    // Where a border counts as zeros the means are left to numbers.
                    LoweredOp::Pool(w, mean) => (*mean != Some(true) || w.pad == [0, 0]).then_some(inputs[0]),
                    _ => None,
                });
            }
        }
    }
    quants
}

/// The kernel rounds sums below 2²¹ steps only: no answer may be further out, whatever the range says.
fn least(w: &Weighted, x: Quant) -> f32 {
    let depth = w.weights.len() / w.bias.len().max(1);
    let rows = w.weights.chunks(depth.max(1)).zip(&w.bias);
    let most = rows.map(|(row, bias)| row.iter().map(|w| w.abs()).sum::<f32>() * f32::from(TOP) * x.scale + bias.abs());
    (most.fold(0.0, f32::max) / (1 << 20) as f32).max(f32::MIN_POSITIVE)
}

/// Steps of a sum that a bias may take: far finer than a step of any answer, and exact as a float.
const WIDE: f32 = (1 << 22) as f32;

/// A layer between bytes.
#[derive(Clone, Debug)]
pub struct QuantizedLayer {
    parts: Vec<(Range<usize>, Quads)>,
    start: Vec<i32>,
    scale: Vec<f32>,
    residual_scale: f32,
    clamp: [u8; 2],
    zero: u8,
    mask: usize,
}

impl QuantizedLayer {
    /// Quantizes and packs a convolution from values to a value, in a part for each thread.
    pub fn new(
        w: &Weighted,
        v: &Geometry,
        l: &Layout,
        [x, y]: [Quant; 2],
        residual: Option<Quant>,
        threads: usize,
    ) -> Self {
        let (depth, group) = (v.depth(), v.o / v.groups);
        let offsets: Vec<Vec<u32>> = (0..v.groups).map(|g| v.offsets(l, g)).collect();
        let (mut weights, mut start, mut scale) = (Vec::with_capacity(w.weights.len()), Vec::new(), Vec::new());
        for (row, bias) in w.weights.chunks(depth).zip(&w.bias) {
            // The bias less what the residual's zero point adds.
            let bias = bias - residual.map_or(0.0, |r| f32::from(r.zero) * r.scale);
            let most = row.iter().fold(0.0f32, |most, w| most.max(w.abs()));
            // A row of which little or nothing is left still has its bias, which must be a number of its steps.
            let step = (most / 127.0).max(bias.abs() / (x.scale * WIDE)).max(f32::MIN_POSITIVE);
            let bytes = row.iter().map(|w| (w / step).round_ties_even() as i8);
            let sum: i32 = bytes.clone().map(i32::from).sum();
            weights.extend(bytes);
            // The bias and what zero points add to the sum, in steps of the sum.
            let worth = step * x.scale;
            start.push((bias / worth).round_ties_even() as i32 - i32::from(x.zero) * sum);
            scale.push(worth / y.scale);
        }
        let costs: Vec<usize> = weights.chunks(depth).map(|row| row.iter().filter(|w| **w != 0).count() + 4).collect();
        let pack = |rows: Range<usize>| {
            let mut quads = Quads::new();
            rows.clone().for_each(|o| quads.push(&weights[o * depth..(o + 1) * depth], &offsets[o / group]));
            (rows, quads)
        };
        let parts = shares(&costs, 1, threads).into_iter().map(pack).collect();
        let residual_scale = residual.map_or(0.0, |r| r.scale / y.scale);
        Self { parts, start, scale, residual_scale, clamp: w.clamp.map(|c| y.byte(c)), zero: y.zero, mask: usize::MAX }
    }

    /// The same with a mask that keeps gaps.
    pub fn masked(self, mask: usize) -> Self {
        Self { mask, ..self }
    }

    /// Bytes of the packed weights.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|(_, quads)| quads.bytes()).sum()
    }

    /// Weights that are multiplied.
    pub fn nonzero(&self) -> usize {
        self.parts.iter().map(|(_, quads)| quads.nonzero()).sum()
    }

    /// Runs the layer into `y`.
    pub fn run(&self, memory: &Memory, ins: &[ValueId], out: ValueId, y: &mut [u8]) {
        let Place::Flat { layout, size, .. } = memory.place(out) else { return };
        let (to, run) = (Planes { lead: layout.lead, plane: layout.plane }, layout.span(*size));
        let store = QuantizedEpilogue {
            start: &self.start,
            scale: &self.scale,
            residual: ins.get(1).map_or(&[], |&id| memory.bytes(id)),
            residual_scale: self.residual_scale,
            clamp: self.clamp,
            mask: memory.masks.bytes(self.mask),
            zero: self.zero,
        };
        let x = memory.bytes(ins[0]);
        super::forms::share(&self.parts, y, to.plane, |quads, rows, y| {
            quads.run(x, y, to, run, &store.rows(rows, to.plane));
        });
    }
}
