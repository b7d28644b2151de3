//! A pruned layer of any size: how compiling and running it grow with its weights.

use wasm_bindgen::prelude::*;

use crate::base::{Flat, Result, Tensor};
use crate::compile::{Choose, Plan};
use crate::graph::{Builder, build::Square, count};

use super::cut::{BenchCut, cut};
use super::{examples, thrown};

/// Rows and columns of the image that it runs on.
const SIDE: usize = 8;

/// A 1x1 convolution with 90% of its weights cut.
#[wasm_bindgen]
pub struct BenchGrowth {
    cut: BenchCut,
    plan: Plan,
    input: Tensor,
}

#[wasm_bindgen]
impl BenchGrowth {
    /// A layer with as many channels in as out.
    ///
    /// # Errors
    /// When it does not fit together, which it does.
    #[wasm_bindgen(constructor)]
    pub fn new(channels: usize) -> std::result::Result<Self, JsError> {
        let open = || -> Result<Self> {
            let mut build = Builder::new(&[channels, SIDE, SIDE], 1);
            let square = Square { out: channels, kernel: 1, stride: 1, pad: 0 };
            let y = build.conv("conv", build.input(), square, true)?;
            let cut = cut(&build.finish(y), "pattern=element", 0.9)?;
            let plan = cut.plan(1, Choose::Predict)?;
            Ok(Self { cut, plan, input: examples(1, &[channels, SIDE, SIDE]) })
        };
        open().map_err(thrown)
    }

    /// Weights that are not zero.
    pub fn nonzeros(&self) -> f64 {
        count::nonzero(&self.cut.graph) as f64
    }

    /// Compiles a number of times, the kernel by the cost model: measuring candidates takes as long as one likes.
    ///
    /// # Errors
    /// When it does not compile, which it did.
    pub fn compile(&mut self, times: usize) -> std::result::Result<(), JsError> {
        for _ in 0..times {
            self.plan = self.cut.plan(1, Choose::Predict).map_err(thrown)?;
        }
        Ok(())
    }

    /// Runs the plan a number of times.
    ///
    /// # Errors
    /// When the input does not fit, which it does.
    pub fn run(&mut self, times: usize) -> std::result::Result<(), JsError> {
        (0..times).try_for_each(|_| self.plan.run(self.input.flat()).map(drop)).map_err(thrown)
    }
}
