//! Layers and networks, compiled: pruned, and whole as their own baseline.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::base::{Flat, Result, Tensor, tensor};
use crate::compile::{Choose, Plan};
use crate::graph::{Builder, Graph, build::Square, count, op};
use crate::io::{onnx, safetensors};

use super::cut::{BenchCut, cut};
use super::{describe, examples, thrown};

/// A compiled network with a fixed input.
#[wasm_bindgen]
pub struct Bench {
    dense: Graph,
    cut: BenchCut,
    plan: Plan,
    /// The unpruned network's plan, where that is another.
    own: Option<Plan>,
    batch: usize,
    input: Tensor,
    output: Vec<f32>,
}

/// Convolutions in a row, each with bias and ReLU.
pub fn row(channels: &[u32], kernel: usize, size: usize) -> Result<Graph> {
    let mut build = Builder::new(&[channels[0] as usize, size, size], 1);
    let mut x = build.input();
    for (i, &out) in channels.iter().enumerate().skip(1) {
        let square = Square { out: out as usize, kernel, stride: 1, pad: kernel / 2 };
        x = build.conv(&format!("conv{i}"), x, square, true)?;
        x = build.node(&format!("conv{i}.relu"), op::Relu, &[x])?;
    }
    Ok(build.finish(x))
}

/// A network of the zoo with the weights of a file.
pub fn zoo(id: &str, file: &[u8]) -> Result<Graph> {
    let mut graph = crate::zoo::find(id)?.build(1)?;
    safetensors::read(&mut graph, file)?;
    Ok(graph)
}

/// A layer with the kernel that measurement chose for it, and the one that the cost model would have.
#[derive(Serialize)]
struct Choice {
    layer: String,
    kernel: String,
    us: f64,
    predicted: String,
    predicted_us: f64,
}

#[wasm_bindgen]
impl Bench {
    /// Convolutions in a row, each with bias and ReLU, from `channels[i]` to `channels[i + 1]` on `size` by `size` pixels
    /// that they keep; their weights are drawn. The pattern is given as settings.
    ///
    /// # Errors
    /// When the pattern is unknown.
    pub fn layers(
        channels: &[u32],
        kernel: usize,
        size: usize,
        pattern: &str,
        sparsity: f32,
    ) -> std::result::Result<Self, JsError> {
        let network = || Self::new(row(channels, kernel, size)?, pattern, sparsity, 1);
        network().map_err(thrown)
    }

    /// A network of the zoo with the weights of a file, every layer pruned by magnitude.
    ///
    /// # Errors
    /// When there is no such network, the file is not its own, or the pattern is unknown.
    pub fn model(
        id: &str,
        file: &[u8],
        pattern: &str,
        sparsity: f32,
        batch: usize,
    ) -> std::result::Result<Self, JsError> {
        let network = || Self::new(zoo(id, file)?, pattern, sparsity, batch);
        network().map_err(thrown)
    }

    fn new(dense: Graph, pattern: &str, sparsity: f32, batch: usize) -> Result<Self> {
        let whole = cut(&dense, pattern, 0.0)?;
        let cut = cut(&dense, pattern, sparsity)?;
        let plan = cut.plan(batch, Choose::Measure)?;
        let own = (sparsity > 0.0).then(|| whole.plan(batch, Choose::Measure)).transpose()?;
        let input = examples(batch, &dense.values[dense.input()].shape[1..]);
        Ok(Self { dense, cut, plan, own, batch, input, output: Vec::new() })
    }

    /// Shape of the input, the batch first.
    pub fn shape(&self) -> Vec<u32> {
        self.input.shape().iter().map(|&n| n as u32).collect()
    }

    /// The input that every run gets.
    pub fn input(&self) -> Vec<f32> {
        self.input.flat().to_vec()
    }

    /// Runs the plan a number of times.
    ///
    /// # Errors
    /// When the input does not fit, which it does.
    pub fn run(&mut self, times: usize) -> std::result::Result<(), JsError> {
        for left in (0..times).rev() {
            let answers = self.plan.run(self.input.flat()).map_err(thrown)?;
            if left == 0 {
                self.output.clear();
                self.output.extend_from_slice(answers);
            }
        }
        Ok(())
    }

