//! Norms of input features.

use crate::train::look::{Look, Seen};

use super::{Evidence, Finds, Probe, add};

/// Sum of squares of each input feature over all examples, `[in]`; depthwise layers have one for each channel.
#[derive(Debug)]
pub struct Inputs;

impl Finds for Inputs {
    type Found = Vec<f64>;
    const WHAT: &'static str = "the input norm";
}

impl Probe for Inputs {
    fn reduction(&self, look: &mut Look) {
        look.inputs = true;
    }

    fn take(&self, seen: &mut Seen, _: usize, evidence: &mut Evidence) {
        let all = evidence.all::<Self>();
        std::mem::take(&mut seen.inputs).into_iter().for_each(|(id, sums)| add(all, id, sums, 1.0));
    }
}
