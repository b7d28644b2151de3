//! Channel: an output channel with everything that makes and reads it, removed for real.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Error, Result};
use crate::graph::Graph;
use crate::graph::couple::{Group, groups};
use crate::prune::target::Units;

use super::Pattern;

static ROUND: Param = Param {
    key: "round",
    label: "Round widths to",
    what: "Widths are kept at multiples of this; kernels work on four channels at a time.",
    kind: ParamKind::Int { default: 1, min: 1, max: 32 },
};

crate::part!(Meta {
    id: "channel",
    name: "Channel",
    what: "Whole channels leave, with all that makes and reads them: a smaller dense network, fast anywhere.",
    formula: "unit = {w[o, :], b[o], γ[o], β[o], next w[:, o], ...}",
    sources: &[
        source("Li et al., ICLR 2017", "https://arxiv.org/abs/1608.08710"),
        source("Fang et al., CVPR 2023", "https://arxiv.org/abs/2301.12900"),
    ],
    params: &[ROUND],
});

impl Pattern for Part {
    fn units(&self, _: &[usize], _: &Args) -> Result<Units> {
        Err(Error::unsupported("channels are units of the whole network, not of a weight"))
    }

    fn physical(&self) -> bool {
        true
    }

    fn groups_of(&self, graph: &Graph, _: &Args) -> Result<Vec<Group>> {
        groups(graph)
    }

    fn channelwise(&self) -> bool {
        true
    }

    fn round(&self, args: &Args) -> usize {
        args.int(&ROUND)
    }
}
