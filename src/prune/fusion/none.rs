//! None: kept weights stay as they are.

use crate::base::part::{Meta, source};

use super::Fusion;

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "Every kept weight is a number of its own.",
    formula: "w",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Fusion for Part {}
