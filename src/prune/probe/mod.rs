//! Probes: what criteria look at, a file each. A new kind of evidence is a file here and a line in the list below.
//!
//! Most see a network through passes that all of them share, and declare a [`Look`]'s reductions, which a GPU can do as well. Others
//! run the network themselves.

mod curvature;
mod flow;
mod gates;
mod gradient;
mod inputs;
mod squared_gradient;
mod turns;
mod zeros;

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::base::{Result, Tensor};
use crate::graph::op::Mode;
use crate::graph::{Graph, Masks, ValueId};
use crate::train::Loss;
use crate::train::look::{Look, Seen};

pub use curvature::Curvature;
pub use flow::Flow;
pub use gates::Gates;
pub use gradient::Gradient;
pub use inputs::Inputs;
pub use squared_gradient::SquaredGradient;
pub use turns::Turns;
pub use zeros::Zeros;

/// A batch of calibration examples, and their labels.
pub type Batch = (Tensor, Vec<usize>);

/// How a probe sees a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Alone, once, before everything else: no examples are needed.
    Network,
    /// By passes over all batches that probes share.
    Shared,
    /// By passes of its own over all batches, once the shared ones are done.
    Own,
}

/// A network and what it is looked at with, for a probe that runs it itself.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The network.
    pub graph: &'a Graph,
    /// The batch at hand; none for [`Sight::Network`].
    pub batch: Option<&'a Batch>,
    /// Batches in all.
    pub batches: usize,
    /// The loss.
    pub loss: &'a Loss,
    /// Batch statistics or running ones.
    pub mode: Mode,
}

/// Gathers one kind of evidence.
pub trait Probe: Any + Debug + Sync {
    /// How it sees the network.
    fn sight(&self) -> Sight {
        Sight::Shared
    }

    /// Probes whose evidence it builds on.
    fn first(&self) -> &'static [&'static dyn Probe] {
        &[]
    }

    /// What the shared passes are to reduce for it.
    fn reduction(&self, look: &mut Look) {
        let _ = look;
    }

    /// Takes its part of what a shared pass over one of `batches` showed.
    fn take(&self, seen: &mut Seen, batches: usize, evidence: &mut Evidence) {
        let _ = (seen, batches, evidence);
    }

    /// Looks for itself, a slice at a time; says whether all was seen. What it has begun it leaves in [`Evidence::begun`].
    ///
    /// # Errors
    /// When the network does not take the batch, or gives numbers that are not finite.
    fn look(&self, scene: &Scene, evidence: &mut Evidence) -> Result<bool> {
        let _ = (scene, evidence);
        Ok(true)
    }
}

/// What a probe leaves of each weight, or of another value.
pub trait Finds: Probe {
    /// Its evidence of one value.
    type Found: Debug;
    /// What that is, for messages.
    const WHAT: &'static str;
}

/// What was gathered, by probe and weight, and what is cut already.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Masks of earlier events: what they cut takes no part in any score.
    pub cut: Masks,
    /// What a probe that looks for itself has begun.
    pub begun: Option<Box<dyn Any>>,
    /// By the type of the probe. Never iterated: types have no order that lasts from build to build.
    found: BTreeMap<TypeId, Box<dyn Any>>,
}

impl Evidence {
    /// Nothing but what is cut already.
    pub fn of_masks(cut: &Masks) -> Self {
        Self { cut: cut.clone(), ..Self::default() }
    }

    /// All that a probe found, by weight.
    pub fn all<P: Finds>(&mut self) -> &mut BTreeMap<ValueId, P::Found> {
        let new = || Box::new(BTreeMap::<ValueId, P::Found>::new()) as Box<dyn Any>;
        let all = self.found.entry(TypeId::of::<P>()).or_insert_with(new).downcast_mut();
        all.expect("an entry holds what its own probe finds")
    }

    /// What a probe found of a weight, if it was there.
    pub fn of<P: Finds>(&self, id: ValueId) -> Option<&P::Found> {
        self.found.get(&TypeId::of::<P>())?.downcast_ref::<BTreeMap<ValueId, P::Found>>()?.get(&id)
    }
}

/// Whether any of some probes looks at examples.
pub fn see_examples(probes: &[&dyn Probe]) -> bool {
    probes.iter().any(|probe| probe.sight() != Sight::Network)
}

/// Sums numbers up, weight by weight.
fn add(to: &mut BTreeMap<ValueId, Vec<f64>>, id: ValueId, values: Vec<f64>, scale: f64) {
    let sums = to.entry(id).or_insert_with(|| vec![0.0; values.len()]);
    sums.iter_mut().zip(values).for_each(|(s, v)| *s += scale * v);
}
