//! One pruning event: evidence, scores, allocation, masks, and the zeros themselves.

use wasm_bindgen::prelude::*;

use crate::base::Result;
use crate::graph::op::Mode;
use crate::graph::{Graph, Masks};
use crate::io::safetensors;
use crate::prune::evidence::{Batch, Evidence, How, gather};
use crate::prune::{Recipe, Settings, event};
use crate::zoo;

use super::{examples, thrown};

/// Examples of a batch of calibration.
const BATCH: usize = 64;

/// A network of the zoo that is pruned over and over, always from its shipped weights.
#[wasm_bindgen]
pub struct BenchPruning {
    graph: Graph,
    batches: Vec<Batch>,
}

#[wasm_bindgen]
impl BenchPruning {
    /// A network with the weights of a file, and some examples for criteria that look at any.
    ///
    /// # Errors
    /// When there is no such network or the file is not its own.
    #[wasm_bindgen(constructor)]
    pub fn new(id: &str, file: &[u8], calibration: usize) -> std::result::Result<Self, JsError> {
        let open = || -> Result<Self> {
            let model = zoo::find(id)?;
            let mut graph = model.build(1)?;
            safetensors::read(&mut graph, file)?;
            let labels: Vec<usize> = (0..BATCH).map(|i| i % model.classes).collect();
            let batch = (examples(BATCH, model.input), labels);
            Ok(Self { graph, batches: vec![batch; calibration.div_ceil(BATCH)] })
        };
        open().map_err(thrown)
    }

    /// Cuts 90% of the weights, layers competing, a number of times; gives how many weights are left.
    ///
    /// # Errors
    /// When there is no such criterion.
    pub fn run(&self, criterion: &str, times: usize) -> std::result::Result<f64, JsError> {
        let mut left = 0.0;
        for _ in 0..times {
            left = self.one(criterion).map_err(thrown)?;
        }
        Ok(left)
    }

    fn one(&self, criterion: &str) -> Result<f64> {
        let pairs = [("criterion", criterion), ("sparsity", "0.9"), ("recovery", "none")];
        let settings: Settings = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let recipe = Recipe::read(&settings)?;
        let needs = recipe.choice.criterion.part.needs();
        let evidence = if needs.data() {
            gather(&self.graph, &self.batches, How { needs, mode: Mode::EVAL, temperature: 1.0 })?
        } else {
            Evidence::default()
        };
        let targets = event::targets(&self.graph, &recipe.choice.pattern)?;
        let scored = event::score(&self.graph, &targets, &recipe.choice.criterion, &evidence, recipe.seed)?;
        let keep = event::allocate(&scored, &recipe.choice.allocation, recipe.sparsity, recipe.min_keep)?;
        let masks: Masks = event::masks(&self.graph, &targets, &scored, &keep, 1);
        let mut pruned = self.graph.clone();
        masks.apply(&mut pruned)?;
        let kept = |id: usize| masks.kept(id, pruned.values[id].shape.iter().product());
        Ok(pruned.layers().map(|(_, id)| kept(id) as f64).sum())
    }
}
