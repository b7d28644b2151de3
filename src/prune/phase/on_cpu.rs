//! The processor alone, for tests and trials.

use std::rc::Rc;

use crate::base::{Result, Tensor};
use crate::compile::{Choose, Options, compile};
use crate::graph::{Graph, Masks, count};
use crate::train::State;
use crate::train::hook::Hook;
use crate::train::look::look;
use crate::train::step::step;
use crate::train::trainer::Lesson;

use super::{Compute, Looked, Looking, Soon, Stepped, Timed};

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

    fn layers<'a>(&'a mut self, graph: &'a Graph, masks: &'a Masks) -> Soon<'a, Vec<(String, f64)>> {
        Box::pin(async move { layer_times(graph, masks, &Options::default()) })
    }

    fn race<'a>(&'a mut self, dense: &'a Graph, (graph, masks): (&'a Graph, &'a Masks)) -> Soon<'a, Timed> {
        Box::pin(async move {
            // Multiply-adds stand for time: trials without a clock come out the same each time.
            let ratio = count::macs(dense, &Masks::default()) as f64 / count::macs(graph, masks).max(1) as f64;
            Ok(Timed { ratio, low: ratio, high: ratio })
        })
    }
}

/// Microseconds of each weighted layer of a network, by name.
///
/// # Errors
/// When an operator does not take its inputs.
pub fn layer_times(graph: &Graph, masks: &Masks, options: &Options) -> Result<Vec<(String, f64)>> {
    let plan = compile(graph, masks, options)?;
    Ok(plan.layers().map(|layer| (layer.name, layer.why.candidates.first().map_or(0.0, |c| c.us))).collect())
}
