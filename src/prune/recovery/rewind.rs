//! Rewind: survivors go back to the weights they were drawn with, and learn again.

use crate::base::part::{Args, Meta, Param, ParamKind, source};

use super::{After, Back, RATE, Recovery, STEPS, train};

static TO: Param = Param {
    key: "to",
    label: "Rewind to step",
    what: "Survivors go back to where the dense network stood after so many steps of a first training; 0 is where it was drawn.",
    kind: ParamKind::Int { default: 0, min: 0, max: 5000 },
};

crate::part!(Meta {
    id: "rewind",
    name: "Rewind",
    what: "Survivors go back to the weights they were drawn with, or to early ones, and learn again: the lottery ticket test.",
    formula: "w ← w_k ∘ m, then train",
    sources: &[
        source("Frankle and Carbin, ICLR 2019", "https://arxiv.org/abs/1803.03635"),
        source("Frankle et al., ICML 2020", "https://arxiv.org/abs/1912.05671"),
        source("Renda et al., ICLR 2020", "https://arxiv.org/abs/2003.02389"),
    ],
    params: &[STEPS, RATE, TO],
});

impl Recovery for Part {
    fn after(&self, args: &Args) -> After {
        let back = match args.int(&TO) {
            0 => Back::Start,
            step => Back::Step(step),
        };
        After { rewind: Some(back), train: Some(train(args)), ..After::default() }
    }
}
