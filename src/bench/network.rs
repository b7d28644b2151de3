//! What the bench page measures: one layer or one network, compiled, beside its ONNX file for the peer to run.
//!
//! Only in builds with the feature `bench`; the product's page does not carry it.

use wasm_bindgen::prelude::*;

use crate::base::{Error, Flat, Result, Rng, Tensor, keyed, stats, tensor};
use crate::compile::{Choose, GroupRule, Plan, compile};
use crate::graph::{Builder, Graph, Masks, build::Square};
use crate::io::{onnx, safetensors};
use crate::kernel::peak;
use crate::session::survey::by_magnitude;
use crate::zoo;

/// A compiled network with a fixed input.
#[wasm_bindgen]
pub struct Bench {
    dense: Graph,
    masks: Masks,
    plan: Plan,
    input: Tensor,
    output: Vec<f32>,
}

#[wasm_bindgen]
impl Bench {
    /// One convolution with bias, `channels` to `channels` on `size` by `size` pixels that it keeps, its weights drawn.
    ///
    /// # Errors
    /// When the pattern is unknown.
    pub fn conv(
        channels: usize,
        kernel: usize,
        size: usize,
        pattern: &str,
        sparsity: f32,
    ) -> std::result::Result<Self, JsError> {
        let layer = || {
            let mut build = Builder::new(&[channels, size, size], 1);
            let square = Square { out: channels, kernel, stride: 1, pad: kernel / 2 };
            let y = build.conv("conv", build.input(), square, true)?;
            Self::new(build.finish(y), pattern, sparsity, 1)
        };
        layer().map_err(thrown)
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
        let network = || {
            let mut graph = zoo::find(id)?.build(1)?;
            safetensors::read(&mut graph, file)?;
            Self::new(graph, pattern, sparsity, batch)
        };
        network().map_err(thrown)
    }

    fn new(dense: Graph, pattern: &str, sparsity: f32, batch: usize) -> Result<Self> {
        let (masks, rules) = prune(&dense, pattern, sparsity)?;
        let plan = compile(&dense, &masks, &rules, batch, Choose::Measure)?;
        let shape: Vec<usize> =
            std::iter::once(batch).chain(dense.values[dense.input].shape[1..].iter().copied()).collect();
        let mut input = tensor::zeros(&shape);
        let mut rng = Rng::fork(1, "bench");
        input.iter_mut().for_each(|x| *x = rng.normal());
        Ok(Self { dense, masks, plan, input, output: Vec::new() })
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

    /// What the last run gave.
    pub fn output(&self) -> Vec<f32> {
        self.output.clone()
    }

    /// Each layer with the kernel that was chosen for it.
    pub fn kernels(&self) -> String {
        self.plan.layers().map(|t| format!("{} {}", t.name, t.why.candidates[0].kernel)).collect::<Vec<_>>().join(", ")
    }

    /// The network before pruning, as an ONNX file.
    ///
    /// # Errors
    /// When it does not fit together, which it does.
    pub fn dense(&self) -> std::result::Result<Vec<u8>, JsError> {
        onnx::write(&self.dense, "dense").map_err(thrown)
    }

    /// The network with its zeros, as an ONNX file.
    ///
    /// # Errors
    /// When it does not fit together, which it does.
    pub fn masked(&self) -> std::result::Result<Vec<u8>, JsError> {
        let mut graph = self.dense.clone();
        self.masks.apply(&mut graph).map_err(thrown)?;
        onnx::write(&graph, "masked").map_err(thrown)
    }
}

/// Runs multiply-adds in registers; gives how many: the rate that nothing can pass.
#[wasm_bindgen]
pub fn bench_peak(rounds: usize) -> f64 {
    peak::run(rounds) as f64
}

/// Ratio of the medians of two interleaved series, and the ends of its 95% interval.
#[wasm_bindgen]
pub fn bench_ratio(over: &[f64], under: &[f64]) -> Vec<f64> {
    let (ratio, interval) = stats::ratio(over, under, 1);
    vec![ratio, interval.low, interval.high]
}

fn thrown(error: Error) -> JsError {
    JsError::new(&error.to_string())
}

/// Masks by magnitude under a pattern, the same share in every layer.
fn prune(graph: &Graph, pattern: &str, sparsity: f32) -> Result<(Masks, Vec<GroupRule>)> {
    if sparsity == 0.0 {
        return Ok((Masks::default(), Vec::new()));
    }
    let sparsity = sparsity.to_string();
    let axes = [("pattern", pattern), ("allocation", "layer"), ("recovery", "none"), ("sparsity", &sparsity)];
    let settings = keyed(axes.into_iter().map(|(key, value)| (key.into(), value.into())));
    by_magnitude(graph.clone(), &settings).map(|(_, masks, rules)| (masks, rules))
}
