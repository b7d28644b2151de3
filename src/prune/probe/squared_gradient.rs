//! The mean over examples of squared gradients: the diagonal of the empirical Fisher matrix.

use crate::base::Tensor;
use crate::train::look::{Look, Seen, blend};

use super::{Evidence, Finds, Probe};

/// (∂L/∂w)², each example by itself, in the weight's shape.
#[derive(Debug)]
pub struct SquaredGradient;

impl Finds for SquaredGradient {
    type Found = Tensor;
    const WHAT: &'static str = "the squared gradient";
}

impl Probe for SquaredGradient {
    fn reduction(&self, look: &mut Look) {
        look.grad_squared = true;
    }

    fn take(&self, seen: &mut Seen, batches: usize, evidence: &mut Evidence) {
        let (share, all) = (1.0 / batches as f32, evidence.all::<Self>());
        std::mem::take(&mut seen.grad_squared).into_iter().for_each(|(id, g)| blend(all, id, g, share));
    }
}
