//! Calibration passes, a batch at a time: on the processor, and where a GPU was found faster for the same batch, there.

use crate::base::{Error, Flat, Result, Tensor, clock};
use crate::gpu::Calibrator;
use crate::graph::Graph;
use crate::prune::probe::Batch;
use crate::train::look::{Look, Seen, look};

use super::gpu::{Lent, near};

/// Batches that the processor does before the GPU is tried.
const FIRST: usize = 2;
/// Examples of the first trial: a GPU that takes longer for these than the processor for a whole batch has lost.
const FEW: usize = 2;
/// What a GPU saw may differ from what the processor sees by this share of the largest. Rounding flips a ReLU here and there,
/// which moves a gradient by one pixel's share.
const TOLERANCE: f32 = 2e-2;

/// A run's calibration passes of one sort, as far as a GPU has to do with them.
#[derive(Debug, Default)]
pub struct Calibrating {
    /// Whether the GPU was tried, and found slower or at fault.
    given_up: bool,
    calibrator: Option<Calibrator>,
    /// The network that was uploaded has changed.
    stale: bool,
    /// Batches that the processor did, and the least time of a large one, in ms.
    done: usize,
    least: f64,
    /// The largest of them.
    most: usize,
    /// Whether the GPU saw anything that counts since the network was new.
    counted: bool,
}

impl Calibrating {
    /// Takes note that the network is another one from here.
    pub fn anew(&mut self) {
        (self.stale, self.counted) = (true, false);
    }

    /// Whether the GPU saw anything that counts since then.
    pub fn counted(&self) -> bool {
        self.counted
    }

    /// What a batch shows. The inner error is the GPU's, which is left out from then on: what was seen since the network was new
    /// is to be seen again.
    ///
    /// # Errors
    /// When the batch does not fit the network.
    pub async fn look(
        &mut self,
        lent: Option<Lent>,
        graph: &Graph,
        batch: &Batch,
        what: &Look,
    ) -> Result<Result<Seen>> {
        let lent = lent.filter(|_| !self.given_up);
        if lent.is_some() {
            match self.on_gpu(graph, batch, what).await {
                Ok(None) => {}
                Ok(Some(seen)) if seen.finite() => {
                    self.counted = true;
                    return Ok(Ok(seen));
                }
                // NaN or infinity: the processor decides whether that is so.
                Ok(Some(seen)) => {
                    let sure = look(graph, &batch.0, &batch.1, what)?;
                    return Ok(self.checked(&seen, sure));
                }
                Err(error) => return Ok(self.give_up(error)),
            }
        }
        let start = clock::now_ms();
        let sure = look(graph, &batch.0, &batch.1, what)?;
        let ms = clock::now_ms() - start;
        self.time(batch.1.len(), ms);
        match lent {
            Some(lent) if self.calibrator.is_none() && self.worth(batch.1.len(), lent.forced) => {
                match self.attempt(lent, graph, batch, what).await {
                    Ok(None) => Ok(Ok(sure)),
                    Ok(Some(seen)) => Ok(self.checked(&seen, sure)),
                    Err(error) => Ok(self.give_up(error)),
                }
            }
            _ => Ok(Ok(sure)),
        }
    }

    /// Takes note of how long a batch took the processor. Small ones say nothing.
    fn time(&mut self, images: usize, ms: f64) {
        if images > self.most {
            (self.most, self.least) = (images, f64::INFINITY);
        }
        if images == self.most {
            self.least = self.least.min(ms);
        }
        self.done += 1;
    }

    /// Whether the GPU is to be tried on a batch: on one of the size that most have.
    fn worth(&self, images: usize, forced: bool) -> bool {
        images == self.most && (forced || self.done >= FIRST)
    }

    /// What the processor saw, if the GPU saw the same.
    fn checked(&mut self, seen: &Seen, sure: Seen) -> Result<Seen> {
        match agree(seen, &sure) {
            Ok(()) => Ok(sure),
            Err(error) => self.give_up(error),
        }
    }

    fn give_up(&mut self, error: Error) -> Result<Seen> {
        (self.given_up, self.calibrator, self.counted) = (true, None, false);
        Err(error)
    }

