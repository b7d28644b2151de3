//! Learning from one batch, a slice at a time: the teacher's answers, the run, the way back.

use crate::base::{Error, Result, Tensor};
use crate::graph::run::{Overlay, Trace, Tracing};
use crate::graph::{Graph, Masks, op::Mode};

use super::eval::Tally;
use super::grad::{Backward, Learned, Slopes};
use super::loss::{Loss, LossTarget};

/// Penalties on what a pass gave; see [`super::hook::Hook::press`].
pub type Press<'a> = &'a mut dyn FnMut(&Graph, &Trace, &mut Slopes) -> Result<f64>;

/// No penalty.
///
/// # Errors
/// Never.
pub fn unpressed(_: &Graph, _: &Trace, _: &mut Slopes) -> Result<f64> {
    Ok(0.0)
}

/// A batch that is being learned from. No weight moves.
#[derive(Debug)]
pub struct Exercise {
    labels: Vec<usize>,
    teacher: Option<Tracing>,
    forth: Option<Tracing>,
    back: Option<Backward>,
    /// Known once the batch has gone through.
    loss: f64,
    accuracy: f64,
}

impl Exercise {
    /// A batch [N, ...] with its labels, for a network whose parameters are seen as `see` says, and its teacher's if it has one.
    ///
    /// # Errors
    /// When the batch does not fit.
    pub fn new(
        graph: &Graph,
        see: Overlay,
        teacher: Option<&Graph>,
        (x, labels): (Tensor, Vec<usize>),
        mode: Mode,
    ) -> Result<Self> {
        let teacher = teacher.map(|teacher| Tracing::new(teacher, Overlay::new(), &x, Mode::EVAL)).transpose()?;
        let forth = Some(Tracing::new(graph, see, &x, mode)?);
        Ok(Self { labels, teacher, forth, back: None, loss: 0.0, accuracy: 0.0 })
    }

    /// One slice; gives what was learned and the share of right answers once all is done. Weights that masks cut may get no gradient;
    /// `press` adds penalties on activations once the batch has gone through.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn step(
        &mut self,
        graph: &Graph,
        teacher: Option<&Graph>,
        loss: &Loss,
        masks: &Masks,
        press: Press,
    ) -> Result<Option<(Learned, f64)>> {
        if let (Some(tracing), Some(teacher)) = (&mut self.teacher, teacher)
            && tracing.trace.values[teacher.output()].is_none()
        {
            tracing.step(teacher)?;
            return Ok(None);
        }
        let Some(forth) = &mut self.forth else { return Err(Error::state("the batch was learned from already")) };
        let Some(back) = &mut self.back else {
            if forth.step(graph)? {
                let taught = teacher.zip(self.teacher.as_ref());
                let answers =
                    taught.map(|(teacher, tracing)| tracing.trace.get(teacher, teacher.output())).transpose()?;
                let logits = forth.trace.get(graph, graph.output())?;
                let (value, slope) = loss.at(logits, &LossTarget { labels: &self.labels, teacher: answers })?;
                let mut tally = Tally::default();
                tally.add(logits, &self.labels);
                let mut slopes = Slopes::from([(graph.output(), slope)]);
                let pressed = press(graph, &forth.trace, &mut slopes)?;
                (self.loss, self.accuracy) = (value + pressed, tally.accuracy());
                self.back = Some(Backward::new(graph, slopes, false));
            }
            return Ok(None);
        };
        if !back.step(graph, &forth.trace, masks)? {
            return Ok(None);
        }
        let (Some(forth), Some(back)) = (self.forth.take(), self.back.take()) else { return Ok(None) };
        let learned = Learned { loss: self.loss, grads: back.finish(), trace: forth.trace };
        Ok(Some((learned, self.accuracy)))
    }
}
