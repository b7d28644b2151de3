//! What the parts of a recipe are like, so that each can say what it does not go with: no part names another.

use crate::base::part::Meta;

/// What a choice on every axis comes to.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Names of the chosen parts, for messages.
    pub names: Names,
    /// A unit is a whole output channel.
    pub channelwise: bool,
    /// Units are residual branches.
    pub branchwise: bool,
    /// Units are channels, removed for real.
    pub physical: bool,
    /// A unit is a single weight.
    pub single: bool,
    /// Units lie within rows of a weight.
    pub row_units: Option<RowUnits>,
    /// The pattern cuts its own share, the same everywhere.
    pub own_share: bool,
    /// What is left is trained.
    pub trains: bool,
    /// Survivors go back to earlier weights.
    pub rewinds: bool,
    /// The schedule prunes between training steps, or trains what is left.
    pub needs_training: bool,
    /// Pruning starts from weights that were never trained.
    pub untrained: bool,
    /// One event, or none but those of a gate.
    pub once: bool,
    /// Criterion and allocation are those that stand where none is chosen.
    pub usual_order: bool,
    /// The criterion has its scores from the weights alone.
    pub scores_at_once: bool,
    /// Masks are chosen, or learned, in every step.
    pub gates: bool,
    /// Weights are solved for.
    pub solves: bool,
    /// What takes the place of the cut, so that no weight is: layers that become two, channels that are chosen for each image.
    pub instead: Option<&'static str>,
}

impl Facts {
    /// Why a part that takes the place of the cut does not go with the others; `does` is what it does to a trained network, once.
    pub fn no_place_for_a_cut(&self, own: &str, does: &str) -> Option<String> {
        match () {
            () if !self.single => {
                Some(format!("{own} {does} and cuts nothing: {} has no part in it", self.names.pattern))
            }
            () if !self.usual_order => {
                Some(format!("{own} {does} and cuts nothing: no other criterion, and no allocation, has a part in it"))
            }
            () if self.gates => Some(format!("{own} {does}, and a gate cuts in every step")),
            () if self.solves => Some(format!("{own} {does}, and a solver gives kept weights their values")),
            () if self.rewinds => Some(format!("{own} {does}: what it makes has no earlier weights to go back to")),
            () if self.untrained || !self.once => {
                Some(format!("{own} {does}, and starts from a trained network: it goes with One-shot"))
            }
            () => None,
        }
    }
}

/// Units that lie within a row of a weight, [out, in · taps]: what a solver can choose among, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowUnits {
    /// Single weights.
    Single,
    /// N of every M neighbouring input channels, at one tap.
    Groups {
        /// Kept of a group.
        n: usize,
        /// Size of a group.
        m: usize,
    },
    /// Runs of so many weights.
    Blocks(usize),
}

/// Names of the parts that others speak of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names {
    /// Of the pattern.
    pub pattern: &'static str,
    /// Of the schedule.
    pub schedule: &'static str,
}

impl Names {
    /// Of a pattern and a schedule.
    pub fn new(pattern: &'static Meta, schedule: &'static Meta) -> Self {
        Self { pattern: pattern.name, schedule: schedule.name }
    }
}
