//! Two plans of one pruned network, to be timed against each other: in floats and in bytes, on one thread and on several.

use wasm_bindgen::prelude::*;

use crate::base::{Flat, Result, Tensor};
use crate::compile::{Options, Plan, observe};
use crate::graph::Graph;

use super::cut::cut;
use super::{examples, network, thrown};

/// Calibration examples.
const CALIBRATION: usize = 64;

/// Two plans and the input that both get.
#[wasm_bindgen]
pub struct BenchPair {
    plans: [Plan; 2],
    input: Tensor,
}

#[wasm_bindgen]
impl BenchPair {
    /// Convolutions in a row as of [`super::Bench::layers`]: in floats, and in bytes.
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
        let pair = || Self::int8(network::row(channels, kernel, size)?, pattern, sparsity, 1);
        pair().map_err(thrown)
    }

    /// A network of the zoo, pruned: in floats, and in bytes.
    ///
    /// # Errors
    /// When there is no such network, the file is not its own, or the pattern is unknown.
    pub fn precision(
        id: &str,
        file: &[u8],
        pattern: &str,
        sparsity: f32,
        batch: usize,
    ) -> std::result::Result<Self, JsError> {
        let pair = || Self::int8(network::zoo(id, file)?, pattern, sparsity, batch);
        pair().map_err(thrown)
    }

    /// A network of the zoo, pruned: on one thread, and on several, which must have been started.
    ///
    /// # Errors
    /// When there is no such network, the file is not its own, or the pattern is unknown.
    pub fn threads(
        id: &str,
        file: &[u8],
        pattern: &str,
        sparsity: f32,
        batch: usize,
        threads: usize,
    ) -> std::result::Result<Self, JsError> {
        let pair = || {
            let dense = network::zoo(id, file)?;
            let input = examples(batch, &dense.values[dense.input()].shape[1..]);
            let cut = cut(&dense, pattern, sparsity)?;
            let plan = |threads| cut.plan_for(&Options { batch, threads, ..Options::default() });
            Ok(Self { plans: [plan(1)?, plan(threads)?], input })
        };
        pair().map_err(thrown)
    }

    fn int8(dense: Graph, pattern: &str, sparsity: f32, batch: usize) -> Result<Self> {
        let shape = &dense.values[dense.input()].shape[1..];
        let (input, seen) = (examples(batch, shape), examples(CALIBRATION, shape));
        let cut = cut(&dense, pattern, sparsity)?;
        let ranges = observe(&cut.graph, &cut.masks, &seen, 16)?;
        let plan = |ranges| cut.plan_for(&Options { batch, ranges, ..Options::default() });
        Ok(Self { plans: [plan(None)?, plan(Some(&ranges))?], input })
    }

    /// Runs one of the plans a number of times.
    ///
    /// # Errors
    /// When the input does not fit, which it does.
    pub fn run(&mut self, which: usize, times: usize) -> std::result::Result<(), JsError> {
        (0..times).try_for_each(|_| self.plans[which].run(self.input.flat()).map(drop)).map_err(thrown)
    }
}
