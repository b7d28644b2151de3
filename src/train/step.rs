//! A training step on the processor, with the hooks that act in it.

use std::rc::Rc;

use crate::base::Result;
use crate::graph::run::{Overlay, Trace};
use crate::graph::{Graph, Masks, mask};

use super::exercise::Exercise;
use super::grad::{Gradients, Slopes};
use super::hook::{Due, Going, Hook};
use super::state::{Hold, State};
use super::trainer::{Lesson, TrainStep};

/// What all hooks together do in the next step.
///
/// # Errors
/// When nothing is being trained.
pub fn due(state: &mut State, hooks: &[Rc<dyn Hook>]) -> Result<Due> {
    let trainer = state.training()?;
    let (step, total) = (trainer.done(), trainer.plan.steps);
    Ok(hooks.iter().fold(Due::NONE, |due, hook| due.and(hook.due(step, total))))
}

/// One step with its hooks; says whether it was the last that they want.
///
/// # Errors
/// When nothing is being trained, the loss is not finite, or a hook meets a network that it was not made for.
pub fn step(state: &mut State, lesson: &Lesson, hooks: &[Rc<dyn Hook>]) -> Result<(TrainStep, Going)> {
    let mut stepping = Stepping::new(state, lesson, hooks)?;
    loop {
        if let Some(done) = stepping.step(state, lesson, hooks)? {
            return Ok(done);
        }
    }
}

/// A step under way, a slice at a time. Until it is done no weight has moved.
#[derive(Debug)]
pub struct Stepping {
    exercise: Exercise,
    /// By hook: whether it acts in this step.
    acts: Vec<bool>,
    /// What is cut gets gradients too.
    dense: bool,
}

impl Stepping {
    /// A step that has its batch.
    ///
    /// # Errors
    /// When nothing is being trained, or a hook meets a network that it was not made for.
    pub fn new(state: &mut State, lesson: &Lesson, hooks: &[Rc<dyn Hook>]) -> Result<Self> {
        let (at, total) = (state.training()?.done(), state.training()?.plan.steps);
        let acts: Vec<bool> = hooks.iter().map(|hook| hook.due(at, total).acts).collect();
        let dense = due(state, hooks)?.dense || state.hold == Hold::Through;
        let acting = || hooks.iter().zip(&acts).filter(|(_, acts)| **acts).map(|(hook, _)| hook);
        acting().try_for_each(|hook| hook.before(state))?;
        let see = seen(state, acting())?;
        let (graph, _, trainer) = state.parts()?;
        Ok(Self { exercise: trainer.exercise(graph, see, lesson)?, acts, dense })
    }

    /// One slice; gives what came of the step once it is done.
    ///
    /// # Errors
    /// When the loss is not finite, or a hook meets a network that it was not made for.
    pub fn step(
        &mut self,
        state: &mut State,
        lesson: &Lesson,
        hooks: &[Rc<dyn Hook>],
    ) -> Result<Option<(TrainStep, Going)>> {
        let whole = Masks::default();
        let (graph, masks, trainer) = state.parts()?;
        let masks = if self.dense { &whole } else { masks };
        let acts = &self.acts;
        let acting = || hooks.iter().zip(acts).filter(|(_, acts)| **acts).map(|(hook, _)| hook);
        let mut press = |graph: &Graph, trace: &Trace, slopes: &mut Slopes| -> Result<f64> {
            acting().try_fold(0.0, |sum, hook| Ok(sum + hook.press(graph, trace, slopes)?))
        };
        let practised = trainer.practise(&mut self.exercise, graph, masks, lesson, &mut press)?;
        let Some((mut learned, accuracy)) = practised else { return Ok(None) };
        let mut loss = learned.loss;
        for hook in acting().rev() {
            loss += hook.pull(state, &mut learned.grads)?;
        }
        let through = state.hold == Hold::Through;
        let (graph, masks, trainer) = state.parts()?;
        trainer.apply(graph, if through { &whole } else { masks }, &learned)?;
        step_extras(state, &learned.grads)?;
        let now = state.training()?.count(loss, accuracy);
        let mut flow = Going::On;
        for hook in acting() {
            if hook.after(state, &learned.grads)? == Going::Stop {
                flow = Going::Stop;
            }
        }
        if state.hold == Hold::Zero {
            state.masks.apply(&mut state.graph)?;
        }
        Ok(Some((now, flow)))
    }
}

/// Parameters as the passes of a step see them, where that is not as they are stored.
fn seen<'a>(state: &State, hooks: impl Iterator<Item = &'a Rc<dyn Hook>>) -> Result<Overlay> {
    let mut see = Overlay::new();
    for hook in hooks {
        hook.view(state, &mut see)?;
    }
    if state.hold == Hold::Through {
        for (id, kept) in state.masks.iter() {
            let stored = || state.graph.data(id).cloned();
            let mut data = see.remove(&id).map_or_else(stored, Ok)?;
            mask::zero(&mut data, kept);
            see.insert(id, data);
        }
    }
    Ok(see)
}

/// Moves what hooks train beside the network.
fn step_extras(state: &mut State, grads: &Gradients) -> Result<()> {
    let mut extras = std::mem::take(&mut state.extras);
    let trainer = state.training()?;
    let rate = trainer.rate();
    for (index, extra) in extras.iter_mut().enumerate() {
        if let (Some(group), Some(grad)) = (extra.group, grads.extra(index)) {
            trainer.optimizer.step_extra(index, &mut extra.data, group, grad, rate);
        }
    }
    state.extras = extras;
    Ok(())
}

/// Ends a training: the stored network becomes what it is used as, with exact zeros where masks cut.
///
/// # Errors
/// When a hook meets a network that it was not made for.
pub fn bake(state: &mut State, hooks: &[Rc<dyn Hook>]) -> Result<()> {
    for hook in hooks {
        hook.bake(state)?;
    }
    state.hold = Hold::Zero;
    state.masks.apply(&mut state.graph)
}
