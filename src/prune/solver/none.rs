//! None: what is kept keeps its weight.

use crate::base::part::{Args, Meta, source};
use crate::base::{Error, Result};

use super::{Facing, Solver, Solving};

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "What is kept keeps its weight.",
    formula: "w ∘ m",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Solver for Part {
    fn solves(&self) -> bool {
        false
    }

    fn begin(&self, _: Facing, _: &Args) -> Result<Box<dyn Solving>> {
        Err(Error::state("there is nothing to solve"))
    }
}
