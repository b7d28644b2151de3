//! What the phases of a run tell while they work, and how they are shown on a timeline.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::base::tensor;
use crate::graph::{Graph, Masks, ValueId};
use crate::train::eval::Tally;
use crate::train::hook::Histogram;
use crate::train::trainer::TrainStep;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Told {
    /// A training step, numbered over the whole run.
    Train {
        /// Its number.
        step: usize,
        /// What it gave.
        now: TrainStep,
    },
    /// Steps after this one were lost and are done again.
    Back {
        /// The last step that stands.
        steps: usize,
    },
    /// Right answers on training images that are held out.
    Validated {
        /// Training steps so far.
        step: usize,
        /// The answers.
        tally: Tally,
    },
    /// A trial of a search: the shares that were tried, and how many times faster the network was, with its interval.
    Tried {
        /// By layer, as settings have them.
        shares: String,
        /// Times faster.
        ratio: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Numbers that a training shapes, four times in its course.
    Shown {
        /// Training steps so far.
        step: usize,
        /// How often they occur.
        histogram: Histogram,
    },
    /// Something worth knowing.
    Note(String),
    /// Masks have changed.
    Masks {
        /// Share of all weights that is cut.
        sparsity: f64,
        /// Layer by layer.
        layers: Vec<Kept>,
    },
}

/// Weights kept of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub struct Kept {
    /// Name of the layer.
    pub name: String,
    /// Weights kept.
    pub kept: usize,
    /// Weights it has.
    pub total: usize,
}

/// Weights kept, layer by layer.
pub fn kept(graph: &Graph, masks: &Masks) -> Vec<Kept> {
    let row = |(node, id): (usize, ValueId)| {
        let total = tensor::count(&graph.values[id].shape);
        Kept { name: graph.nodes[node].name.clone(), kept: masks.kept(id, total), total }
    };
    graph.layers().map(row).collect()
}

/// A piece of a run on its timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Stage {
    /// `reinit prune train rewind recalibrate fuse evaluate compile measure`, and what else a phase may do.
    pub kind: String,
    /// What it does, in words.
    pub label: String,
    /// Steps it takes.
    pub steps: usize,
    /// Share cut after it, if it cuts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sparsity: Option<f32>,
}

impl Stage {
    /// A stage that cuts nothing.
    pub fn new(kind: &str, label: impl Into<String>, steps: usize) -> Self {
        Self { kind: kind.into(), label: label.into(), steps, sparsity: None }
    }
}
