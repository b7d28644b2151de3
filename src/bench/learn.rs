//! Training steps on one batch: forward, backward, and the optimizer's move.

use wasm_bindgen::prelude::*;

use crate::base::{Result, Tensor};
use crate::graph::op::Mode;
use crate::graph::{Graph, Masks, count};
use crate::train::Loss;
use crate::train::grad::learn;
use crate::train::loss::LossTarget;
use crate::train::optim::Optimizer;
use crate::zoo;

use super::cut::{BenchCut, cut};
use super::{examples, thrown};

/// A network that learns from one batch over and over: time does not depend on what is in it.
#[wasm_bindgen]
pub struct BenchTraining {
    graph: Graph,
    masks: Masks,
    optimizer: Optimizer,
    x: Tensor,
    labels: Vec<usize>,
    done: u64,
}

#[wasm_bindgen]
impl BenchTraining {
    /// A network of the zoo with weights drawn anew, a share of each layer cut for good.
    ///
    /// # Errors
    /// When there is no such network.
    #[wasm_bindgen(constructor)]
    pub fn new(id: &str, sparsity: f32, batch: usize) -> std::result::Result<Self, JsError> {
        let open = || -> Result<Self> {
            let model = zoo::find(id)?;
            let BenchCut { graph, masks, .. } = cut(&model.build(1)?, "pattern=element", sparsity)?;
            let (x, labels) = (examples(batch, model.input), (0..batch).map(|i| i % model.classes).collect());
            Ok(Self { graph, masks, optimizer: Optimizer::sgd(0.9, 5e-4), x, labels, done: 0 })
        };
        open().map_err(thrown)
    }

    /// Trained numbers of the network.
    pub fn parameters(&self) -> usize {
        count::parameters(&self.graph)
    }

    /// Does some steps; gives the last loss.
    ///
    /// # Errors
    /// When the batch does not fit, which it does.
    pub fn step(&mut self, times: usize) -> std::result::Result<f64, JsError> {
        let mut loss = f64::NAN;
        for _ in 0..times {
            loss = self.one().map_err(thrown)?;
        }
        Ok(loss)
    }

    /// As the training loop does it.
    fn one(&mut self) -> Result<f64> {
        let target = LossTarget::labels(&self.labels);
        let mode = Mode::train(self.done << 20);
        let learned = learn(&self.graph, &self.x, &target, &Loss::CROSS_ENTROPY, mode, &self.masks)?;
        self.optimizer.step(&mut self.graph, &learned.grads, &self.masks, 1e-3)?;
        for (id, data) in learned.trace.updates {
            *self.graph.data_mut(id)? = data;
        }
        self.done += 1;
        Ok(learned.loss)
    }
}
