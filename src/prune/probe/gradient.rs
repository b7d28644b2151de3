//! The mean gradient of the loss, in the weight's shape.

use crate::base::Tensor;
use crate::train::look::{Look, Seen, blend};

use super::{Evidence, Finds, Probe};

/// ∂L/∂w, mean over all examples.
#[derive(Debug)]
pub struct Gradient;

impl Finds for Gradient {
    type Found = Tensor;
    const WHAT: &'static str = "the gradient";
}

impl Probe for Gradient {
    fn reduction(&self, look: &mut Look) {
        look.grad = true;
    }

    fn take(&self, seen: &mut Seen, batches: usize, evidence: &mut Evidence) {
        let (share, all) = (1.0 / batches as f32, evidence.all::<Self>());
        std::mem::take(&mut seen.grad).into_iter().for_each(|(id, g)| blend(all, id, g, share));
    }
}
