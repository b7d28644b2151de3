//! Evidence: what criteria look at, gathered once per event for all layers, a batch at a time.

use std::collections::BTreeMap;

use crate::base::{Error, Flat, Result, Tensor, keyed, tensor};
use crate::graph::op::Mode;
use crate::graph::run::trace;
use crate::graph::{Graph, Masks, ValueId};
use crate::train::grad::backward;
use crate::train::hvp::{Direction, hvp};
use crate::train::look::{Look, Seen, blend, look};
use crate::train::loss::{Loss, LossTarget};

/// Kinds of evidence a criterion may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Mean gradient of the loss.
    pub grad: bool,
    /// Mean over examples of squared gradients.
    pub grad_squared: bool,
    /// Hessian times gradient.
    pub curvature: bool,
    /// Norms of input features.
    pub inputs: bool,
    /// Share of zeros of output channels.
    pub zeros: bool,
    /// Synaptic flow: gradients of the linearised network on ones.
    pub flow: bool,
}

impl Needs {
    /// The weights alone.
    pub const NONE: Self =
        Self { grad: false, grad_squared: false, curvature: false, inputs: false, zeros: false, flow: false };

    /// Whether examples are needed at all.
    pub fn data(&self) -> bool {
        self.grad || self.grad_squared || self.curvature || self.inputs || self.zeros
    }
}

/// What was gathered, by weight, and what is cut already.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Masks of earlier events: what they cut takes no part in any score.
    pub cut: Masks,
    pub(super) grad: Direction,
    pub(super) grad_squared: Direction,
    pub(super) curvature: Direction,
    pub(super) inputs: BTreeMap<ValueId, Vec<f64>>,
    pub(super) zeros: BTreeMap<ValueId, Vec<f64>>,
    pub(super) flow: Direction,
}

/// How evidence is gathered.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// What is wanted.
    pub needs: Needs,
    /// Batch statistics or running ones: networks that were never trained have no running statistics worth using.
    pub mode: Mode,
    /// Divides the answers before the loss.
    pub temperature: f32,
}

/// A batch of calibration examples.
pub type Batch = (Tensor, Vec<usize>);

/// Gathers evidence in steps, so that long work can be interrupted.
#[derive(Debug)]
pub struct Gatherer {
    how: How,
    loss: Loss,
    evidence: Evidence,
    done: usize,
}

impl Gatherer {
    /// Nothing gathered yet.
    pub fn new(how: How) -> Self {
        let loss = Loss { temperature: how.temperature, ..Loss::CROSS_ENTROPY };
        Self { how, loss, evidence: Evidence::default(), done: 0 }
    }

    /// Number of steps for some batches.
    pub fn steps(&self, batches: usize) -> usize {
        let needs = self.how.needs;
        let look = self.look();
        usize::from(needs.flow)
            + batches * (usize::from(look.whole() || look.grad_squared) + usize::from(needs.curvature))
    }

    /// What to look for in each batch.
    pub fn look(&self) -> Look {
        let How { needs, mode, .. } = self.how;
        Look {
            grad: needs.grad || needs.curvature,
            grad_squared: needs.grad_squared,
            inputs: needs.inputs,
            zeros: needs.zeros,
            ..Look::none(mode, self.loss)
        }
    }

    /// The batch that the next step looks at, where it does no more than [`Gatherer::look`] says: others may look at it, and
    /// give what they saw to [`Gatherer::add`] instead of doing the step.
    pub fn looks_at(&self, batches: usize) -> Option<usize> {
        self.done.checked_sub(usize::from(self.how.needs.flow)).filter(|&batch| batch < batches)
    }

    /// Does step `done` of [`Gatherer::steps`].
    ///
    /// # Errors
    /// When a batch does not fit the network.
    pub fn step(&mut self, graph: &Graph, batches: &[Batch]) -> Result<()> {
        if let Some(batch) = self.looks_at(batches.len()) {
            let (x, labels) = &batches[batch];
            let seen = look(graph, x, labels, &self.look())?;
            self.add(seen, batches.len());
            return Ok(());
        }
        let index = self.done;
        self.done += 1;
        if index == 0 {
            self.evidence.flow = flow(graph)?;
            return Ok(());
        }
        let (x, labels) = &batches[(index - usize::from(self.how.needs.flow)) % batches.len()];
        self.second(graph, x, labels, batches.len())
    }

    /// Takes what was seen in a batch for the step.
    pub fn add(&mut self, seen: Seen, batches: usize) {
        self.done += 1;
        let (share, evidence) = (1.0 / batches as f32, &mut self.evidence);
        seen.grad.into_iter().for_each(|(id, g)| blend(&mut evidence.grad, id, g, share));
        seen.grad_squared.into_iter().for_each(|(id, g)| blend(&mut evidence.grad_squared, id, g, share));
        seen.inputs.into_iter().for_each(|(id, sums)| add(&mut evidence.inputs, id, sums, 1.0));
        seen.zeros.into_iter().for_each(|(id, zeros)| add(&mut evidence.zeros, id, zeros, 1.0 / batches as f64));
    }

    /// H g, once the gradient is known.
    fn second(&mut self, graph: &Graph, x: &Tensor, labels: &[usize], batches: usize) -> Result<()> {
        let (product, _) = hvp(graph, x, &LossTarget::labels(labels), &self.loss, self.how.mode, &self.evidence.grad)?;
        for (_, weight) in graph.layers() {
            if let Some(h) = product.get(&weight) {
                blend(&mut self.evidence.curvature, weight, h.clone(), 1.0 / batches as f32);
            }
        }
        Ok(())
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

fn add(to: &mut BTreeMap<ValueId, Vec<f64>>, id: ValueId, values: Vec<f64>, scale: f64) {
    let sums = to.entry(id).or_insert_with(|| vec![0.0; values.len()]);
    sums.iter_mut().zip(values).for_each(|(s, v)| *s += scale * v);
}

/// All evidence at once.
///
/// # Errors
/// When a batch does not fit, or examples are needed and there are none.
pub fn gather(graph: &Graph, batches: &[Batch], how: How) -> Result<Evidence> {
    let mut gatherer = Gatherer::new(how);
    if how.needs.data() && batches.is_empty() {
        return Err(Error::state("this criterion looks at examples and there are none").hint("load a data set first"));
    }
    for _ in 0..gatherer.steps(batches.len()) {
        gatherer.step(graph, batches)?;
    }
    Ok(gatherer.finish())
}

/// dR/dw with R = Σ f(1; |θ|): every parameter by its absolute value, running statistics, one example of ones.
///
/// Source: Tanaka et al., NeurIPS 2020. Numbers grow with depth; they are scaled by the largest, which no ranking notices.
fn flow(graph: &Graph) -> Result<Direction> {
    let mut positive = graph.clone();
    for value in &mut positive.values {
        if let Some(data) = &mut value.data {
            data.mapv_inplace(f32::abs);
        }
    }
    let x = tensor::full(&positive.values[positive.input].shape.clone(), 1.0);
    let t = trace(&positive, &x, Mode::EVAL)?;
    let ones = tensor::full(t.get(&positive, positive.output)?.shape(), 1.0);
    let mut grads = backward(&positive, &t, ones, false, &Masks::default())?;
    let layers: Vec<ValueId> = positive.layers().map(|(_, weight)| weight).collect();
    let out = keyed(layers.into_iter().filter_map(|id| Some((id, grads.take(id)?))));
    match out.values().find(|g| g.flat().iter().any(|x| !x.is_finite())) {
        Some(_) => Err(Error::unsupported("synaptic flow overflows in this network").hint("choose another criterion")),
        None => Ok(out),
    }
}
