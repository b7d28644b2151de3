//! Feature boosting and suppression: each image runs the channels that matter to it.

use std::rc::Rc;

use crate::base::part::{self, Args, Meta, Param, ParamKind, source};
use crate::base::{Error, Result};
use crate::graph::Graph;
use crate::prune::facts::Facts;
use crate::prune::hook::boosting;
use crate::train::hook::Hook;

use super::Runtime;

static DENSITY: Param = Param {
    key: "density",
    label: "Density",
    what: "Share of each layer's channels that run for an image, rounded up to whole ones.",
    kind: ParamKind::Float { default: 0.5, min: 0.05, max: 1.0, log: false },
};

/// Weight of the sum of saliencies in the loss, as published.
const STRENGTH: f32 = 1e-8;

crate::part!(Meta {
    id: "fbs",
    name: "Feature boosting",
    what: "A small linear layer sees what goes into a convolution and says how much each output channel matters to the image: the most salient are scaled by that, the others are not computed.",
    formula: "g = relu(φ mean|x| + ρ); y = a (g norm(W x) + β), a = 1 for the ⌈d C⌉ channels with the largest g > 0",
    sources: &[source("Gao et al., ICLR 2019", "https://arxiv.org/abs/1810.05331")],
    params: &[DENSITY],
});

impl Runtime for Part {
    fn clash(&self, _: &Args, with: &Facts) -> Option<String> {
        let own = part::Part::meta(self).name;
        if !with.trains {
            return Some(format!("{own} learns which channels an image needs, and this recovery does not train"));
        }
        if let Some(other) = with.instead.filter(|other| *other != own) {
            return Some(format!("{own} takes the place of the cut, and so does {other}"));
        }
        with.no_place_for_a_cut(own, "chooses channels anew for each image")
    }

    fn ask(&self, graph: &Graph) -> Result<()> {
        // Whether a convolution stands before one, the run finds out; a form asks this of every choice.
        match graph.has_norms() {
            true => Ok(()),
            false => Err(Error::setting("runtime", "this network has no batch norm, behind which channels are chosen")
                .hint("choose a network with batch norm, or no runtime")),
        }
    }

    fn density(&self, args: &Args) -> Option<f64> {
        // A density is a decimal, whatever single precision makes of it.
        Some((f64::from(args.float(&DENSITY)) * 1e6).round() / 1e6)
    }

    fn hook(&self, args: &Args) -> Option<Rc<dyn Hook>> {
        self.density(args).map(|density| boosting(density, STRENGTH))
    }
}
