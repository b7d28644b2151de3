//! Calibration passes, a batch at a time: on the processor, and where a GPU was found faster for the same batch, there.

use crate::base::{Error, Flat, Result, Tensor, clock};
use crate::gpu::Calibrator;
use crate::graph::Graph;
use crate::prune::phase::{Looked, Looking};
use crate::prune::probe::Batch;
use crate::session::gpu::{Lent, near};
use crate::train::look::{Glance, Look, Seen, look};

use super::trial::{FEW, Trial, Turn};

/// What a GPU saw may differ from what the processor sees by this share of the largest. Rounding flips a ReLU here and there,
/// which moves a gradient by one pixel's share.
const TOLERANCE: f32 = 2e-2;

/// A run's calibration passes of one sort, as far as a GPU has to do with them.
#[derive(Debug, Default)]
pub struct Calibrating {
    trial: Trial,
    /// What was looked for on trial.
    what: Option<Look>,
    calibrator: Option<Calibrator>,
    /// The network that was uploaded has changed.
    stale: bool,
    /// What the processor is looking at, and for how long, in ms.
    glance: Option<(Glance, f64)>,
    /// Whether the GPU saw anything that counts: since the network was new, and before.
    counted: [bool; 2],
}

impl Calibrating {
    /// Whether the GPU saw anything that counts.
    pub fn counted(&self) -> bool {
        self.counted[0] || self.counted[1]
    }

    /// What a batch shows. The inner error is the GPU's, which is left out from then on: what was seen since the network was new
    /// is to be seen again.
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub async fn look(&mut self, lent: Option<Lent>, graph: &Graph, looking: Looking<'_>) -> Result<Result<Looked>> {
        let Looking { batch, what, first, .. } = looking;
        if self.glance.is_some() {
            return self.part(graph, batch, what).map(Ok);
        }
        if first {
            (self.stale, self.counted) = (true, [false, self.counted()]);
        }
        if self.what.replace(*what) != Some(*what) {
            // What looks for something else is tried anew, unless there is no use in trying.
            self.calibrator = None;
            if !self.trial.gave_up() {
                self.trial = Trial::default();
            }
        }
        let size = batch.1.len();
        let Some(Lent { device, forced, least_ms }) = lent else { return self.part(graph, batch, what).map(Ok) };
        let mut turn = self.trial.turn(size, forced, least_ms);
        if turn == Turn::Few {
            let few = FEW.min(size);
            let one = (batch.0.slice_axis(ndarray::Axis(0), (0..few).into()).to_owned(), batch.1[..few].to_vec());
            match timed(Calibrator::new(device.clone(), graph, what, few).await, &one).await {
                Ok(ms) => self.trial.few(ms),
                Err(error) => return Ok(self.give_up(error)),
            }
            turn = self.trial.turn(size, forced, least_ms);
        }
        if turn == Turn::Cpu {
            return self.part(graph, batch, what).map(Ok);
        }
        if self.calibrator.is_none() {
            match Calibrator::new(device, graph, what, size).await {
                Ok(new) => (self.calibrator, self.stale) = (Some(new), false),
                Err(error) => return Ok(self.give_up(error)),
            }
        }
        let seen = match self.on_gpu(graph, batch).await {
            Ok(seen) => seen,
            Err(error) => return Ok(self.give_up(error)),
        };
        if turn == Turn::Gpu && seen.finite() {
            self.counted[0] = true;
            return Ok(Ok(Looked::Seen(seen)));
        }
        // On trial, and where the GPU gives NaN or infinity, the processor decides whether that is so.
        let sure = self.on_cpu(graph, batch, what)?;
        Ok(match agree(&seen, &sure) {
            Ok(()) => Ok(Looked::Seen(sure)),
            Err(error) => self.give_up(error),
        })
    }

    /// One slice of the processor's look.
    fn part(&mut self, graph: &Graph, (x, labels): &Batch, what: &Look) -> Result<Looked> {
        let (mut glance, before) = self.glance.take().unwrap_or_default();
        let start = clock::now_ms();
        let over = glance.step(graph, x, labels, what)?;
        let ms = before + clock::now_ms() - start;
        if over {
            self.trial.cpu_did(labels.len(), ms);
            return Ok(Looked::Seen(glance.seen));
        }
        self.glance = Some((glance, ms));
        Ok(Looked::Part)
    }

    fn on_cpu(&mut self, graph: &Graph, (x, labels): &Batch, what: &Look) -> Result<Seen> {
        let start = clock::now_ms();
        let seen = look(graph, x, labels, what)?;
        self.trial.cpu_did(labels.len(), clock::now_ms() - start);
        Ok(seen)
    }

    async fn on_gpu(&mut self, graph: &Graph, (x, labels): &Batch) -> Result<Seen> {
        let Some(calibrator) = &mut self.calibrator else {
            return Err(Error::state("no calibration was uploaded to the GPU"));
        };
        if std::mem::take(&mut self.stale) {
            calibrator.push(graph)?;
        }
        let start = clock::now_ms();
        let seen = calibrator.look(x, labels).await?;
        self.trial.gpu_did(labels.len(), clock::now_ms() - start);
        Ok(seen)
    }

    fn give_up(&mut self, error: Error) -> Result<Looked> {
        self.trial.give_up();
        (self.calibrator, self.counted[0]) = (None, false);
        Err(error)
    }
}

/// Milliseconds of a second look at a batch: the first pays for what is set up late.
async fn timed(calibrator: Result<Calibrator>, (x, labels): &(Tensor, Vec<usize>)) -> Result<f64> {
    let mut calibrator = calibrator?;
    calibrator.look(x, labels).await?;
    let start = clock::now_ms();
    calibrator.look(x, labels).await?;
    Ok(clock::now_ms() - start)
}

/// Whether what a GPU saw is what the processor saw, but for rounding.
fn agree(seen: &Seen, sure: &Seen) -> Result<()> {
    for (seen, sure) in seen.tensors().zip(sure.tensors()) {
        near(seen.flat(), sure.flat(), TOLERANCE)?;
    }
    // Squares of gradients are so small that all of them would pass.
    for (seen, sure) in seen.grad_squared.values().zip(sure.grad_squared.values()) {
        near(seen.mapv(f32::sqrt).flat(), sure.mapv(f32::sqrt).flat(), TOLERANCE)?;
    }
    let narrow = |wide: &[f64]| wide.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    for (seen, sure) in seen.sums().zip(sure.sums()) {
        near(&narrow(seen), &narrow(sure), TOLERANCE)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tensor;

    #[test]
    fn what_is_seen_wrongly_is_found_out() -> Result<()> {
        let tiny = |x: f32| tensor::full(&[3], x);
        let seen = |x: f32| Seen { grad_squared: [(0, tiny(x))].into(), ..Seen::default() };
        assert!(agree(&seen(1.01e-9), &seen(1e-9)).is_ok());
        assert!(agree(&seen(0.0), &seen(1e-9)).is_err(), "squares that were not added up");
        let seen = |x: f64| Seen { zeros: [(0, vec![x, 0.5])].into(), ..Seen::default() };
        assert!(agree(&seen(0.25), &seen(0.25)).is_ok() && agree(&seen(0.3), &seen(0.25)).is_err());
        assert!(agree(&seen(f64::NAN), &seen(0.25)).is_err() && !seen(f64::NAN).finite());
        Ok(())
    }
}
