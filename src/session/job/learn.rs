//! Training between and after the cuts.

use crate::base::Result;
use crate::compile::compile;
use crate::data::Dataset;
use crate::graph::Masks;
use crate::graph::op::{BatchNorm, Mode};
use crate::graph::run::trace;
use crate::prune::engine;
use crate::prune::evidence::{How, gather};
use crate::prune::phase::Train;
use crate::prune::regrow::{Exchange, exchange};
use crate::session::Session;
use crate::session::event::Event;
use crate::session::preview::kept;
use crate::session::record::Point;
use crate::train::eval::Tally;
use crate::train::lr::Rate;
use crate::train::optim::Optimizer;
use crate::train::{Gradients, Loss, Plan, Trainer};

use super::Job;

/// Images of a training batch.
const BATCH: usize = 64;

impl Job {
    /// One training step, with what the schedule and the regrowing do between steps.
    pub(super) async fn train(&mut self, session: &Session, phase: &Train, events: &mut Vec<Event>) -> Result<bool> {
        let (Some(data), (model, teacher)) = (&session.train, session.network()?) else { return Ok(true) };
        let (examples, held) = self.split(data);
        let mut trainer = self.trainer.take().unwrap_or_else(|| {
            let plan = Plan {
                steps: phase.steps,
                batch: BATCH,
                rate: Rate::cosine(phase.rate, phase.steps / 20),
                loss: Loss { distil: phase.distil, ..Loss::CROSS_ENTROPY },
                augment: model.recipe.augment,
                seed: self.recipe.seed.wrapping_add(self.at as u64),
            };
            let mut optimizer = Optimizer::sgd(0.9, model.recipe.decay);
            optimizer.decay_all = false;
            Trainer::new(plan, optimizer)
        });
        let step = trainer.done();
        if let Some(share) = phase.ramp.and_then(|ramp| ramp.at(step)) {
            let criterion = &self.recipe.criterion;
            let how = How {
                needs: criterion.part.needs(),
                mode: Mode::EVAL,
                temperature: criterion.part.temperature(&criterion.args),
            };
            if how.needs.data() && self.batches.is_empty() {
                self.batches = self.calibration(session);
            }
            let evidence = gather(&self.graph, &self.batches, how)?;
            self.cut(&evidence, share, events)?;
        }
        // What may come back needs its gradient, what stays cut does not.
        let share = self.exchanged(step, phase.steps);
        let whole = Masks::default();
        let masks = if share.is_some() { &whole } else { &self.masks };
        let teacher = phase.distil.map(|_| teacher);
        let (learned, accuracy) = trainer.gradients(&self.graph, masks, teacher, data, &examples)?;
        if let Some(share) = share {
            self.exchange(&mut trainer, &learned.grads, share, events)?;
        }
        let now = trainer.apply(&mut self.graph, &self.masks, learned, accuracy)?;
        self.steps += 1;
        self.curve.push(Point { step: self.steps, loss: now.loss, accuracy: now.accuracy });
        events.push(Event::Train { step: self.steps, loss: now.loss, accuracy: now.accuracy, lr: now.rate });
        let over = trainer.finished();
        if over || trainer.done().is_multiple_of((phase.steps / 4).max(25)) {
            self.validate(data, &held, events)?;
        }
        self.trainer = (!over).then_some(trainer);
        Ok(over)
    }

    /// The share of weights that is exchanged at a step, where the regrowing says so.
    fn exchanged(&self, step: usize, total: usize) -> Option<f32> {
        let pick = &self.recipe.regrow;
        if pick.part.meta().params.is_empty() { None } else { Exchange::read(&pick.args).at(step, total) }
    }

    /// Drops the weakest share of the weights and lets others come back.
    fn exchange(
        &mut self,
        trainer: &mut Trainer,
        grads: &Gradients,
        fraction: f32,
        events: &mut Vec<Event>,
    ) -> Result<()> {
        let pick = self.recipe.regrow.clone();
        for (_, id) in self.graph.layers().collect::<Vec<_>>() {
            let (Some(grad), Some(mask)) = (grads.get(id), self.masks.get(id)) else { continue };
            let Some(scores) = pick.part.score(grad, &mut self.regrow) else { continue };
            let mut mask = mask.to_vec();
            let new = exchange(self.graph.data(id)?, &mut mask, &scores, fraction);
            self.masks.set(id, mask);
            trainer.optimizer.reset(id, |i| new.contains(&i));
        }
        self.masks.apply(&mut self.graph)?;
        events.push(Event::Masks {
            sparsity: engine::sparsity(&self.graph, &self.masks),
            layers: kept(&self.graph, &self.masks),
        });
        Ok(())
    }

    fn validate(&self, data: &Dataset, held: &[usize], events: &mut Vec<Event>) -> Result<()> {
        let mut plan = compile(&self.graph, &self.masks, &self.quick(&[]))?;
        let mut tally = Tally::default();
        tally.add(&plan.answers(&data.batch(held))?, &data.labels(held));
        let (i, accuracy) = (tally.interval(), tally.accuracy());
        events.push(Event::Accuracy {
            step: self.steps,
            accuracy,
            low: i.low,
            high: i.high,
            n: tally.n(),
            split: "validation",
        });
        Ok(())
    }

    /// One batch of new running statistics: plain averages over all batches.
    pub(super) fn recalibrate(&mut self, session: &Session, batches: usize) -> Result<bool> {
        let Some(data) = &session.train else { return Ok(true) };
        let (examples, _) = self.split(data);
        let start = self.done * BATCH % examples.len();
        let picks: Vec<usize> = examples[start..(start + BATCH).min(examples.len())].to_vec();
        let run = trace(&self.graph, &data.batch(&picks), Mode::train(self.recipe.seed))?;
        let momentum = BatchNorm::default().momentum;
        for (id, new) in run.updates {
            // The operator blends with its momentum; undo that and blend by count instead.
            let old = self.graph.data_mut(id)?;
            let share = 1.0 / (self.done + 1) as f32;
            old.zip_mut_with(&new, |o, &n| {
                let batch = (n - (1.0 - momentum) * *o) / momentum;
                *o += share * (batch - *o);
            });
        }
        Ok(self.done + 1 >= batches)
    }
}
