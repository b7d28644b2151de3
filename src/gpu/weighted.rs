//! Layers with weights: packed in every form that fits, and the fastest kept.

use crate::base::Result;
use crate::compile::choose::{Candidate, decide};
use crate::compile::lower::{LoweredLayer, Weighted};
use crate::compile::place::Place;
use crate::graph::ValueId;
use crate::kernel::geometry::Geometry;

use super::device::{Call, Wires};
use super::forms::{self, GpuForm};
use super::maker::{Maker, ProgramStep, images, lies, unsupported};

impl Maker<'_> {
    /// A convolution on the kernel that suits it.
    pub fn convolution(&self, layer: &LoweredLayer, w: &Weighted, v: &Geometry) -> Result<ProgramStep> {
        let (_, _, layout) = images(&self.places[layer.ins[0]])?;
        let forms = forms::planes(w, v, layout, self.span(layer.out), self.precision);
        self.choose(layer, w, &forms)
    }

    /// A linear layer on the kernel that suits it: over a batch, a 1x1 convolution whose pixels are the examples.
    pub fn linear(&self, layer: &LoweredLayer, w: &Weighted) -> Result<ProgramStep> {
        let outputs = w.bias.len();
        let inputs = w.weights.len() / outputs.max(1);
        let forms = match &self.places[layer.ins[0]] {
            Place::Flat { layout, .. } => {
                let v = Geometry::linear(layout.n, inputs, outputs);
                forms::planes(w, &v, layout, self.span(layer.out), self.precision)
            }
            _ => forms::vector(w, inputs),
        };
        self.choose(layer, w, &forms)
    }

    /// Pixels from a value's first to its last.
    fn span(&self, id: ValueId) -> usize {
        if let Place::Flat { size, layout, .. } = &self.places[id] { layout.span(*size) } else { 1 }
    }

    /// The form to take, or all of them uploaded where they are to be timed.
    fn choose(&self, layer: &LoweredLayer, w: &Weighted, forms: &[GpuForm]) -> Result<ProgramStep> {
        let candidate = |form: &GpuForm| Candidate {
            kernel: form.name.into(),
            us: form.loads * 1e-4,
            bytes: 4 * form.table.len() + self.precision.bytes() * (form.weights.len() + w.bias.len()),
        };
        let tried = forms.iter().map(candidate).collect();
        if self.choose.measures() {
            let calls = forms.iter().map(|form| self.form(layer, w, form)).collect::<Result<Vec<_>>>()?;
            return if calls.is_empty() { Err(unsupported(&layer.name)) } else { Ok(ProgramStep::Trial(calls, tried)) };
        }
        let (chosen, why) = decide(tried, self.choose);
        match forms.get(chosen) {
            Some(form) => Ok(ProgramStep::Ready(self.form(layer, w, form)?, Some(why))),
            None => Err(unsupported(&layer.name)),
        }
    }

    /// Uploads a form.
    fn form(&self, layer: &LoweredLayer, w: &Weighted, form: &GpuForm) -> Result<Call> {
        let kernel = self.kernel(form.name, form.wgsl.clone());
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
}
