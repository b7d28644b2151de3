//! Layers of which each image runs some channels.

use crate::base::{Result, Rng};
use crate::graph::boosted;
use crate::prune::event::spared;
use crate::prune::remarks::percent;
use crate::prune::told::{Stage, Told};
use crate::train::State;

use super::{Desk, Phase, Progress, Soon};

/// Puts a predictor before each convolution with a batch norm, and lets it choose a share of the channels.
#[derive(Debug)]
pub struct Boosting {
    density: f64,
}

impl Boosting {
    /// Of a share of each layer's channels.
    pub fn new(density: f64) -> Self {
        Self { density }
    }

    fn install(&self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        let spared = spared(&state.graph, &desk.recipe.spare)?;
        let mut rng = Rng::fork(desk.recipe.seed, "boost");
        let mut layers = boosted::candidates(&state.graph);
        layers.retain(|(_, weight)| !spared.contains(weight));
        for (name, weight) in &layers {
            let channels = state.graph.values[*weight].shape[0];
            boosted::install(&mut state.graph, name, boosted::kept(channels, self.density), &mut rng)?;
        }
        let note = match layers.len() {
            0 => "No layer can choose channels: that takes a convolution with a batch norm of its own, which is not spared.".into(),
            some => format!("{some} layers choose channels for each image; the others run whole."),
        };
        (desk.tell)(Told::Note(note));
        Ok(Progress { done: 1, total: 1 })
    }
}

impl Phase for Boosting {
    fn stage(&self) -> Stage {
        Stage::new("boost", format!("Let each image choose {} of the channels", percent(self.density as f32)), 1)
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(std::future::ready(self.install(state, desk)))
    }
}
