//! Retraining, with what the schedule cuts between its steps and what hooks do within them.

use std::rc::Rc;

use crate::base::Result;
use crate::data::augment::Augment;
use crate::prune::recovery::Retraining;
use crate::prune::rhythm::Ramp;
use crate::prune::split::split;
use crate::prune::told::{Stage, Told};
use crate::train::eval::Tally;
use crate::train::hook::{Flow, Hook};
use crate::train::lr::Rate;
use crate::train::step::{bake, due};
use crate::train::trainer::Lesson;
use crate::train::{Loss, State, TrainPlan, Trainer};

use super::cutting::{Cutting, tell_masks};
use super::{Desk, Phase, Progress, Soon, Stepped};

/// Trains what is left, or while it is being cut.
#[derive(Debug)]
pub struct Train {
    /// Steps, rate and teacher.
    training: Retraining,
    /// Pruning between steps.
    ramp: Option<Ramp>,
    /// The step after which it ends before its time.
    stop: Option<usize>,
    /// Seed of order, augmentation and dropout.
    seed: u64,
    examples: Vec<usize>,
    held: Vec<usize>,
    hooks: Vec<Rc<dyn Hook>>,
    /// The event under way before the next step, and the step before which the last one was.
    cutting: Option<Cutting>,
    cut_at: Option<usize>,
}

impl Train {
    /// A training that has not begun.
    pub fn new(training: Retraining, seed: u64) -> Self {
        Self {
            training,
            ramp: None,
            stop: None,
            seed,
            examples: Vec::new(),
            held: Vec::new(),
            hooks: Vec::new(),
            cutting: None,
            cut_at: None,
        }
    }

    /// Ends before its time, after a step.
    pub fn until(self, stop: usize) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Prunes between its steps.
    pub fn cutting(self, ramp: Ramp) -> Self {
        Self { ramp: Some(ramp), ..self }
    }

    async fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        let total = self.stop.unwrap_or(self.training.steps);
        let Some(data) = desk.data else { return Ok(Progress { done: total, total }) };
        if state.trainer.is_none() {
            (self.examples, self.held) = split(data.len());
            state.trainer = Some(self.trainer(desk));
            self.hooks = desk.recipe.choice.hooks();
        }
        let step = state.training()?.done();
        if let Some(sparsity) = self.ramp.and_then(|ramp| ramp.at(step, self.training.steps))
            && self.cut_at != Some(step)
        {
            if !desk.compute.settle(state).await? {
                return self.back(state, desk);
            }
            let cutting = self.cutting.get_or_insert_with(|| Cutting::new(sparsity, 1, state, desk));
            if !cutting.step(state, desk).await? {
                return Ok(Progress { done: step, total });
            }
            (self.cutting, self.cut_at) = (None, Some(step));
        }
        let teacher = self.training.distil.map(|_| desk.origin.dense);
        let lesson = Lesson { data, examples: &self.examples, teacher };
        let due = due(state, &self.hooks)?;
        let Stepped::Done(now, flow) = desk.compute.step(state, lesson, &self.hooks).await? else {
            return self.back(state, desk);
        };
        if due.cuts {
            tell_masks(state, desk);
        }
        state.steps += 1;
        state.fresh = false;
        (desk.tell)(Told::Train { step: state.steps, now });
        let done = state.training()?.done();
        let over = done >= total || flow == Flow::Stop;
        if over || done.is_multiple_of((self.training.steps / 4).max(25)) {
            if !desk.compute.settle(state).await? {
                return self.back(state, desk);
            }
            if over {
                bake(state, &self.hooks)?;
                state.trainer = None;
                state.extras.clear();
            }
            self.validate(state, desk).await?;
        }
        Ok(Progress { done, total: if over { done } else { total } })
    }

    /// Goes on from where whoever failed took over.
    fn back(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        (self.cutting, self.cut_at) = (None, None);
        (desk.tell)(Told::Back { steps: state.steps });
        let total = self.stop.unwrap_or(self.training.steps);
        Ok(Progress { done: state.training()?.done().min(total - 1), total })
    }

    fn trainer(&self, desk: &Desk) -> Trainer {
        let (settings, own) = (&desk.recipe.training, &desk.origin.model.recipe);
        let plan = TrainPlan {
            steps: self.training.steps,
            batch: settings.batch,
            rate: Rate::cosine(self.training.rate, self.training.steps / 20),
            loss: Loss { distil: self.training.distil, ..Loss::CROSS_ENTROPY },
            augment: if settings.augment { own.augment } else { Augment::default() },
            seed: self.seed,
        };
        Trainer::new(plan, settings.optimizer(own.decay))
    }

    /// Right answers on the training images that are held out, of the network as it would be used now.
    async fn validate(&self, state: &State, desk: &mut Desk<'_>) -> Result<()> {
        // A handful of images leaves none to hold out.
        let Some(data) = desk.data.filter(|_| !self.held.is_empty()) else { return Ok(()) };
        let mut baked = state.clone();
        bake(&mut baked, &self.hooks)?;
        let mut tally = Tally::default();
        tally.add(&desk.compute.answers(&baked, &data.batch(&self.held)).await?, &data.labels(&self.held));
        (desk.tell)(Told::Validated { step: state.steps, tally });
        Ok(())
    }
}

impl Phase for Train {
    fn stage(&self) -> Stage {
        let label = match (&self.ramp, &self.training.distil) {
            (Some(ramp), _) => format!("Train while cutting to {:.1}%", 100.0 * ramp.sparsity),
            (None, Some(_)) => "Train with the unpruned network as teacher".into(),
            (None, None) => "Train what is left".into(),
        };
        let steps = self.stop.unwrap_or(self.training.steps);
        Stage { sparsity: self.ramp.map(|ramp| ramp.sparsity), ..Stage::new("train", label, steps) }
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(self.slice(state, desk))
    }

    fn needs_images(&self) -> bool {
        true
    }

    fn rate(&self) -> Option<f32> {
        Some(self.training.rate)
    }
}
