//! What a session tells while it works.

use serde::Serialize;
use ts_rs::TS;

use crate::prune::told::{Kept, Stage, Told};
use crate::train::eval::Tally;
use crate::train::hook::Histogram;

use super::record::{Record, Speed};
use super::survey::table::{Row, Table};

/// One thing that happened.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "lowercase")]
#[ts(rename = "LabEvent")]
pub enum Event {
    /// What is going to be done.
    Timeline {
        /// The stages.
        phases: Vec<Stage>,
    },
    /// A stage begins.
    Phase {
        /// Its number.
        index: usize,
        /// What it does, in words.
        label: String,
        /// Its kind.
        kind: String,
    },
    /// A stage goes on.
    Progress {
        /// Its number.
        phase: usize,
        /// Steps done.
        done: usize,
        /// Steps in all.
        total: usize,
    },
    /// A training step.
    Train {
        /// Counted over the whole run.
        step: usize,
        /// Loss of the batch.
        loss: f64,
        /// Share of right answers in the batch.
        accuracy: f64,
        /// Learning rate.
        lr: f32,
    },
    /// An accuracy on images that are not trained on.
    Accuracy {
        /// Training step.
        step: usize,
        /// Share of right answers.
        #[ts(as = "Option<f64>")]
        accuracy: f64,
        /// Lower end of Wilson's interval.
        #[ts(as = "Option<f64>")]
        low: f64,
        /// Upper end.
        #[ts(as = "Option<f64>")]
        high: f64,
        /// Images.
        n: usize,
        /// `validation` or `test`.
        split: &'static str,
    },
    /// Masks have changed.
    Masks {
        /// Share of all weights that is cut.
        sparsity: f64,
        /// Layer by layer.
        layers: Vec<Kept>,
    },
    /// Numbers that a training shapes, four times in its course.
    Shown {
        /// Training step.
        step: usize,
        /// How often they occur.
        histogram: Histogram,
    },
    /// Both networks are timed.
    Speed {
        /// The times.
        speed: Speed,
    },
    /// Something worth saying.
    Note {
        /// `info` or `warn`.
        level: &'static str,
        /// The sentence.
        message: String,
    },
    /// A point of a survey.
    Measured {
        /// The point.
        row: Row,
    },
    /// A survey is finished.
    Survey {
        /// All of it.
        survey: Box<Table>,
    },
    /// The run is finished.
    Result {
        /// What came of it.
        record: Box<Record>,
    },
    /// Nothing more will come.
    Done,
}

impl Event {
    /// What a phase told, if it is for others.
    pub(super) fn of(told: Told) -> Option<Self> {
        Some(match told {
            Told::Train { step, now } => Self::Train { step, loss: now.loss, accuracy: now.accuracy, lr: now.rate },
            Told::Validated { step, tally } => Self::accuracy(step, &tally, "validation"),
            Told::Masks { sparsity, layers } => Self::Masks { sparsity, layers },
            Told::Shown { step, histogram } => Self::Shown { step, histogram },
            Told::Tried { ratio, low, high, .. } => Self::Note {
                level: "info",
                message: format!("Tried: {ratio:.2}× faster here ({low:.2}–{high:.2})."),
            },
            Told::Note(message) => Self::Note { level: "info", message },
            Told::Back { .. } => return None,
        })
    }

    /// Right answers after so many training steps.
    pub(super) fn accuracy(step: usize, tally: &Tally, split: &'static str) -> Self {
        let (i, accuracy) = (tally.interval(), tally.accuracy());
        Self::Accuracy { step, accuracy, low: i.low, high: i.high, n: tally.n(), split }
    }
}
