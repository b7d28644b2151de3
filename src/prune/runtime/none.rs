//! None: every image runs the whole network.

use crate::base::part::{Meta, source};

use super::Runtime;

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "Every image runs the whole network.",
    formula: "y = f(x)",
    sources: &[source("Cheng et al., TPAMI 2024", "https://arxiv.org/abs/2308.06767")],
    params: &[],
});

impl Runtime for Part {}
