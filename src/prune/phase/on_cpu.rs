//! The processor alone, for tests and trials.

use std::rc::Rc;

use crate::base::Tensor;
use crate::compile::{Choose, Options, compile};
use crate::graph::Graph;
use crate::train::State;
use crate::train::hook::Hook;
use crate::train::look::look;
use crate::train::step::step;
use crate::train::trainer::Lesson;

use super::{Compute, Looked, Looking, Soon, Stepped};

/// Images that are answered at once.
const CHUNK: usize = 50;

/// Computes everything on one thread of the processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnCpu;

impl Compute for OnCpu {
    fn look<'a>(&'a mut self, graph: &'a Graph, looking: Looking<'a>) -> Soon<'a, Looked> {
        Box::pin(async move {
            let (x, labels) = looking.batch;
            look(graph, x, labels, looking.what).map(Looked::Seen)
        })
    }

    fn step<'a>(
        &'a mut self,
        state: &'a mut State,
        lesson: Lesson<'a>,
        hooks: &'a [Rc<dyn Hook>],
    ) -> Soon<'a, Stepped> {
        Box::pin(async move { step(state, &lesson, hooks).map(|(now, flow)| Stepped::Done(now, flow)) })
    }

    fn settle<'a>(&'a mut self, _: &'a mut State) -> Soon<'a, bool> {
        Box::pin(async { Ok(true) })
    }

    fn answers<'a>(&'a mut self, state: &'a State, x: &'a Tensor, _: bool) -> Soon<'a, Tensor> {
        Box::pin(async move {
            let options = Options { batch: CHUNK, choose: Choose::Predict, ..Options::default() };
            compile(&state.graph, &state.masks, &options)?.answers(x)
        })
    }
}
