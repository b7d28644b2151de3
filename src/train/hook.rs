//! What acts inside a training step: on the parameters as the passes see them, on their gradients, and on the network between steps.
//!
//! A step goes: [`Hook::before`]; [`Hook::view`], in order; the pass forward over what is seen; [`Hook::press`]; the pass back;
//! [`Hook::pull`], in the opposite order; the optimizer; running statistics; [`Hook::after`]. What masks cut is zero again at the end, as the state's [`Hold`](super::state::Hold) says.

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::base::Result;
use crate::graph::Graph;
use crate::graph::run::{Overlay, Trace};

use super::grad::{Gradients, Slopes};
use super::state::State;

/// What a hook does in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// It acts: the step is the processor's.
    pub acts: bool,
    /// What is cut needs gradients too.
    pub dense: bool,
    /// Masks may be other ones after the step.
    pub cuts: bool,
}

impl Due {
    /// Nothing.
    pub const NONE: Self = Self { acts: false, dense: false, cuts: false };

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { acts: self.acts || other.acts, dense: self.dense || other.dense, cuts: self.cuts || other.cuts }
    }
}

/// Whether a training goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Going {
    /// With the next step.
    #[default]
    On,
    /// This was its last step.
    Stop,
}

/// How often numbers of a kind occur.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Histogram {
    /// What they are.
    pub what: String,
    /// Largest of them; the smallest that is counted is 0.
    pub top: f32,
    /// Counts in equal bins from 0 to the largest.
    pub counts: Vec<u32>,
}

/// Bins of a histogram.
const BINS: usize = 32;

impl Histogram {
    /// Of numbers that are not negative.
    pub fn new(what: &str, numbers: &[f32]) -> Self {
        let top = numbers.iter().copied().fold(0.0, f32::max);
        let mut counts = vec![0; BINS];
        for &x in numbers {
            let bin = if top > 0.0 { (x / top * BINS as f32) as usize } else { 0 };
            counts[bin.min(BINS - 1)] += 1;
        }
        Self { what: what.into(), top, counts }
    }
}

/// Acts inside a training step. It is configuration only: what changes from step to step lies in the [`State`].
pub trait Hook {
    /// What it does in a step of a training of `total` steps.
    fn due(&self, step: usize, total: usize) -> Due;

    /// Before anything else in the step: resets, annealing.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn before(&self, state: &mut State) -> Result<()> {
        let _ = state;
        Ok(())
    }

    /// Puts what the passes are to see of a parameter into `see`; what an earlier hook put there is what it starts from.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn view(&self, state: &State, see: &mut Overlay) -> Result<()> {
        let _ = (state, see);
        Ok(())
    }

    /// Penalties on activations: adds the slopes of its own where they arise, by value, and gives the penalty.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn press(&self, graph: &Graph, trace: &Trace, slopes: &mut Slopes) -> Result<f64> {
        let _ = (graph, trace, slopes);
        Ok(0.0)
    }

    /// Turns gradients by what was seen into gradients by what is stored, and adds its own; gives the penalty.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn pull(&self, state: &mut State, grads: &mut Gradients) -> Result<f64> {
        let _ = (state, grads);
        Ok(0.0)
    }

    /// After the optimizer's move.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn after(&self, state: &mut State, grads: &Gradients) -> Result<Going> {
        let _ = (state, grads);
        Ok(Going::On)
    }

    /// Numbers worth drawing now and then.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn shows(&self, state: &State) -> Result<Option<Histogram>> {
        let _ = state;
        Ok(None)
    }

    /// Makes the stored network what it is used as once the training is over: numbers and masks.
    ///
    /// # Errors
    /// When the network is not one that it was made for.
    fn bake(&self, state: &mut State) -> Result<()> {
        let _ = state;
        Ok(())
    }
}

impl Debug for dyn Hook {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a hook")
    }
}
