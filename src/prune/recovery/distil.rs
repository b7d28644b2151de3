//! Distil: the network learns from its own unpruned self.

use crate::base::part::{Args, Meta, Param, ParamKind, source};

use super::{After, RATE, Recovery, Retraining, STEPS, train};

static ALPHA: Param = Param {
    key: "alpha",
    label: "Teacher's weight",
    what: "Share of the loss that comes from the teacher's answers.",
    kind: ParamKind::Float { default: 0.7, min: 0.0, max: 1.0, log: false },
};
static TEMPERATURE: Param = Param {
    key: "temperature",
    label: "Temperature",
    what: "Softens the answers of both before they are compared.",
    kind: ParamKind::Float { default: 4.0, min: 1.0, max: 20.0, log: false },
};

crate::part!(Meta {
    id: "distil",
    name: "Distil",
    what: "Retraining goes on with the unpruned network as a teacher.",
    formula: "L = α T² KL(teacher/T ‖ student/T) + (1 - α) CE",
    sources: &[source("Hinton et al., 2015", "https://arxiv.org/abs/1503.02531")],
    params: &[STEPS, RATE, ALPHA, TEMPERATURE],
});

impl Recovery for Part {
    fn after(&self, args: &Args) -> After {
        let distil = Some((args.float(&ALPHA), args.float(&TEMPERATURE)));
        After { train: Some(Retraining { distil, ..train(args) }), ..After::default() }
    }
}
