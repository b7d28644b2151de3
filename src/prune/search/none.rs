//! None: the allocation shares out.

use crate::base::part::{Args, Meta, source};

use super::Search;

crate::part!(Meta {
    id: "none",
    name: "None",
    what: "The allocation says how much of which layer goes.",
    formula: "s_l by the allocation",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[],
});

impl Search for Part {
    fn searches(&self) -> bool {
        false
    }

    fn target(&self, _: &Args) -> Option<(f32, usize)> {
        None
    }
}
