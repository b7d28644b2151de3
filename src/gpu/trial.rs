//! Timing a kernel, to choose among several.

use crate::base::sampling::Sampling;
use crate::base::{Result, clock};

use super::device::{Call, Device, DeviceBuffer};

/// Runs of a sample at least by our clock, which sees launch and readback too, and at most by either. Browsers coarsen a GPU's own
/// clock to a tenth of a millisecond.
const RUNS: usize = 8;
const MOST_RUNS: usize = 512;
/// Milliseconds of a sample at least, and samples of each kernel.
const LEAST_MS: f64 = 0.5;
const SAMPLES: usize = 3;

impl Device {
    /// Microseconds of a call: by the GPU's clock, which sees no launch and no readback, and by ours where that one stands.
    ///
    /// # Errors
    /// When the GPU fails.
    pub async fn time(&self, call: &Call, out: &DeviceBuffer) -> Result<f64> {
        if self.clock() {
            let us = self.least(call, out, 1, true).await?;
            if us > 0.0 {
                return Ok(us);
            }
        }
        self.least(call, out, RUNS, false).await
    }

    /// The least of some samples, each of so many runs or more.
    async fn least(&self, call: &Call, out: &DeviceBuffer, runs: usize, own: bool) -> Result<f64> {
        let mut sampling = Sampling::new(1, LEAST_MS, 0.0).at_most(MOST_RUNS / runs);
        while sampling.samples(0).len() < SAMPLES {
            while let Some(turn) = sampling.turn() {
                let calls = vec![call.clone(); runs * turn.runs];
                sampling.took(self.sample(&calls, out, own).await?);
            }
        }
        let least = sampling.samples(0).iter().copied().fold(f64::INFINITY, f64::min);
        Ok(least * 1e3 / runs as f64)
    }

    /// Milliseconds of some calls, by the GPU's own clock or ours.
    async fn sample(&self, calls: &[Call], out: &DeviceBuffer, own: bool) -> Result<f64> {
        if own {
            return Ok(self.timed(calls).await?.unwrap_or(0.0));
        }
        let start = clock::now_ms();
        self.run(calls, out, 1).await?;
        Ok(clock::now_ms() - start)
    }
}
