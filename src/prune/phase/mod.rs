//! Phases: what a run is made of, a file each. A phase owns what it needs from one slice to the next, works on the one [`State`] of
//! the run, and leaves who computes to a [`Compute`].

mod boost;
mod cut;
mod cutting;
mod early;
pub mod factor;
mod on_cpu;
mod propagation;
mod recalibrate;
mod reinit;
mod rewind;
mod search;
mod share;
mod train;

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::base::{Result, Tensor};
use crate::data::Dataset;
use crate::graph::{Graph, Masks};
use crate::train::State;
use crate::train::hook::{Going, Hook};
use crate::train::look::{Look, Seen};
use crate::train::trainer::{Lesson, TrainStep};
use crate::zoo::Model;

use super::probe::Batch;
use super::recipe::Recipe;
use super::told::{Stage, Told};

pub use boost::Boosting;
pub use cut::Cut;
pub use early::Early;
pub use factor::Factor;
pub use on_cpu::{OnCpu, layer_times};
pub use recalibrate::Recalibrate;
pub use reinit::Reinit;
pub use rewind::Rewind;
pub use search::Seek;
pub use share::Share;
pub use train::Train;

/// What is there soon. Without a GPU it is there at the first poll.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// How far a phase has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps done.
    pub done: usize,
    /// Steps in all, as far as is known: it may grow.
    pub total: usize,
}

impl Progress {
    /// All is done.
    pub fn over(self) -> bool {
        self.done >= self.total
    }
}

/// A piece of a run, sliced so that a page can breathe.
pub trait Phase {
    /// How it is shown on a timeline before it begins.
    fn stage(&self) -> Stage;

    /// Does one slice.
    ///
    /// After an error, or where the future is dropped before its end, the run is over: nothing can be resumed.
    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress>;

    /// Whether it looks at training images.
    fn needs_images(&self) -> bool {
        false
    }

    /// The highest learning rate, where it trains what is left.
    fn rate(&self) -> Option<f32> {
        None
    }

    /// Why it does nothing to a network, where that is so.
    fn idle(&self, graph: &Graph) -> Option<&'static str> {
        let _ = graph;
        None
    }
}

/// What a trait object shows of itself: whatever it holds would bring its own code into the page's download.
impl Debug for dyn Phase {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stage().label)
    }
}

/// Where a network comes from.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// What it is.
    pub model: &'static Model,
    /// As it was before the run.
    pub dense: &'a Graph,
}

/// What phases find at hand.
pub struct Desk<'a> {
    /// What was asked for.
    pub recipe: &'a Recipe,
    /// The training images, if any are loaded.
    pub data: Option<&'a Dataset>,
    /// Where the network comes from.
    pub start: Start<'a>,
    /// Who computes.
    pub compute: &'a mut dyn Compute,
    /// Who is told what happens.
    pub tell: &'a mut dyn FnMut(Told),
}

/// What calibration passes are for: each sort is tried on a GPU for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Evidence for criteria.
    Evidence,
    /// Statistics of norms.
    Norms,
}

/// A calibration pass over one batch.
#[derive(Clone, Copy, Debug)]
pub struct Looking<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// What to look for.
    pub what: &'a Look,
    /// What for.
    pub purpose: Purpose,
    /// It is the first since the network changed.
    pub first: bool,
}

/// What a calibration pass gave.
#[derive(Debug)]
pub enum Looked {
    /// A part of it is done: the same is to be asked again.
    Part,
    /// What was seen.
    Seen(Seen),
    /// Whoever looked has failed: all since the network changed is to be looked at again.
    Anew,
}

/// What a training step gave.
#[derive(Debug)]
pub enum Stepped {
    /// A part of it is done: the same is to be asked again.
    Part,
    /// It is done.
    Done(TrainStep, Going),
    /// Whoever trained has failed: the state is the one from before it took over.
    Again,
}

/// How many times faster than another a network was, with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Times faster.
    pub ratio: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Who computes. Phases do not know whether it is the processor or a GPU.
pub trait Compute {
    /// Looks at a batch.
    fn look<'a>(&'a mut self, graph: &'a Graph, looking: Looking<'a>) -> Soon<'a, Looked>;

    /// Trains a step. What was moved may lie elsewhere until [`Compute::settle`].
    fn step<'a>(&'a mut self, state: &'a mut State, lesson: Lesson<'a>, hooks: &'a [Rc<dyn Hook>])
    -> Soon<'a, Stepped>;

    /// Brings the state up to date with the steps that were done; `false` is [`Stepped::Again`].
    fn settle<'a>(&'a mut self, state: &'a mut State) -> Soon<'a, bool>;

    /// Answers of a network to a batch; `first` where it is another network than at the last call.
    fn answers<'a>(&'a mut self, state: &'a State, x: &'a Tensor, first: bool) -> Soon<'a, Tensor>;

    /// Microseconds that each layer of a cut network takes for the recipe's batch, in its fastest form, by name.
    fn layers<'a>(&'a mut self, graph: &'a Graph, masks: &'a Masks) -> Soon<'a, Vec<(String, f64)>>;

    /// A cut network against the dense one, for the recipe's batch.
    fn race<'a>(&'a mut self, dense: &'a Graph, cut: (&'a Graph, &'a Masks)) -> Soon<'a, Timed>;
}
