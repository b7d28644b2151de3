//! How a network that says which character comes next writes on: the same start and the same chances, before and after.

use crate::base::{Flat, Result, Rng, Tensor};
use crate::compile::{Choose, Options, Plan, compile};
use crate::data::{Dataset, Task, text};
use crate::graph::Masks;
use crate::graph::op::softmax;
use crate::session::Session;
use crate::session::plan::WRITTEN;
use crate::session::record::Written;

use super::Job;

/// Divides the answers before a character is drawn: below 1 the likelier ones are likelier still.
const TEMPERATURE: f32 = 0.7;

/// Two texts under way.
#[derive(Debug)]
pub(in crate::session) struct Writing {
    plans: [Plan; 2],
    /// Characters by number, the start among them.
    codes: [Vec<u8>; 2],
    chances: Rng,
    start: usize,
}

impl Writing {
    /// Both texts so far, with what they begin with.
    pub fn written(&self, test: &Dataset) -> Written {
        let [before, after] = [0, 1].map(|i| text::decode(test.card, &self.codes[i][self.start..]));
        Written { start: text::decode(test.card, &self.codes[0][..self.start]), before, after }
    }

    /// One more character of each.
    fn write(&mut self, window: usize) -> Result<()> {
        let chance = self.chances.uniform();
        for (plan, codes) in self.plans.iter_mut().zip(&mut self.codes) {
            let x: Vec<f32> = codes[codes.len() - window..].iter().map(|&code| f32::from(code)).collect();
            let answers = plan.run(&x)?;
            let last = &answers[answers.len() - answers.len() / window..];
            codes.push(draw(last, chance)?);
        }
        Ok(())
    }
}

/// The character at a chance in 0..1, each as long as it is likely.
fn draw(answers: &[f32], chance: f32) -> Result<u8> {
    let scaled: Vec<f32> = answers.iter().map(|x| x / TEMPERATURE).collect();
    let shares: Tensor = softmax(&crate::base::tensor::from_vec(&[1, answers.len()], scaled)?);
    let mut sum = 0.0;
    let at = shares.flat().iter().position(|share| {
        sum += share;
        sum > chance
    });
    Ok(at.unwrap_or(answers.len().saturating_sub(1)) as u8)
}

impl Job {
    /// Writes on for some characters; says whether all are there.
    #[inline(never)]
    pub(super) fn write(&mut self, session: &Session) -> Result<bool> {
        let Some(test) = session.test.as_ref().filter(|test| test.card.task == Task::NextToken) else {
            return Ok(true);
        };
        if self.tested.writing.is_none() {
            let quick = Options { choose: Choose::Predict, ..Options::default() };
            let (network, masks) = self.pruned();
            let plans = [compile(session.network()?.1, &Masks::default(), &quick)?, compile(network, &masks, &quick)?];
            let start: Vec<u8> = test.batch(&[0]).iter().map(|&code| code as u8).collect();
            let chances = Rng::fork(self.asked.recipe.seed, "writing");
            self.tested.writing = Some(Writing { plans, start: start.len(), codes: [start.clone(), start], chances });
        }
        let Some(writing) = &mut self.tested.writing else { return Ok(true) };
        for _ in 0..WRITTEN.each {
            writing.write(writing.start)?;
        }
        Ok(writing.codes[0].len() >= writing.start + WRITTEN.all)
    }

    /// What both networks wrote.
    pub(in crate::session) fn written(&self, test: &Dataset) -> Option<Written> {
        self.tested.writing.as_ref().map(|writing| writing.written(test))
    }
}