    /// What the GPU sees, if it was found faster, in a batch of the size that was uploaded.
    async fn on_gpu(&mut self, graph: &Graph, (x, labels): &Batch, what: &Look) -> Result<Option<Seen>> {
        // What looks for something else must be tried anew.
        if self.calibrator.take_if(|calibrator| calibrator.what() != what).is_some() {
            (self.done, self.most) = (0, 0);
        }
        let Some(calibrator) = self.calibrator.as_mut().filter(|calibrator| calibrator.batch() == labels.len()) else {
            return Ok(None);
        };
        if std::mem::take(&mut self.stale) {
            calibrator.push(graph)?;
        }
        calibrator.look(x, labels).await.map(Some)
    }

    /// Tries the GPU on a batch that the processor did; keeps it if it is faster, or was asked for. Gives what it saw, if it
    /// came that far.
    async fn attempt(
        &mut self,
        Lent { device, forced, least_ms }: Lent,
        graph: &Graph,
        (x, labels): &Batch,
        what: &Look,
    ) -> Result<Option<Seen>> {
        self.given_up = true;
        if !forced && least_ms >= self.least {
            return Ok(None);
        }
        if !forced {
            let few = FEW.min(labels.len());
            let one = x.slice_axis(ndarray::Axis(0), (0..few).into()).to_owned();
            let mut calibrator = Calibrator::new(device.clone(), graph, what, few).await?;
            if timed(&mut calibrator, &one, &labels[..few]).await?.1 >= self.least {
                return Ok(None);
            }
        }
        let mut calibrator = Calibrator::new(device, graph, what, labels.len()).await?;
        let (seen, ms) = timed(&mut calibrator, x, labels).await?;
        if forced || ms < self.least {
            (self.given_up, self.stale, self.calibrator) = (false, false, Some(calibrator));
        }
        Ok(Some(seen))
    }
}

/// What a calibrator sees, and the time of a second look: the first pays for what is set up late.
async fn timed(calibrator: &mut Calibrator, x: &Tensor, labels: &[usize]) -> Result<(Seen, f64)> {
    let seen = calibrator.look(x, labels).await?;
    let start = clock::now_ms();
    calibrator.look(x, labels).await?;
    Ok((seen, clock::now_ms() - start))
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

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::base::tensor;
    use crate::graph::op::Mode;
    use crate::session::gpu::tests::device;
    use crate::train::Loss;
    use crate::zoo;

    #[test]
    fn whoever_is_faster_looks() -> Result<()> {
        let Some(device) = device() else { return Ok(()) };
        let graph = zoo::find("lenet-300-100")?.build(1)?;
        let batch = (tensor::full(&[4, 1, 28, 28], 0.5), vec![0, 1, 2, 3]);
        let what = Look { inputs: true, ..Look::none(Mode::EVAL, Loss::CROSS_ENTROPY) };
        let tried = |least: f64, least_ms: f64| -> Result<(Calibrating, bool)> {
            let mut calibrating = Calibrating { least, most: 4, done: FIRST, ..Calibrating::default() };
            let lent = Lent { device: device.clone(), forced: false, least_ms };
            let came = block_on(calibrating.attempt(lent, &graph, &batch, &what))?.is_some();
            Ok((calibrating, came))
        };
        // The processor needs forever, no time at all, and less than the GPU did for fewer.
        for (least, least_ms, kept) in [(1e9, 0.0, true), (0.0, 0.0, false), (1e9, 2e9, false)] {
            let (mut calibrating, came) = tried(least, least_ms)?;
            assert_eq!((came, calibrating.calibrator.is_some(), calibrating.given_up), (kept, kept, !kept), "{least}");
            let lent = Some(Lent { device: device.clone(), forced: false, least_ms });
            block_on(calibrating.look(lent, &graph, &batch, &what))??;
            assert_eq!(calibrating.counted(), kept, "{least}");
            // A small batch at the end is the processor's.
            let few = (tensor::full(&[3, 1, 28, 28], 0.5), vec![0, 1, 2]);
            calibrating.anew();
            let lent = Some(Lent { device: device.clone(), forced: false, least_ms });
            block_on(calibrating.look(lent, &graph, &few, &what))??;
            assert!(!calibrating.counted());
        }
        Ok(())
    }

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
