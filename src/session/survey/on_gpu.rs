//! The survey's layers on a GPU: many launches in one submission, so that a layer is timed and not the way to the GPU and back.

use crate::base::sampling::Sampling;
use crate::base::{Flat, Result, Rng, tensor};
use crate::compile::{Choose, GroupRule, Options};
use crate::gpu::{Device, Executor, Precision};
use crate::graph::{Graph, Masks};

use super::{LAYERS, Layer, Row, SERIES, narrower, network, pruned};

/// Fewer than on the processor: each has kernels to compile and to choose among.
const SPARSITIES: [f64; 4] = [0.5, 0.7, 0.8, 0.9];
/// A GPU that is this many times slower than the processor gets one point a layer, so that this can be seen.
const FAR: f64 = 20.0;
/// Interleaved samples of each side, and the least length of one in milliseconds and in steps of the clock.
const SAMPLES: usize = 7;
const LEAST_MS: f64 = 4.0;
const STEPS: f64 = 40.0;
/// Runs of a sample at most.
const MOST: usize = 4096;

/// Points of a layer, by series and sparsity.
fn shares(layer: Layer) -> impl Iterator<Item = (usize, f64)> {
    (0..SERIES.len()).flat_map(move |series| {
        let of: &[f64] = match SERIES[series].0 {
            "2:4" if layer.kernel == 0 => &[],
            "2:4" => &[0.5],
            _ => &SPARSITIES,
        };
        of.iter().map(move |&share| (series, share))
    })
}

/// Points of all layers.
pub fn points() -> usize {
    LAYERS.iter().map(|&layer| shares(layer).count()).sum()
}

/// The survey's part on a GPU.
#[derive(Debug)]
pub struct OnGpu {
    device: Device,
    at: usize,
    /// The layer at hand: its fastest dense form, and whether the GPU is far behind with it.
    dense: Option<(&'static str, Executor, bool)>,
}

impl OnGpu {
    /// Nothing measured yet.
    pub fn new(device: Device) -> Self {
        Self { device, at: 0, dense: None }
    }

    /// Points that are done or left out.
    pub fn done(&self) -> usize {
        self.at
    }

    /// Measures the next point, if it is worth it; `rows` are those of the processor, `step` the clock's in ms.
    ///
    /// # Errors
    /// When the GPU fails.
    pub async fn next(&mut self, rows: &[Row], step: f64) -> Result<Option<Row>> {
        let all = LAYERS.iter().flat_map(|&layer| shares(layer).map(move |share| (layer, share)));
        let Some((layer, (series, sparsity))) = all.into_iter().nth(self.at) else { return Ok(None) };
        self.at += 1;
        let least = LEAST_MS.max(STEPS * step);
        if self.dense.as_ref().is_none_or(|(id, ..)| *id != layer.id) {
            let graph = network(layer)?;
            let own = rows.iter().find(|row| row.layer == layer.id).map_or(f64::INFINITY, |row| row.dense_us * 1e-3);
            let quick = self.upload(&graph, layer, &[], Choose::Predict).await?;
            quick.repeat(1).await?;
            let far = quick.repeat(1).await? > FAR * own.max(step);
            let dense = if far { quick } else { self.upload(&graph, layer, &[], Choose::Measure).await? };
            self.dense = Some((layer.id, dense, far));
        }
        let Some((_, dense, far)) = &self.dense else { return Ok(None) };
        // The point that is told in any case is the one that a sparse kernel should do best at.
        if *far && (series, sparsity) != (0, 0.9) {
            return Ok(None);
        }
        let (_, recipe) = SERIES[series];
        let choose = if *far { Choose::Predict } else { Choose::Sparse };
        let sparse = if recipe.is_empty() {
            let outputs = layer.outputs - (sparsity * layer.outputs as f64).round() as usize;
            self.upload(&narrower(layer, outputs)?, layer, &[], choose).await?
        } else {
            let (graph, rules) = pruned(layer, recipe, sparsity)?;
            self.upload(&graph, layer, &rules, choose).await?
        };
        let sides = [dense, &sparse];
        let mut sampling = Sampling::new(2, least, step).at_most(MOST).paired();
        while sampling.samples(0).len() < if *far { 2 } else { SAMPLES } {
            while let Some(turn) = sampling.turn() {
                sampling.took(sides[turn.who].repeat(turn.runs).await?);
            }
        }
        let times = [0, 1].map(|side| sampling.samples(side).to_vec());
        let kernel = sparse.layers().first().and_then(|l| l.why.candidates.first()).map(|c| c.kernel.clone());
        Ok(Some(Row::new("gpu", layer, (series, sparsity), &times, step / least, kernel.unwrap_or_default())))
    }

    /// A layer's network on the GPU, with an image to run on.
    async fn upload(&self, graph: &Graph, layer: Layer, rules: &[GroupRule], choose: Choose) -> Result<Executor> {
        let options = Options { rules, choose, ..Options::default() };
        let network = (graph, &Masks::default());
        let executor = Executor::new(self.device.clone(), network, &options, Precision::Single).await?;
        let (mut x, mut rng) = (tensor::zeros(&[layer.channels * layer.side.max(1).pow(2)]), Rng::fork(1, "survey"));
        x.iter_mut().for_each(|x| *x = rng.normal());
        executor.run(x.flat()).await?;
        Ok(executor)
    }
}
