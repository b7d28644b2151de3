//! All that a run changes, as plain data: a clone is a snapshot to go back to.

use crate::base::{Error, Result, Rng};
use crate::graph::{Graph, Masks};

use super::grad::Learned;
use super::trainer::{TrainStep, Trainer};

/// A network in the course of a run.
#[derive(Clone, Debug)]
pub struct State {
    /// The network; what masks cut is zero.
    pub graph: Graph,
    /// What is cut.
    pub masks: Masks,
    /// Whether the weights are as they were drawn, with nothing learned.
    pub fresh: bool,
    /// Training under way, with its optimizer.
    pub trainer: Option<Trainer>,
    /// Training steps of the whole run so far.
    pub steps: usize,
    /// What is drawn when weights come back.
    pub regrow: Rng,
}

impl State {
    /// A network that was trained before, as a run with a seed finds it.
    pub fn new(graph: Graph, masks: Masks, seed: u64) -> Self {
        Self { graph, masks, fresh: false, trainer: None, steps: 0, regrow: Rng::fork(seed, "regrow") }
    }

    /// Puts another network in place of this one, and cuts it as this one is cut.
    ///
    /// # Errors
    /// When a mask does not fit.
    pub fn replace(&mut self, graph: Graph) -> Result<()> {
        self.graph = graph;
        self.masks.apply(&mut self.graph)
    }

    /// The training that is under way.
    ///
    /// # Errors
    /// When there is none.
    pub fn training(&mut self) -> Result<&mut Trainer> {
        Ok(self.parts()?.2)
    }

    /// The network, its masks and its training, apart.
    ///
    /// # Errors
    /// When nothing is being trained.
    pub fn parts(&mut self) -> Result<(&mut Graph, &Masks, &mut Trainer)> {
        match &mut self.trainer {
            Some(trainer) => Ok((&mut self.graph, &self.masks, trainer)),
            None => Err(Error::state("nothing is being trained")),
        }
    }

    /// Moves the weights by gradients.
    ///
    /// # Errors
    /// When nothing is being trained, or a trained value carries no numbers.
    pub fn apply(&mut self, learned: Learned, accuracy: f64) -> Result<TrainStep> {
        let (graph, masks, trainer) = self.parts()?;
        trainer.apply(graph, masks, learned, accuracy)
    }
}
