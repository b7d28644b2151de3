//! Training between and after the cuts.

use crate::base::error::ErrorKind;
use crate::base::{Error, Result, clock};
use crate::compile::compile;
use crate::data::augment::Augment;
use crate::graph::Masks;
use crate::prune::phase::Train;
use crate::prune::regrow::{Exchange, exchange};
use crate::session::Session;
use crate::session::event::Event;
use crate::session::learning::Learning;
use crate::session::record::Point;
use crate::train::eval::Tally;
use crate::train::lr::Rate;
use crate::train::trainer::TrainStep;
use crate::train::{Gradients, Loss, TrainPlan, Trainer};
use crate::zoo::Model;

use super::{Job, Slice};

impl Job {
    /// One training step, with what the schedule and the regrowing do between steps: these are the processor's, the step itself
    /// is whose it is done faster by.
    pub(super) async fn train(
        &mut self,
        session: &mut Session,
        phase: &Train,
        events: &mut Vec<Event>,
    ) -> Result<Slice> {
        if session.train.is_none() {
            return Ok(Slice::Last);
        }
        if self.state.trainer.is_none() {
            self.state.trainer = Some(self.trainer(session.network()?.0, phase));
        }
        let (step, total) = (self.state.training()?.done(), phase.steps);
        let cut = phase.ramp.and_then(|ramp| ramp.at(step));
        let share = self.exchanged(step, total);
        let done = match (cut, share) {
            (None, None) => self.gpu_step(session, phase).await,
            _ => self.learning.settle(&mut self.state).await.map(|()| None),
        };
        let now = match done {
            Ok(Some(now)) => now,
            Ok(None) => {
                let cutting = match cut {
                    Some(sparsity) => !self.event(session, sparsity, 1, events).await?,
                    None => false,
                };
                if cutting {
                    return Ok(Slice::Part);
                }
                self.cpu_step(session, phase, share, events)?
            }
            Err(error) => {
                self.resume(&error, session, events);
                return Ok(Slice::Part);
            }
        };
        self.state.steps += 1;
        self.state.fresh = false;
        let step = self.state.steps;
        self.curve.push(Point { step, loss: now.loss, accuracy: now.accuracy });
        events.push(Event::Train { step, loss: now.loss, accuracy: now.accuracy, lr: now.rate });
        let trainer = self.state.training()?;
        let over = trainer.finished() || phase.stop == Some(trainer.done());
        if over || trainer.done().is_multiple_of((total / 4).max(25)) {
            if let Err(error) = self.learning.settle(&mut self.state).await {
                self.resume(&error, session, events);
                return Ok(Slice::Part);
            }
            self.validate(session, events)?;
        }
        if over {
            self.state.trainer = None;
        }
        Ok(if over { Slice::Last } else { Slice::Step })
    }

    /// One of the first steps of the dense network, from the weights it was drawn with. What they give is kept to go back to.
    pub(super) async fn early(
        &mut self,
        session: &mut Session,
        phase: &Train,
        events: &mut Vec<Event>,
    ) -> Result<Slice> {
        if self.stashed.is_none() {
            let first = session.network()?.0.initial()?;
            self.stashed =
                Some((std::mem::replace(&mut self.state.graph, first), std::mem::take(&mut self.state.masks)));
        }
        let slice = self.train(session, phase, events).await?;
        if let Some((graph, masks)) = self.stashed.take_if(|_| slice == Slice::Last) {
            self.first = Some(std::mem::replace(&mut self.state.graph, graph));
            self.state.masks = masks;
        }
        Ok(slice)
    }

    fn trainer(&self, model: &Model, phase: &Train) -> Trainer {
        let training = &self.recipe.training;
        let plan = TrainPlan {
            steps: phase.steps,
            batch: training.batch,
            rate: Rate::cosine(phase.rate, phase.steps / 20),
            loss: Loss { distil: phase.distil, ..Loss::CROSS_ENTROPY },
            augment: if training.augment { model.recipe.augment } else { Augment::default() },
            seed: self.recipe.seed.wrapping_add(self.at as u64),
        };
        Trainer::new(plan, training.optimizer(model.recipe.decay))
    }

