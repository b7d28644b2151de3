//! Timing a kernel, to choose among several.

use crate::base::{Result, clock};

use super::device::{Call, Device, DeviceBuffer};

/// Runs of a sample while kernels are chosen: at first by our clock, which sees launch and readback too, and at most. Browsers
/// coarsen a GPU's own clock to a tenth of a millisecond.
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

    /// The least of some samples, each of so many runs at first, and of more if that is too short.
    async fn least(&self, call: &Call, out: &DeviceBuffer, runs: usize, own: bool) -> Result<f64> {
        let mut calls = vec![call.clone(); runs];
        // The first sample warms up, and the last that is too short is dropped.
        while self.sample(&calls, out, own).await? < LEAST_MS && calls.len() < MOST_RUNS {
            calls.resize(4 * calls.len(), call.clone());
        }
        let mut least = f64::INFINITY;
        for _ in 0..SAMPLES {
            least = least.min(self.sample(&calls, out, own).await? * 1e3 / calls.len() as f64);
        }
        Ok(least)
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
