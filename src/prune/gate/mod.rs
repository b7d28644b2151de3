//! Gates: what is cut while the network learns, and can come back: masks are chosen again and again, or learned.

mod dpf;
mod none;
mod sr_ste;
mod str;

use std::rc::Rc;

use crate::base::part::{Args, Part};
use crate::train::hook::Hook;

use super::facts::Facts;
use super::hook::Aim;

/// A rule that cuts inside a training.
pub trait Gate: Part {
    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let own = self.meta().name;
        if !self.gates() {
            return None;
        }
        if !with.trains {
            return Some(format!("{own} cuts while the network learns, and this recovery does not train"));
        }
        if !with.once {
            return Some(format!("{own} cuts in every step by itself: it goes with One-shot"));
        }
        if self.follows() && !with.single {
            return Some(format!("{own} cuts single weights, and {} does not", with.names.pattern));
        }
        (!self.follows() && !with.scores_at_once)
            .then(|| format!("{own} scores in every step, and this criterion looks at images for its scores"))
    }

    /// Whether it cuts anything.
    fn gates(&self) -> bool {
        true
    }

    /// Whether the share that is cut follows from what is learned, whatever is asked for.
    fn follows(&self) -> bool {
        false
    }

    /// What it does inside the training, if anything.
    fn hook(&self, aim: Aim, args: &Args) -> Option<Rc<dyn Hook>>;
}

/// All gates.
pub static ALL: &[&dyn Gate] = &[&none::Part, &sr_ste::Part, &dpf::Part, &str::Part];
