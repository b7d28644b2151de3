//! What parts do inside a training step, as [hooks](crate::train::hook::Hook) of the trainer.

mod boosting;
mod exchange;
mod momentum;
mod scales;
mod shared;
mod soft_threshold;
mod through;

use std::rc::Rc;

use crate::base::Result;
use crate::graph::{Graph, Masks, ValueId};

pub use boosting::{boosting, press};
pub use exchange::exchanging;
pub use momentum::{MomentumLayer, Redistribution, momentum_exchange, redistribute};
pub use scales::shrinking;
pub use shared::{shared, tie};
pub use soft_threshold::thresholds;
pub use through::{Refresh, through};

/// Masks of a network as it is for a share, by a recipe's pattern, criterion and allocation.
pub type Masker = Rc<dyn Fn(&Graph, f32) -> Result<Masks>>;

/// What a training is to come to, for hooks that choose masks themselves.
#[derive(Clone)]
pub struct Aim {
    /// Share to be cut.
    pub sparsity: f32,
    /// Weights that take part.
    pub weights: Vec<ValueId>,
    /// How masks are chosen.
    pub mask: Masker,
}

impl std::fmt::Debug for Aim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.sparsity)
    }
}
