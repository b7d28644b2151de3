//! Random: any cut weight may come back.

use std::rc::Rc;

use crate::base::part::{Args, Meta, source};
use crate::base::{Rng, Tensor};
use crate::prune::hook::exchanging;
use crate::train::hook::Hook;

use super::{EVERY, Exchange, FRACTION, Regrow};

crate::part!(Meta {
    id: "random",
    name: "Random",
    what: "The weakest weights make room for others drawn at random.",
    formula: "grow ~ U",
    sources: &[source("Mocanu et al., Nature Communications 2018", "https://arxiv.org/abs/1707.04780")],
    params: &[EVERY, FRACTION],
});

impl Regrow for Part {
    fn hook(&self, args: &Args) -> Option<Rc<dyn Hook>> {
        Some(exchanging(&Self, Exchange::read(args)))
    }

    fn score(&self, grad: &Tensor, rng: &mut Rng) -> Option<Vec<f32>> {
        Some(grad.iter().map(|_| rng.uniform()).collect())
    }
}
