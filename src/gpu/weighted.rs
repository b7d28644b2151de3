//! Layers with weights: packed in every form that fits, and the fastest kept.

use crate::base::{Result, clock};
use crate::compile::choose::{Candidate, Choose, Why, decide};
use crate::compile::lower::{Layer, Weighted};
use crate::compile::place::Place;
use crate::graph::ValueId;
use crate::kernel::conv::Conv;

use super::device::{Call, Wires};
use super::forms::{self, Form};
use super::maker::{Maker, images, lies, unsupported};

/// Runs of a sample while kernels are chosen: at first by our clock, which sees launch and readback too, and at most. Browsers
/// coarsen a GPU's own clock to a tenth of a millisecond.
const RUNS: usize = 8;
const MOST_RUNS: usize = 512;
/// Milliseconds of a sample at least, and samples of each kernel.
const LEAST_MS: f64 = 0.5;
const SAMPLES: usize = 3;

impl Maker<'_> {
    /// A convolution on the kernel that suits it.
    pub async fn convolution(&mut self, layer: &Layer, w: &Weighted, v: &Conv) -> Result<(Call, Option<Why>)> {
        let (_, _, layout) = images(&self.places[layer.ins[0]])?;
        let forms = forms::planes(w, v, layout, self.span(layer.out), self.precision);
        self.choose(layer, w, &forms).await
    }

    /// A linear layer on the kernel that suits it: over a batch, a 1x1 convolution whose pixels are the examples.
    pub async fn linear(&mut self, layer: &Layer, w: &Weighted) -> Result<(Call, Option<Why>)> {
        let outputs = w.bias.len();
        let inputs = w.weights.len() / outputs.max(1);
        let forms = match &self.places[layer.ins[0]] {
            Place::Flat { layout, .. } => {
                let v = Conv {
                    n: layout.n,
                    c: inputs,
                    size: [1, 1],
                    o: outputs,
                    kernel: [1, 1],
                    stride: [1, 1],
                    pad: [0, 0],
                    dilation: [1, 1],
                    groups: 1,
                };
                forms::planes(w, &v, layout, self.span(layer.out), self.precision)
            }
            _ => forms::vector(w, inputs),
        };
        self.choose(layer, w, &forms).await
    }

    /// Pixels from a value's first to its last.
    fn span(&self, id: ValueId) -> usize {
        if let Place::Flat { size, layout, .. } = &self.places[id] { layout.span(*size) } else { 1 }
    }

    /// Keeps the fastest form.
    async fn choose(&mut self, layer: &Layer, w: &Weighted, forms: &[Form]) -> Result<(Call, Option<Why>)> {
        let (mut tried, mut calls) = (Vec::new(), Vec::new());
        for form in forms {
            let us = if self.choose == Choose::Measure {
                let call = self.form(layer, w, form).await?;
                let us = self.time(&call, layer.out).await?;
                calls.push(call);
                us
            } else {
                form.loads * 1e-4
            };
            let bytes = 4 * form.table.len() + self.precision.bytes() * (form.weights.len() + w.bias.len());
            tried.push(Candidate { kernel: form.name.into(), us, bytes });
        }
        let (chosen, why) = decide(tried, self.choose);
        let call = match (calls.into_iter().nth(chosen), forms.get(chosen)) {
            (Some(call), _) => call,
            // What was not measured was not uploaded either.
            (None, Some(form)) => self.form(layer, w, form).await?,
            (None, None) => return Err(unsupported(&layer.name)),
        };
        Ok((call, Some(why)))
    }

    /// Uploads a form.
    async fn form(&mut self, layer: &Layer, w: &Weighted, form: &Form) -> Result<Call> {
        let kernel = self.kernel(form.name, form.wgsl.clone()).await?;
        let to = &self.places[layer.out];
        let [lead, plane, pitch, tall] = lies(to)?;
        let [h, wide] = if let Place::Flat { size, .. } = to { *size } else { [1, 1] };
        let residual = layer.ins.get(1).copied();
        let [low, high] = self.precision.bounds(w.clamp);
        let [run, rows, bias] = [self.span(layer.out), w.bias.len(), form.weights.len()].map(|n| n as u32);
        let head = [run, lead, plane, rows, pitch, tall, h as u32, wide as u32, low, high, bias];
        let params = [&head[..], &[u32::from(residual.is_some())], &form.params].concat();
        let numbers = [&form.weights[..], &w.bias].concat();
        let (table, weights) = (self.device.hold(&form.table)?, self.precision.hold(self.device, &numbers)?);
        let x = self.room(layer.ins[0]);
        let aside = residual.map_or(x, |id| self.room(id));
        let wires = Wires { x, y: self.room(layer.out), aside, table: &table, weights: &weights };
        self.device.call(&kernel, wires, &params, form.groups)
    }

    /// Microseconds of a call: by the GPU's clock, which sees no launch and no readback, and by ours where that one stands.
    async fn time(&self, call: &Call, out: ValueId) -> Result<f64> {
        if self.device.clock() {
            let us = self.least(call, out, 1, true).await?;
            if us > 0.0 {
                return Ok(us);
            }
        }
        self.least(call, out, RUNS, false).await
    }

    /// The least of some samples, each of so many runs at first, and of more if that is too short.
    async fn least(&self, call: &Call, out: ValueId, runs: usize, own: bool) -> Result<f64> {
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
    async fn sample(&self, calls: &[Call], out: ValueId, own: bool) -> Result<f64> {
        if own {
            return Ok(self.device.timed(calls).await?.unwrap_or(0.0));
        }
        let start = clock::now_ms();
        self.device.run(calls, self.room(out), 1).await?;
        Ok(clock::now_ms() - start)
    }
}
