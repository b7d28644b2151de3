//! The first training steps of the dense network, for survivors to go back to what they give.

use crate::base::Result;
use crate::graph::{Graph, Masks};
use crate::prune::told::Stage;
use crate::train::State;

use super::{Desk, Phase, Progress, Soon, Train};

/// Trains the network from the weights it was drawn with, keeps what comes of it, and puts back what was there.
#[derive(Debug)]
pub struct Early {
    train: Train,
    /// The network at hand and its masks, meanwhile.
    stashed: Option<(Graph, Masks)>,
}

impl Early {
    /// By a training that stops after the steps in question.
    pub fn new(train: Train) -> Self {
        Self { train, stashed: None }
    }

    async fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        if self.stashed.is_none() {
            let first = desk.start.model.initial()?;
            self.stashed = Some((std::mem::replace(&mut state.graph, first), std::mem::take(&mut state.masks)));
        }
        let progress = self.train.step(state, desk).await?;
        if let Some((graph, masks)) = self.stashed.take_if(|_| progress.over()) {
            state.early = Some(std::mem::replace(&mut state.graph, graph));
            state.masks = masks;
        }
        Ok(progress)
    }
}

impl Phase for Early {
    fn stage(&self) -> Stage {
        Stage { label: "Train the dense network from its first weights".into(), ..self.train.stage() }
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(self.slice(state, desk))
    }
}
