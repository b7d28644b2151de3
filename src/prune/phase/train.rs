//! Retraining, with what the schedule cuts between its steps and what hooks do within them.

use std::rc::Rc;

use crate::base::Result;
use crate::data::{Dataset, augment::Augment};
use crate::graph::{Graph, Masks};
use crate::prune::event;
use crate::prune::hook::Aim;
use crate::prune::probe::Evidence;
use crate::prune::recipe::Recipe;
use crate::prune::recovery::Retraining;
use crate::prune::rhythm::{Beat, Rhythm};
use crate::prune::split::split;
use crate::prune::target::Target;
use crate::prune::told::{Stage, Told};
use crate::train::eval::Tally;
use crate::train::hook::{Going, Hook};
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
    rhythm: Option<Rhythm>,
    /// What it is called, where it is not called by what else it does.
    label: Option<String>,
    /// What acts in it in place of the recipe's regrowing and gate.
    only: Option<Vec<Rc<dyn Hook>>>,
    /// What was cut when it began.
    held: Masks,
    /// The step after which it ends before its time.
    stop: Option<usize>,
    /// Seed of order, augmentation and dropout.
    seed: u64,
    examples: Vec<usize>,
    held_out: Vec<usize>,
    hooks: Vec<Rc<dyn Hook>>,
    /// The event under way before the next step, and the step before which the last one was.
    cutting: Option<Cutting>,
    cut_at: Option<usize>,
    /// Steps that are done, and whether there are to be no more.
    done: usize,
    over: bool,
    /// Held-out images that are being answered.
    validation: Option<Box<Validation>>,
}

/// Answers to held-out images under way, by the network as it would be used now.
#[derive(Debug)]
struct Validation {
    baked: State,
    tally: Tally,
}

/// Held-out images of a slice.
const IMAGES: usize = 100;

impl Train {
    /// A training that has not begun.
    pub fn new(training: Retraining, seed: u64) -> Self {
        Self {
            training,
            rhythm: None,
            label: None,
            only: None,
            held: Masks::default(),
            stop: None,
            seed,
            examples: Vec::new(),
            held_out: Vec::new(),
            hooks: Vec::new(),
            cutting: None,
            cut_at: None,
            done: 0,
            over: false,
            validation: None,
        }
    }

    /// Of the dense network alone, to its first steps: it ends before its time, and nothing that cuts acts in it.
    pub fn until(self, stop: usize) -> Self {
        Self { stop: Some(stop), only: Some(Vec::new()), ..self }
    }

    /// Prunes between its steps.
    pub fn cutting(self, rhythm: Rhythm) -> Self {
        Self { rhythm: Some(rhythm), ..self }
    }

    /// With one hook and nothing that cuts.
    pub fn with(self, label: String, hook: Rc<dyn Hook>) -> Self {
        Self { label: Some(label), only: Some(vec![hook]), ..self }
    }

    /// With a gate of this name.
    pub fn gated(self, gate: &str) -> Self {
        Self { label: Some(format!("Train while {gate} cuts")), ..self }
    }

