//! Layers with weights: packed for every kernel that fits, and the fastest kept.

use crate::base::{Result, clock};
use crate::compile::choose::{Candidate, Choose, Why, decide};
use crate::compile::lower::{Layer, Weighted};
use crate::compile::place::Place;
use crate::graph::ValueId;

use super::device::{Call, Kernel, Wires};
use super::maker::{Maker, bounds, lies, unsupported};
use super::pack::Packed;
use super::wgsl::{self, WIDE};

/// A row kernel: its name, rows of a block, pixels of an invocation, whether it leaves zeros out.
type Tile = (&'static str, usize, usize, bool);

/// Row kernels that are tried, dense ones first. More sums an invocation reuse more of what is loaded and leave fewer
/// invocations to hide the waiting.
const TILES: [Tile; 11] = [
    ("gpu dense 4x2", 4, 2, false),
    ("gpu dense 8x1", 8, 1, false),
    ("gpu dense 8x4", 8, 4, false),
    ("gpu dense 1x4", 1, 4, false),
    ("gpu block 4x1", 4, 1, true),
    ("gpu block 4x2", 4, 2, true),
    ("gpu block 4x4", 4, 4, true),
    ("gpu block 2x2", 2, 2, true),
    ("gpu element 1", 1, 1, true),
    ("gpu element 4", 1, 4, true),
    ("gpu element 8", 1, 8, true),
];

/// Runs of a sample while kernels are chosen, and samples of each.
const RUNS: usize = 8;
const SAMPLES: usize = 3;

impl Maker<'_> {
    /// Packs a layer for every kernel that fits and keeps the fastest.
    pub async fn weighted<'a>(
        &mut self,
        layer: &Layer,
        w: &Weighted,
        blocks: bool,
        offsets: impl Fn(usize) -> &'a [u32],
    ) -> Result<(Call, Option<Why>)> {
        let sparse = w.weights.contains(&0.0);
        let vector = matches!(self.places[layer.out], Place::Vector(_));
        let mut tried: Vec<(Call, Candidate)> = Vec::new();
        for (name, height, pixels, skip) in TILES {
            // A vector has one pixel: its kernel takes single rows, and one form of each sort will do.
            let fits = if vector { height == 1 && pixels == 4 } else { blocks || height == 1 };
            if !fits || skip && !sparse {
                continue;
            }
            let packed = Packed::new(w, height, skip, &offsets);
            let kernel = match vector {
                true => self.kernel("vector", wgsl::vector).await?,
                false => self.kernel(&format!("rows {height}x{pixels}"), || wgsl::rows(height, pixels)).await?,
            };
            let call = self.rows(layer, w, &packed, &kernel, pixels)?;
            let us = match self.choose {
                Choose::Measure => self.time(&call, layer.out).await?,
                // Loads a multiply-add, roughly: of pixels for each row, of weights for each pixel.
                _ => packed.stored() as f64 * (1.0 / height as f64 + 1.0 / pixels as f64) * 1e-4,
            };
            tried.push((call, Candidate { kernel: name.into(), us, bytes: packed.bytes() }));
        }
        let (mut calls, tried): (Vec<Call>, Vec<Candidate>) = tried.into_iter().unzip();
        let (chosen, why) = decide(tried, self.choose);
        if calls.is_empty() {
            return Err(unsupported(&layer.name));
        }
        Ok((calls.swap_remove(chosen), Some(why)))
    }

    fn rows(&self, layer: &Layer, w: &Weighted, packed: &Packed, kernel: &Kernel, pixels: usize) -> Result<Call> {
        let to = &self.places[layer.out];
        let ([lead, plane, pitch, tall], [h, wide], run) = match to {
            Place::Flat { size, layout, .. } => (lies(to)?, *size, layout.span(*size)),
            _ => (lies(to)?, [1, 1], 1),
        };
        let residual = layer.ins.get(1).copied();
        let [low, high] = bounds(w.clamp);
        let numbers = [pitch, tall, h as u32, wide as u32, low, high, packed.blocks as u32];
        let flags = [u32::from(packed.alike), packed.bias as u32, u32::from(residual.is_some())];
        let params = [&[run as u32, lead, plane, w.bias.len() as u32], &numbers[..], &flags].concat();
        let (table, weights) = (self.device.hold(&packed.table)?, self.device.hold(&packed.weights)?);
        let x = self.room(layer.ins[0]);
        let aside = residual.map_or(x, |id| self.room(id));
        let wires = Wires { x, y: self.room(layer.out), aside, table: &table, weights: &weights };
        self.device.call(kernel, wires, &params, [run.div_ceil(pixels * WIDE), packed.blocks])
    }

    /// Microseconds of a call, the least of some samples.
    async fn time(&self, call: &Call, out: ValueId) -> Result<f64> {
        let calls = vec![call.clone(); RUNS];
        self.device.run(&calls[..1], self.room(out), 1).await?;
        let mut least = f64::INFINITY;
        for _ in 0..SAMPLES {
            let start = clock::now_ms();
            self.device.run(&calls, self.room(out), 1).await?;
            least = least.min((clock::now_ms() - start) * 1e3 / RUNS as f64);
        }
        Ok(least)
    }
}
