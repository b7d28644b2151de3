//! Searches: how much of which layer, found by trying.

mod latency;
mod none;

use crate::base::part::{Args, Part};

use super::facts::Facts;

pub use latency::{LayerTimes, share_out};

/// A rule that finds shares by trials on this machine.
pub trait Search: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let (own, pattern) = (self.meta().name, with.names.pattern);
        match (self.searches(), with.instead) {
            (false, _) => None,
            _ if with.own_share => Some(format!("{own} gives each layer its share, and {pattern} cuts its own")),
            _ if with.physical => Some(format!("{own} times layers that keep their shape, and {pattern} changes it")),
            (true, Some(other)) => Some(format!("{own} shares out what a cut leaves out, and {other} cuts nothing")),
            _ if with.gates => Some(format!("{own} shares out what an event cuts, and a gate cuts without one")),
            _ if !with.once || with.untrained => {
                Some(format!("{own} shares out one cut of a trained network: it goes with One-shot"))
            }
            _ => (!with.scores_at_once).then(|| {
                format!("{own} scores again for every trial, and this criterion looks at images for its scores")
            }),
        }
    }

    /// Whether it searches.
    fn searches(&self) -> bool {
        true
    }

    /// How many times faster the network is to be, and how often the budget may be corrected.
    fn target(&self, args: &Args) -> Option<(f32, usize)>;
}

/// All searches.
pub static ALL: &[&dyn Search] = &[&none::Part, &latency::Part];
