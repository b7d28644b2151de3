//! Gradient: the cut weights that the loss asks for most come back.

use std::rc::Rc;

use crate::base::part::{Args, Meta, source};
use crate::base::{Rng, Tensor};
use crate::prune::hook::exchanging;
use crate::train::hook::Hook;

use super::{EVERY, Exchange, FRACTION, Regrow};

crate::part!(Meta {
    id: "gradient",
    name: "Gradient",
    what: "The weakest weights make room for those that the gradient asks for most.",
    formula: "grow the largest |∂L/∂w| where m = 0",
    sources: &[source("Evci et al., ICML 2020", "https://arxiv.org/abs/1911.11134")],
    params: &[EVERY, FRACTION],
});

impl Regrow for Part {
    fn hook(&self, args: &Args) -> Option<Rc<dyn Hook>> {
        Some(exchanging(&Self, Exchange::read(args)))
    }

    fn score(&self, grad: &Tensor, _: &mut Rng) -> Option<Vec<f32>> {
        Some(grad.iter().map(|g| g.abs()).collect())
    }
}
