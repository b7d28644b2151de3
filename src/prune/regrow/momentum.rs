//! Momentum: what is dropped anywhere comes back in the layers, and at the places, that momentum is largest.

use std::rc::Rc;

use crate::base::part::{Args, Meta, source};
use crate::base::{Rng, Tensor};
use crate::prune::hook::momentum_exchange;
use crate::train::hook::Hook;

use super::{EVERY, Exchange, FRACTION, Regrow};

crate::part!(Meta {
    id: "momentum",
    name: "Momentum",
    what: "The weakest weights of every layer make room where the running mean of gradients is largest, over all layers.",
    formula: "layer's share ∝ mean |m| of its kept weights; grow the largest |m| where w is cut",
    sources: &[source("Dettmers and Zettlemoyer, 2019", "https://arxiv.org/abs/1907.04840")],
    params: &[EVERY, FRACTION],
});

impl Regrow for Part {
    fn hook(&self, args: &Args) -> Option<Rc<dyn Hook>> {
        Some(momentum_exchange(Exchange::read(args)))
    }

    fn score(&self, _: &Tensor, _: &mut Rng) -> Option<Vec<f32>> {
        None
    }
}
