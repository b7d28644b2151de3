//! Gathering evidence: once per event for all layers, a step at a time.

use std::any::Any;

use crate::base::{Error, Result};
use crate::graph::Graph;
use crate::graph::op::Mode;
use crate::train::look::{Look, Seen, look};
use crate::train::loss::Loss;

use super::probe::{Batch, Evidence, Probe, Scene, Sight, see_examples};

/// How evidence is gathered.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// What is looked at.
    pub probes: &'static [&'static dyn Probe],
    /// Batch statistics or running ones: networks that were never trained have no running statistics worth using.
    pub mode: Mode,
    /// Divides the answers before the loss.
    pub temperature: f32,
}

/// Gathers evidence in steps, so that long work can be interrupted.
#[derive(Debug)]
pub struct Gatherer {
    /// All probes, those that others build on before these.
    probes: Vec<&'static dyn Probe>,
    mode: Mode,
    loss: Loss,
    evidence: Evidence,
    done: usize,
}

impl Gatherer {
    /// Nothing gathered yet.
    pub fn new(how: How) -> Self {
        let mut probes: Vec<&'static dyn Probe> = Vec::new();
        let mut put = |probe: &'static dyn Probe| {
            let same = |other: &&dyn Probe| (*other as &dyn Any).type_id() == (probe as &dyn Any).type_id();
            if !probes.iter().any(same) {
                probes.push(probe);
            }
        };
        for probe in how.probes {
            probe.first().iter().for_each(|first| put(*first));
            put(*probe);
        }
        let loss = Loss { temperature: how.temperature, ..Loss::CROSS_ENTROPY };
        Self { probes, mode: how.mode, loss, evidence: Evidence::default(), done: 0 }
    }

    fn seeing(&self, sight: Sight) -> impl Iterator<Item = &'static dyn Probe> {
        self.probes.iter().copied().filter(move |probe| probe.sight() == sight)
    }

    /// Number of steps for some batches.
    pub fn steps(&self, batches: usize) -> usize {
        let passes = usize::from(self.seeing(Sight::Shared).next().is_some()) + self.seeing(Sight::Own).count();
        self.seeing(Sight::Network).count() + batches * passes
    }

    /// What to look for in each batch.
    pub fn look(&self) -> Look {
        let mut look = Look::none(self.mode, self.loss);
        self.probes.iter().for_each(|probe| probe.reduction(&mut look));
        look
    }

    /// The batch that the next step looks at, where it does no more than [`Gatherer::look`] says: others may look at it, and
    /// give what they saw to [`Gatherer::add`] instead of doing the step.
    pub fn looks_at(&self, batches: usize) -> Option<usize> {
        self.seeing(Sight::Shared).next()?;
        self.done.checked_sub(self.seeing(Sight::Network).count()).filter(|&batch| batch < batches)
    }

    /// Does step `done` of [`Gatherer::steps`], or a slice of it where a probe looks for itself.
    ///
    /// # Errors
    /// When a batch does not fit the network.
    pub fn step(&mut self, graph: &Graph, batches: &[Batch]) -> Result<()> {
        let n = batches.len();
        if let Some(batch) = self.looks_at(n) {
            let (x, labels) = &batches[batch];
            let seen = look(graph, x, labels, &self.look())?;
            self.add(seen, n);
            return Ok(());
        }
        let at = self.done;
        let alone = self.seeing(Sight::Network).count();
        let shared = if self.seeing(Sight::Shared).next().is_some() { n } else { 0 };
        let (probe, batch) = match at.checked_sub(alone) {
            None => (self.seeing(Sight::Network).nth(at), None),
            Some(own) => {
                let own = own - shared;
                (self.seeing(Sight::Own).nth(own / n.max(1)), batches.get(own % n.max(1)))
            }
        };
        let Some(probe) = probe else { return Err(Error::state("all evidence was gathered already")) };
        let scene = Scene { graph, batch, batches: n, loss: &self.loss, mode: self.mode };
        self.done += usize::from(probe.look(&scene, &mut self.evidence)?);
        Ok(())
    }

    /// Takes what was seen in a batch for the step.
    pub fn add(&mut self, mut seen: Seen, batches: usize) {
        self.done += 1;
        for probe in &self.probes {
            probe.take(&mut seen, batches, &mut self.evidence);
        }
    }

    /// Whether all steps for some batches are done.
    pub fn is_done(&self, batches: usize) -> bool {
        self.done >= self.steps(batches)
    }

    /// What was gathered.
    pub fn finish(self) -> Evidence {
        self.evidence
    }
}

/// All evidence at once.
///
/// # Errors
/// When a batch does not fit, or examples are needed and there are none.
pub fn gather(graph: &Graph, batches: &[Batch], how: How) -> Result<Evidence> {
    let mut gatherer = Gatherer::new(how);
    if see_examples(how.probes) && batches.is_empty() {
        return Err(Error::state("this criterion looks at examples and there are none").hint("load a data set first"));
    }
    while !gatherer.is_done(batches.len()) {
        gatherer.step(graph, batches)?;
    }
    Ok(gatherer.finish())
}