    /// A step on the GPU, if it is its turn.
    async fn gpu_step(&mut self, session: &Session, phase: &Train) -> Result<Option<TrainStep>> {
        let (Some(data), (_, teacher)) = (&session.train, session.network()?) else { return Ok(None) };
        let lent = match session.lend(&self.recipe, self.recipe.training.batch) {
            Some(lent) if self.learning.turn(&lent, &mut self.state, data).await? => lent,
            _ => {
                self.learning.settle(&mut self.state).await?;
                return Ok(None);
            }
        };
        let (examples, _) = self.split(data);
        let teacher = phase.distil.map(|_| teacher);
        let step = self.learning.step(&lent.device, &mut self.state, teacher, (data, &examples)).await?;
        self.gpu.took.insert("training");
        Ok(Some(step))
    }

    /// Goes back to where the GPU took over, and on from there without it.
    fn resume(&mut self, error: &Error, session: &mut Session, events: &mut Vec<Event>) {
        let learning = std::mem::replace(&mut self.learning, Learning::on_cpu());
        // A loss that is not finite need not be the GPU's fault: the processor will see.
        let left = match error.kind {
            ErrorKind::Diverged => format!("The GPU's {}: the processor did those steps again.", error.message),
            _ => session.without_gpu(error, events),
        };
        self.gpu.left.push(left);
        let Some(safe) = learning.safe() else { return };
        self.curve.truncate(self.curve.len().saturating_sub(self.state.steps - safe.steps));
        self.done = safe.trainer.as_ref().map_or(0, Trainer::done);
        self.state = safe;
    }

    /// A step on the processor, with the exchange that is due.
    fn cpu_step(
        &mut self,
        session: &Session,
        phase: &Train,
        share: Option<f32>,
        events: &mut Vec<Event>,
    ) -> Result<TrainStep> {
        let (Some(data), (_, teacher)) = (&session.train, session.network()?) else {
            return Err(Error::state("no training images are loaded"));
        };
        let (examples, _) = self.split(data);
        let start = clock::now_ms();
        let teacher = phase.distil.map(|_| teacher);
        let (graph, masks, trainer) = self.state.parts()?;
        // What may come back needs its gradient, what stays cut does not.
        let whole = Masks::default();
        let masks = if share.is_some() { &whole } else { masks };
        let (learned, accuracy) = trainer.gradients(graph, masks, teacher, data, &examples)?;
        if let Some(share) = share {
            self.exchange(&learned.grads, share, events)?;
        }
        let step = self.state.apply(learned, accuracy)?;
        self.learning.beat(clock::now_ms() - start);
        Ok(step)
    }

    /// The share of weights that is exchanged at a step, where the regrowing says so.
    fn exchanged(&self, step: usize, total: usize) -> Option<f32> {
        let pick = &self.recipe.choice.regrow;
        if pick.part.meta().params.is_empty() { None } else { Exchange::read(&pick.args).at(step, total) }
    }

    /// Drops the weakest share of the weights and lets others come back.
    fn exchange(&mut self, grads: &Gradients, fraction: f32, events: &mut Vec<Event>) -> Result<()> {
        let (pick, state) = (&self.recipe.choice.regrow, &mut self.state);
        for (_, id) in state.graph.layers().collect::<Vec<_>>() {
            let (Some(grad), Some(mask)) = (grads.get(id), state.masks.get(id)) else { continue };
            let Some(scores) = pick.part.score(grad, &mut state.regrow) else { continue };
            let mut mask = mask.to_vec();
            let new = exchange(state.graph.data(id)?, &mut mask, &scores, fraction);
            state.masks.set(id, mask);
            state.training()?.optimizer.reset(id, |i| new.contains(&i));
        }
        state.masks.apply(&mut state.graph)?;
        self.tell_masks(events);
        Ok(())
    }

    /// Right answers on the training images that are held out.
    fn validate(&self, session: &Session, events: &mut Vec<Event>) -> Result<()> {
        let Some(data) = &session.train else { return Ok(()) };
        let (_, held) = self.split(data);
        // A handful of images leaves none to hold out.
        if held.is_empty() {
            return Ok(());
        }
        let mut plan = compile(&self.state.graph, &self.state.masks, &self.quick(&[]))?;
        let mut tally = Tally::default();
        tally.add(&plan.answers(&data.batch(&held))?, &data.labels(&held));
        let (i, accuracy) = (tally.interval(), tally.accuracy());
        events.push(Event::Accuracy {
            step: self.state.steps,
            accuracy,
            low: i.low,
            high: i.high,
            n: tally.n(),
            split: "validation",
        });
        Ok(())
    }
}
