//! What the steps of a plan do: each reads values where they lie and writes one.

use std::ops::Range;

use crate::base::{Error, Flat, Result, Tensor, team, tensor};
use crate::graph::ValueId;
use crate::graph::op::{Mode, OpKind};
use crate::kernel::flat;
use crate::kernel::pool::{self, Image, Pooling};
use crate::kernel::rows;
use crate::kernel::simd::Rounding;
use crate::kernel::store::{Epilogue, Planes};

use super::boosted::BoostedLayer;
use super::buffer::Buffer;
use super::choose::Why;
use super::forms::Packed;
use super::memory::Memory;
use super::place::Place;
use super::quantize;

/// A step ready to run.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// Name of its layer.
    pub name: String,
    /// What it does.
    pub work: StepOp,
    /// Values it reads.
    pub ins: Vec<ValueId>,
    /// Value it gives.
    pub out: ValueId,
    /// Why it runs on its kernel, if it has one.
    pub why: Option<Why>,
    /// Multiply-adds with weights of a run; what depends on the image counts for itself.
    pub macs: u64,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepOp {
    /// A layer with weights.
    Weighted { packed: Packed, end: End },
    /// A layer between bytes.
    Bytes(quantize::QuantizedLayer),
    /// Rows and columns sorted into phases.
    Split([usize; 2]),
    /// Max or average pool.
    Pool(Pooling),
    /// The most salient channels of a convolution.
    Boosted(Box<BoostedLayer>),
    /// Mean over pixels, of absolute values or as they are.
    Means { absolute: bool },
    /// Sum and clamp.
    Add([f32; 2]),
    /// Images as features.
    Flatten,
    /// An operator that runs itself, with its constant inputs.
    Other { op: OpKind, constants: Vec<Option<Tensor>> },
}

/// What is fused behind a layer with weights.
#[derive(Clone, Debug)]
pub struct End {
    /// Added to each output channel.
    pub bias: Vec<f32>,
    /// Least and greatest output.
    pub clamp: [f32; 2],
    /// Which mask keeps its gaps zero.
    pub mask: usize,
}

/// Numbers that are worth a thread of their own to move or add.
const WORTH: usize = 8192;

/// Calls `work(units, their part of y)`, the units shared out to threads; a unit is `each` numbers of y.
fn spread<T: Send>(
    y: &mut [T],
    units: usize,
    each: usize,
    threads: usize,
    work: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let threads = threads.min(units).min(1 + units * each / WORTH);
    if threads <= 1 {
        return work(0..units, y);
    }
    let share = units.div_ceil(threads);
    let mut parts: Vec<(usize, &mut [T])> = y[..units * each].chunks_mut(share * each).enumerate().collect();
    team::each(&mut parts, |(i, y)| work(*i * share..units.min((*i + 1) * share), y));
}

impl PlanStep {
    /// Runs on values where they lie, and counts its multiply-adds.
    pub fn pass(&self, memory: &mut Memory, threads: usize) -> Result<()> {
        let mut y = memory.take(self.out);
        let done = self.run(memory, &mut y, threads);
        memory.put(self.out, y);
        memory.executed += done?;
        Ok(())
    }

    /// Runs the step into `y`; gives the multiply-adds that it took. Not inlined: its callers would each have all of it.
    #[inline(never)]
    fn run(&self, memory: &Memory, y: &mut Buffer, threads: usize) -> Result<u64> {
        match (y, &self.work) {
            (Buffer::Floats(y), StepOp::Boosted(layer)) => {
                return Ok(layer.run(memory, &self.ins, self.out, y));
            }
            (Buffer::Floats(y), _) => self.floats(memory, y, threads)?,
            (Buffer::Bytes(y), _) => self.bytes(memory, y, threads)?,
        }
        Ok(self.macs)
    }

    /// Into bytes, from bytes.
    fn bytes(&self, memory: &Memory, y: &mut [u8], threads: usize) -> Result<()> {
        let (from, to) = (memory.place(self.ins[0]), memory.place(self.out));
        let x = memory.bytes(self.ins[0]);
        match (&self.work, from, to) {
            (StepOp::Bytes(layer), ..) => layer.run(memory, &self.ins, self.out, y),
            (
                StepOp::Split(stride),
                Place::Flat { channels, size, layout, .. },
                Place::Flat { channels: n, layout: into, .. },
            ) => {
                spread(y, *n, into.plane, threads, |planes, y| {
                    flat::resplit(x, layout, [*channels, size[0], size[1]], *stride, into, planes, y);
                });
            }
            (
                StepOp::Pool(w),
                Place::Flat { channels, size, layout, .. },
                Place::Flat { size: out, layout: into, .. },
            ) => {
                let (from, to) = (Image { size: *size, layout }, Image { size: *out, layout: into });
                spread(y, *channels, into.plane, threads, |channels, y| {
                    pool::bytes(w, channels.len(), &x[channels.start * layout.plane..], from, y, to);
                });
            }
            (work, ..) => return Err(Error::state(format!("{}: {work:?} does not give bytes", self.name))),
        }
        Ok(())
    }