    async fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        let total = self.stop.unwrap_or(self.training.steps);
        let Some(data) = desk.data else { return Ok(Progress { done: total, total }) };
        if self.validation.is_some() {
            self.validate(data, desk).await?;
            return Ok(self.progress());
        }
        if state.trainer.is_none() {
            (self.examples, self.held_out) = split(data.len());
            state.trainer = Some(self.trainer(desk));
            self.held = state.masks.clone();
            self.hooks = match &self.only {
                Some(hooks) => hooks.clone(),
                None => desk.recipe.choice.hooks(self.aim(&state.graph, desk.recipe)?),
            };
        }
        let step = state.training()?.done();
        let beat = self.rhythm.as_ref().and_then(|rhythm| rhythm.beat(step, self.training.steps));
        if let Some(beat) = beat.filter(|_| self.cut_at != Some(step)) {
            if !desk.compute.settle(state).await? {
                return self.back(state, desk);
            }
            if !self.turn(beat, state, desk).await? {
                return Ok(self.progress());
            }
            (self.cutting, self.cut_at) = (None, Some(step));
        }
        let teacher = self.training.distil.map(|_| desk.start.dense);
        let lesson = Lesson { data, examples: &self.examples, teacher };
        let due = due(state, &self.hooks)?;
        let (now, flow) = match desk.compute.step(state, lesson, &self.hooks).await? {
            Stepped::Done(now, flow) => (now, flow),
            Stepped::Part => return Ok(self.progress()),
            Stepped::Again => return self.back(state, desk),
        };
        if due.cuts {
            tell_masks(state, desk);
        }
        state.steps += 1;
        state.fresh = false;
        (desk.tell)(Told::Train { step: state.steps, now });
        if (now.index + 1).is_multiple_of((self.training.steps / 4).max(1)) {
            for hook in &self.hooks {
                if let Some(histogram) = hook.shows(state)? {
                    (desk.tell)(Told::Shown { step: state.steps, histogram });
                }
            }
        }
        self.done = state.training()?.done();
        self.over = self.done >= total || flow == Going::Stop;
        if self.over || self.done.is_multiple_of((self.training.steps / 4).max(25)) {
            if !desk.compute.settle(state).await? {
                return self.back(state, desk);
            }
            if self.over {
                bake(state, &self.hooks)?;
                if desk.recipe.choice.gate.part.gates() && self.only.is_none() {
                    tell_masks(state, desk);
                }
                state.trainer = None;
                state.extras.clear();
            }
            // A handful of images leaves none to hold out.
            if !self.held_out.is_empty() {
                let mut baked = state.clone();
                bake(&mut baked, &self.hooks)?;
                self.validation = Some(Box::new(Validation { baked, tally: Tally::default() }));
            }
        }
        Ok(self.progress())
    }

    /// One slice of what is due before a step; says whether it is done.
    async fn turn(&mut self, beat: Beat, state: &mut State, desk: &mut Desk<'_>) -> Result<bool> {
        let sparsity = match beat {
            Beat::Cut(sparsity) | Beat::CutAnew(sparsity) => sparsity,
            Beat::Whole => {
                state.masks = self.held.clone();
                state.training()?.optimizer.forget();
                tell_masks(state, desk);
                return Ok(true);
            }
        };
        let cutting = self.cutting.get_or_insert_with(|| Cutting::new(sparsity, 1, state, desk));
        let over = cutting.step(state, desk).await?;
        if over && matches!(beat, Beat::CutAnew(_)) {
            state.training()?.optimizer.forget();
        }
        Ok(over)
    }

    /// What hooks that choose masks themselves come to.
    fn aim(&self, graph: &Graph, recipe: &Recipe) -> Result<Aim> {
        let targets = event::candidates(graph, recipe)?;
        let weight = |target: &Target| if let Target::Weight { id, .. } = target { Some(*id) } else { None };
        let (sparsity, recipe, held) = (recipe.sparsity, recipe.clone(), self.held.clone());
        let mask = move |graph: &Graph, share| event::cut(graph, &recipe, Evidence::default(), &held, share);
        Ok(Aim { sparsity, weights: targets.iter().filter_map(weight).collect(), mask: Rc::new(mask) })
    }

    /// How far it has come. What is trained and not validated yet is not over.
    fn progress(&self) -> Progress {
        let total = self.stop.unwrap_or(self.training.steps);
        match (self.over, self.validation.is_some()) {
            (true, false) => Progress { done: self.done, total: self.done },
            (true, true) => Progress { done: self.done - 1, total: self.done },
            _ => Progress { done: self.done, total },
        }
    }

    /// Goes on from where whoever failed took over.
    fn back(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        (self.cutting, self.cut_at, self.over) = (None, None, false);
        self.done = state.training()?.done();
        (desk.tell)(Told::Back { steps: state.steps });
        Ok(self.progress())
    }

    fn trainer(&self, desk: &Desk) -> Trainer {
        let (settings, own) = (&desk.recipe.training, &desk.start.model.recipe);
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

    /// Answers to some more of the images that are held out.
    async fn validate(&mut self, data: &Dataset, desk: &mut Desk<'_>) -> Result<()> {
        let Some(Validation { baked, tally }) = self.validation.as_deref_mut() else { return Ok(()) };
        let seen = tally.n() / data.truths();
        let picks = &self.held_out[seen..(seen + IMAGES).min(self.held_out.len())];
        tally.add(&desk.compute.answers(baked, &data.batch(picks), seen == 0).await?, &data.labels(picks));
        if tally.n() == self.held_out.len() * data.truths() {
            (desk.tell)(Told::Validated { step: baked.steps, tally: std::mem::take(tally) });
            self.validation = None;
        }
        Ok(())
    }
}

impl Phase for Train {
    fn stage(&self) -> Stage {
        let sparsity = self.rhythm.as_ref().and_then(Rhythm::sparsity);
        let label = match (sparsity, &self.training.distil) {
            _ if self.label.is_some() => self.label.clone().unwrap_or_default(),
            (Some(sparsity), _) => format!("Train while cutting to {:.1}%", 100.0 * sparsity),
            (None, Some(_)) => "Train with the unpruned network as teacher".into(),
            (None, None) => "Train what is left".into(),
        };
        let steps = self.stop.unwrap_or(self.training.steps);
        Stage { sparsity, ..Stage::new("train", label, steps) }
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