    /// Runs the unpruned network's plan a number of times.
    ///
    /// # Errors
    /// When the input does not fit, which it does.
    pub fn run_own(&mut self, times: usize) -> std::result::Result<(), JsError> {
        let plan = self.own.as_mut().unwrap_or(&mut self.plan);
        (0..times).try_for_each(|_| plan.run(self.input.flat()).map(drop)).map_err(thrown)
    }

    /// What the last run gave.
    pub fn output(&self) -> Vec<f32> {
        self.output.clone()
    }

    /// Multiply-adds with weights that are not zero, in one run.
    pub fn macs(&self) -> f64 {
        (self.batch as u64 * count::macs(&self.cut.graph, &self.cut.masks)) as f64
    }

    /// Multiply-adds of the unpruned network, in one run.
    pub fn macs_dense(&self) -> f64 {
        (self.batch as u64 * count::macs(&self.dense, &Default::default())) as f64
    }

    /// Bytes: the plan's buffers; its packed weights; the model; its two largest activations.
    pub fn memory(&self) -> Vec<f64> {
        let packed: usize = self.plan.layers().map(|t| t.why.candidates[0].bytes).sum();
        let graph = &self.cut.graph;
        let activations = graph.values.iter().filter(|v| v.data.is_none());
        let mut sizes: Vec<usize> = activations.map(|v| 4 * self.batch * tensor::count(&v.shape)).collect();
        sizes.sort_unstable();
        let largest: usize = sizes.iter().rev().take(2).sum();
        let dense = graph.parameters().map(|(_, v)| 4 * tensor::count(&v.shape)).sum();
        [self.plan.memory(), packed, dense, largest].map(|n| n as f64).to_vec()
    }

    /// Each layer's measured choice beside the cost model's, as JSON.
    ///
    /// # Errors
    /// When the network does not compile, which it did.
    pub fn choices(&self) -> std::result::Result<String, JsError> {
        let predicted = self.cut.plan(self.batch, Choose::Predict).map_err(thrown)?;
        let choice = |(measured, guess): (crate::compile::Timing, crate::compile::Timing)| {
            let tried = &measured.why.candidates;
            let name = &guess.why.candidates[0].kernel;
            let us = tried.iter().find(|c| c.kernel == *name).map_or(tried[0].us, |c| c.us);
            Choice {
                layer: measured.name,
                kernel: tried[0].kernel.clone(),
                us: tried[0].us,
                predicted: name.clone(),
                predicted_us: us,
            }
        };
        let choices: Vec<Choice> = self.plan.layers().zip(predicted.layers()).map(choice).collect();
        serde_json::to_string(&choices).map_err(|error| JsError::new(&error.to_string()))
    }

    /// The network before pruning, as an ONNX file.
    ///
    /// # Errors
    /// When it does not fit together, which it does.
    pub fn dense(&self) -> std::result::Result<Vec<u8>, JsError> {
        onnx::write(&self.dense, "dense", None).map_err(thrown)
    }

    /// What is left after pruning, its zeros included, as an ONNX file.
    ///
    /// # Errors
    /// When it does not fit together, which it does.
    pub fn pruned(&self) -> std::result::Result<Vec<u8>, JsError> {
        onnx::write(&self.cut.graph, "pruned", None).map_err(thrown)
    }

    /// The layers as JSON, before pruning or what is left after it.
    ///
    /// # Errors
    /// When a layer has no description.
    pub fn described(&self, pruned: bool) -> std::result::Result<Description, JsError> {
        let graph = if pruned { &self.cut.graph } else { &self.dense };
        let description = describe::describe(graph, self.batch).map_err(thrown)?;
        let layers = serde_json::to_string(&description).map_err(|error| JsError::new(&error.to_string()))?;
        Ok(Description { layers, weights: description.weights })
    }
}

/// Layers and their weights, for a peer.
#[wasm_bindgen(getter_with_clone)]
pub struct Description {
    /// The layers, as JSON.
    pub layers: String,
    /// All weights.
    pub weights: Vec<f32>,
}
