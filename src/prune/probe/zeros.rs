//! Shares of zeros of output channels.

use crate::train::look::{Look, Seen};

use super::{Evidence, Finds, Probe, add};

/// Share of zeros of each output channel once activated, `[out]`.
#[derive(Debug)]
pub struct Zeros;

impl Finds for Zeros {
    type Found = Vec<f64>;
    const WHAT: &'static str = "the share of zeros";
}

impl Probe for Zeros {
    fn reduction(&self, look: &mut Look) {
        look.zeros = true;
    }

    fn take(&self, seen: &mut Seen, batches: usize, evidence: &mut Evidence) {
        let (share, all) = (1.0 / batches as f64, evidence.all::<Self>());
        std::mem::take(&mut seen.zeros).into_iter().for_each(|(id, zeros)| add(all, id, zeros, share));
    }
}
