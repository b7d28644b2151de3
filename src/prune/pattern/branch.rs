//! Branch: a whole residual branch, and the stream that it is added to goes on without it.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Error, Result};
use crate::graph::Graph;
use crate::graph::bypass::branches;
use crate::graph::couple::Group;
use crate::prune::facts::Facts;
use crate::prune::target::Units;

use super::Pattern;

static JOIN: Param = Param {
    key: "join",
    label: "Branches of a unit",
    what: "So many branches that follow each other leave together: 2 makes a unit of each layer of a transformer.",
    kind: ParamKind::Int { default: 1, min: 1, max: 8 },
};

crate::part!(Meta {
    id: "branch",
    name: "Branch",
    what: "Whole residual branches leave, and the stream beside them goes on: a network with fewer layers.",
    formula: "x + f(x) becomes x",
    sources: &[
        source("Men et al., ShortGPT, 2024", "https://arxiv.org/abs/2403.03853"),
        source("Veit et al., NeurIPS 2016", "https://arxiv.org/abs/1605.06431"),
    ],
    params: &[JOIN],
});

impl Pattern for Part {
    fn units(&self, _: &[usize], _: &Args) -> Result<Units> {
        Err(Error::unsupported("branches are units of the whole network, not of a weight"))
    }

    fn physical(&self) -> bool {
        true
    }

    fn channelwise(&self) -> bool {
        true
    }

    fn bypasses(&self) -> bool {
        true
    }

    fn groups_of(&self, graph: &Graph, args: &Args) -> Result<Vec<Group>> {
        Ok(branches(graph, args.int(&JOIN)).into_iter().collect())
    }

    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        with.solves.then(|| "where a whole branch leaves, no weight is left that could be solved for".into())
    }
}
