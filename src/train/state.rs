//! All that a run changes, as plain data: a clone is a snapshot to go back to.

use crate::base::{Error, Result, Rng, Tensor};
use crate::graph::{Graph, Masks};

use super::optim::ParamGroup;
use super::trainer::Trainer;

/// What masks mean while a network is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// What is cut is stored as zero and seen as zero.
    #[default]
    Zero,
    /// What is cut is stored with its number, which goes on learning, and seen as zero.
    Through,
}

/// Numbers that a hook keeps from step to step: they are in no file and no digest.
#[derive(Clone, Debug)]
pub struct Extra {
    /// What they are.
    pub name: String,
    /// The numbers.
    pub data: Tensor,
    /// How they are trained; `None` where they are kept and not trained.
    pub group: Option<ParamGroup>,
}

/// A network in the course of a run.
#[derive(Clone, Debug)]
pub struct State {
    /// The network; what masks cut is zero, unless it is held otherwise.
    pub graph: Graph,
    /// What is cut.
    pub masks: Masks,
    /// What that means while it is trained.
    pub hold: Hold,
    /// Numbers of the hooks of the training under way.
    pub extras: Vec<Extra>,
    /// Whether the weights are as they were drawn, with nothing learned.
    pub fresh: bool,
    /// Training under way, with its optimizer.
    pub trainer: Option<Trainer>,
    /// Training steps of the whole run so far.
    pub steps: usize,
    /// What is drawn when weights come back.
    pub regrow: Rng,
    /// Shares by layer that a search found, as settings have them.
    pub shares: Option<String>,
    /// What rewinding goes back to, where that is not the very beginning.
    pub early: Option<Graph>,
}

impl State {
    /// A network that was trained before, as a run with a seed finds it.
    pub fn new(graph: Graph, masks: Masks, seed: u64) -> Self {
        Self {
            graph,
            masks,
            hold: Hold::Zero,
            extras: Vec::new(),
            fresh: false,
            trainer: None,
            steps: 0,
            regrow: Rng::fork(seed, "regrow"),
            shares: None,
            early: None,
        }
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

    /// An extra by its name, if a hook keeps one.
    pub fn extra(&self, name: &str) -> Option<usize> {
        self.extras.iter().position(|extra| extra.name == name)
    }
}