    /// Into numbers; bytes are turned into numbers first.
    fn floats(&self, memory: &Memory, y: &mut [f32], threads: usize) -> Result<()> {
        let first = memory.read(self.ins[0]);
        let x = first.as_ref();
        let (from, to) = (memory.place(self.ins[0]), memory.place(self.out));
        match (&self.work, from, to) {
            (StepOp::Weighted { packed, end }, ..) => weighted(packed, end, memory, &self.ins, self.out, y),
            (
                StepOp::Split(stride),
                Place::Flat { channels, size, layout, .. },
                Place::Flat { channels: n, layout: into, .. },
            ) => {
                spread(y, *n, into.plane, threads, |planes, y| {
                    flat::resplit(x, layout, [*channels, size[0], size[1]], *stride, into, planes, y);
                });
            }
            (
                StepOp::Pool(w),
                Place::Flat { channels, size, layout, .. },
                Place::Flat { size: out, layout: into, .. },
            ) => {
                let (from, to) = (Image { size: *size, layout }, Image { size: *out, layout: into });
                spread(y, *channels, into.plane, threads, |channels, y| {
                    pool::pool(w, channels.len(), &x[channels.start * layout.plane..], from, y, to);
                });
            }
            (StepOp::Means { absolute }, Place::Flat { channels, size, layout, .. }, to) => {
                let from = Image { size: *size, layout };
                let (plane, lead, each) = match to {
                    Place::Flat { layout: into, .. } => (into.plane, into.lead, into.rows * into.pitch),
                    _ => (1, 0, 0),
                };
                spread(y, *channels, plane, threads, |channels, y| {
                    pool::means(
                        channels.len(),
                        &x[channels.start * layout.plane..],
                        from,
                        *absolute,
                        |c, image, mean| {
                            y[c * plane + lead + image * each] = mean;
                        },
                    );
                });
            }
            (StepOp::Add(clamp), ..) => {
                let second = memory.read(self.ins[1]);
                let n = y.len().min(x.len()).min(second.len());
                spread(y, n, 1, threads, |part, y| {
                    pool::add(&x[part.clone()], &second[part], *clamp, y);
                });
            }
            (StepOp::Flatten, Place::Flat { channels, size, layout, .. }, to) => {
                let each = size[0] * size[1] * if let Place::Flat { layout: into, .. } = to { into.plane } else { 1 };
                spread(y, *channels, each, threads, |channels, y| flatten(x, channels, *size, layout, to, y));
            }
            (StepOp::Other { op, constants }, ..) => self.other(op, constants, memory, y)?,
            (work, ..) => return Err(Error::state(format!("{}: {work:?} does not read {from:?}", self.name))),
        }
        Ok(())
    }

    /// An operator that runs itself, on row-major copies.
    fn other(&self, op: &OpKind, constants: &[Option<Tensor>], memory: &Memory, y: &mut [f32]) -> Result<()> {
        let ins = self
            .ins
            .iter()
            .zip(constants)
            .map(|(&id, constant)| match constant {
                Some(data) => Ok(data.clone()),
                None => {
                    let mut x = tensor::zeros(&memory.place(id).shape(memory.batch));
                    memory.place(id).gather(&memory.read(id), x.flat_mut());
                    Ok(x)
                }
            })
            .collect::<Result<Vec<Tensor>>>()?;
        let pass = op.forward(&ins.iter().collect::<Vec<_>>(), Mode::EVAL).map_err(|e| e.at(&self.name))?;
        memory.place(self.out).lay(pass.y.flat(), y);
        Ok(())
    }
}

/// Runs a layer with weights into `y`.
pub fn weighted(packed: &Packed, end: &End, memory: &Memory, ins: &[ValueId], out: ValueId, y: &mut [f32]) {
    let aside = ins.get(1).map(|&id| memory.read(id));
    let residual = aside.as_deref().unwrap_or_default();
    let (bias, mask) = (end.bias.as_slice(), memory.masks.get(end.mask));
    let store = Epilogue { bias, residual, clamp: end.clamp, mask, rounding: Rounding::Fast };
    let x = &*memory.read(ins[0]);
    match memory.place(out) {
        Place::Flat { layout, size, .. } => {
            packed.run(x, y, Planes { lead: layout.lead, plane: layout.plane }, layout.span(*size), &store);
        }
        place => packed.run(x, &mut y[..place.numbers()], Planes { lead: 0, plane: 1 }, 0, &store),
    }
}

/// Copies the pixels of channels to the features that they are; y begins with the first of those.
fn flatten(x: &[f32], channels: Range<usize>, [h, w]: [usize; 2], layout: &flat::Layout, to: &Place, y: &mut [f32]) {
    let first = channels.start;
    for (c, row) in channels.flat_map(|c| (0..h).map(move |row| (c, row))) {
        let x = &x[c * layout.plane + layout.row(0, row)..];
        let feature = ((c - first) * h + row) * w;
        match to {
            Place::Flat { layout: into, .. } => {
                let y = &mut y[feature * into.plane + into.lead..];
                rows::turn(x, y, [layout.n, w], [layout.rows * layout.pitch, into.plane]);
            }
            _ => rows::copy(&x[..w], &mut y[feature..feature + w]),
        }
    }
}
