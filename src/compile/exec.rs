//! Running a plan: steps over buffers, portion by portion, and preparing the steps.

use crate::base::{Error, Flat, Result, Tensor, team, tensor};
use crate::graph::ValueId;
use crate::kernel::pool::Pooling;

use super::boosted;
use super::buffer::Buffer;
use super::choose::{self, Why};
use super::forms::{self, Form};
use super::lower::{LoweredLayer, LoweredOp, Weighted};
use super::memory::{Memory, slots};
use super::place::Place;
use super::quant::Ranges;
use super::quantize;
use super::step::{End, PlanStep, StepOp, weighted};
use super::task::{Placed, PlacedStep};
use super::{Choose, Options};

/// A compiled network for one batch size.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Examples of a run; they go through the network in portions, one after the other.
    pub batch: usize,
    portion: usize,
    /// Threads that share a run.
    pub threads: usize,
    steps: Vec<PlanStep>,
    memory: Memory,
    /// Memory of the other threads, where they share out portions.
    others: Vec<Memory>,
    input: ValueId,
    output: ValueId,
    answers: Vec<f32>,
}

/// A layer with the kernel it runs on.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Name of the layer.
    pub name: String,
    /// What was tried.
    pub why: Why,
}

/// Turns a placed program into a plan, packing and choosing as it goes.
pub fn build(placed: Placed, options: &Options) -> Result<Plan> {
    let Placed { batch: portion, steps: tasks, places, input, output } = placed;
    let (slots, rooms) = slots(&tasks, &places, input, output);
    let buffers = rooms.iter().map(|&(id, size)| places[id].buffer(size)).collect();
    let (batch, classes) = (options.batch, places[output].numbers() / portion.max(1));
    let memory = Memory::new(portion, places, slots, buffers);
    let (steps, answers) = (Vec::with_capacity(tasks.len()), vec![0.0; batch * classes]);
    let (threads, others) = (options.threads.max(1), Vec::new());
    let mut plan = Plan { batch, portion, threads, steps, memory, others, input, output, answers };
    for task in tasks {
        let step = match task {
            PlacedStep::Split { from, to, stride } => PlanStep {
                name: "split".into(),
                work: StepOp::Split(stride),
                ins: vec![from],
                out: to,
                why: None,
                macs: 0,
            },
            PlacedStep::Layer(layer) => plan.prepare(*layer, options.choose)?,
        };
        plan.steps.push(step);
    }
    Ok(plan)
}

/// Takes a portion through all steps.
fn pass(
    steps: &[PlanStep],
    memory: &mut Memory,
    [input, output]: [ValueId; 2],
    threads: usize,
    x: &[f32],
    answers: &mut [f32],
) -> Result<()> {
    memory.enter(input, x);
    steps.iter().try_for_each(|step| step.pass(memory, threads))?;
    memory.place(output).gather(&memory.read(output), answers);
    Ok(())
}

impl Plan {
    /// Packs a layer and chooses its kernel, timing candidates on the plan's own buffers.
    fn prepare(&mut self, layer: LoweredLayer, how: Choose) -> Result<PlanStep> {
        let LoweredLayer { name, work, ins, out } = layer;
        let macs = self.macs(&work, &ins, out);
        let (work, why) = match work {
            LoweredOp::Conv(w, v) => {
                let Place::Flat { layout, quant, .. } = self.memory.place(ins[0]) else {
                    return Err(Error::state(format!("{name}: a convolution reads images")));
                };
                if let (Some(x), Place::Flat { quant: Some(y), .. }) = (quant, self.memory.place(out)) {
                    let residual = ins.get(1).and_then(|&id| self.memory.place(id).quant());
                    let layer = quantize::QuantizedLayer::new(&w, &v, layout, [*x, *y], residual, self.threads);
                    let (work, why) = self.time(layer, &ins, out, layout.run(), how);
                    return Ok(PlanStep { name, work, ins, out, why, macs });
                }
                let forms = forms::convolution(&w, &v, layout, self.threads);
                self.weigh(forms, w, &ins, out, how)
            }
            LoweredOp::Boosted(w, v, boost) => {
                let (layer, why) = boosted::prepare(w, v, boost, &mut self.memory, &ins, out, how)?;
                (StepOp::Boosted(layer), Some(why))
            }
            LoweredOp::Linear(w) => {
                let forms = match self.memory.place(ins[0]) {
                    Place::Flat { layout, .. } => forms::linear(&w, layout, self.threads),
                    _ => forms::vector(&w, self.threads),
                };
                self.weigh(forms, w, &ins, out, how)
            }
            LoweredOp::Pool(w, mean) => {
                (StepOp::Pool(Pooling { kernel: w.kernel, stride: w.stride, pad: w.pad, mean }), None)
            }
            LoweredOp::Means { absolute } => (StepOp::Means { absolute }, None),
            LoweredOp::Add(clamp) => (StepOp::Add(clamp), None),
            LoweredOp::Flatten => (StepOp::Flatten, None),
            LoweredOp::Other(op, constants) => (StepOp::Other { op, constants }, None),
        };
        Ok(PlanStep { name, work, ins, out, why, macs })
    }

    fn weigh(
        &mut self,
        forms: Vec<Form>,
        w: Weighted,
        ins: &[ValueId],
        out: ValueId,
        how: Choose,
    ) -> (StepOp, Option<Why>) {
        let mask = self.memory.mask(out);
        let end = End { bias: w.bias, clamp: w.clamp, mask };
        let mut y = self.memory.take(out);
        let (packed, why) =
            choose::pick(forms, how, &mut |packed| weighted(packed, &end, &self.memory, ins, out, y.floats()));
        y.floats().fill(0.0);
        self.memory.put(out, y);
        (StepOp::Weighted { packed, end }, Some(why))
    }

    /// A layer between bytes has one kernel, which is timed to be told.
    fn time(
        &mut self,
        layer: quantize::QuantizedLayer,
        ins: &[ValueId],
        out: ValueId,
        run: usize,
        how: Choose,
    ) -> (StepOp, Option<Why>) {
        let layer = layer.masked(self.memory.mask(out));
        let mut y = self.memory.take(out);
        let work = (layer.nonzero() * run) as f64;
        let why = choose::only("int8", layer.bytes(), work, how, &mut || {
            if let Buffer::Bytes(y) = &mut y {
                layer.run(&self.memory, ins, out, y);
            }
        });
        let y = self.memory.place(out).buffer(y.size());
        self.memory.put(out, y);
        (StepOp::Bytes(layer), Some(why))
    }

    /// Multiply-adds with weights of a step that takes the same for every image.
    fn macs(&self, work: &LoweredOp, ins: &[ValueId], out: ValueId) -> u64 {
        let nonzero = |w: &Weighted| w.weights.iter().filter(|w| **w != 0.0).count();
        let shape = |id: ValueId| self.memory.place(id).shape(self.memory.batch);
        (match work {
            LoweredOp::Conv(w, v) => nonzero(w) * v.pixels() * v.n,
            LoweredOp::Linear(w) => nonzero(w) * self.memory.batch,
            LoweredOp::Other(op, constants) => {
                let shapes = ins.iter().zip(constants).map(|(&id, constant)| match constant {
                    Some(data) => data.shape().to_vec(),
                    None => shape(id),
                });
                let shapes: Vec<_> = shapes.collect();
                return op.macs(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>(), &shape(out));
            }
            _ => 0,
        }) as u64
    }

    /// Multiply-adds with weights of all runs since the plan was made: of boosted layers those that their images took.
    pub fn executed(&self) -> u64 {
        let memories = std::iter::once(&self.memory).chain(&self.others);
        memories.map(|memory| memory.executed).sum()
    }

    /// Answers [batch, classes], row-major, to one batch of row-major examples.
    ///
    /// Threads share out the portions where there are several, and the layers of the only one otherwise.
    ///
    /// # Errors
    /// When the examples are not as many numbers as a batch has.
    pub fn run(&mut self, x: &[f32]) -> Result<&[f32]> {
        let portions = self.batch / self.portion;
        let each = self.memory.place(self.input).numbers();
        if x.len() != each * portions {
            return Err(Error::shape("numbers of a batch", [each * portions], [x.len()]));
        }
        let (ends, threads, steps) = ([self.input, self.output], self.threads, &self.steps);
        let classes = self.answers.len() / portions;
        let through = |memory: &mut Memory, x: &[f32], answers: &mut [f32]| -> Result<()> {
            let mut portions = x.chunks_exact(each.max(1)).zip(answers.chunks_exact_mut(classes.max(1)));
            portions.try_for_each(|(x, answers)| pass(steps, memory, ends, threads, x, answers))
        };
        let parts = threads.min(portions);
        if parts <= 1 {
            through(&mut self.memory, x, &mut self.answers)?;
            return Ok(&self.answers);
        }
        self.others.resize_with(parts - 1, || self.memory.again());
        let share = portions.div_ceil(parts);
        let numbers = x.chunks(share * each.max(1)).zip(self.answers.chunks_mut(share * classes.max(1)));
        let memories = std::iter::once(&mut self.memory).chain(&mut self.others);
        let mut items: Vec<_> = memories.zip(numbers).map(|(memory, (x, y))| (memory, x, y, Ok(()))).collect();
        team::each(&mut items, |(memory, x, answers, done)| *done = through(memory, x, answers));
        items.into_iter().try_for_each(|(.., done)| done)?;
        Ok(&self.answers)
    }

    /// The ranges of all values over some examples, batch by batch; what does not fill a batch is left out.
    ///
    /// # Errors
    /// When the examples do not fit.
    pub fn observe(&mut self, x: &Tensor) -> Result<Ranges> {
        let mut ranges = Ranges::new(self.memory.values());
        let each = self.memory.place(self.input).numbers().max(1);
        for batch in x.flat().chunks_exact(each * (self.batch / self.portion)) {
            for part in batch.chunks_exact(each) {
                ranges.see(self.input, part);
                self.memory.enter(self.input, part);
                for step in &self.steps {
                    step.pass(&mut self.memory, self.threads)?;
                    let out = step.out;
                    let mut numbers = vec![0.0; self.memory.place(out).numbers()];
                    self.memory.place(out).gather(&self.memory.read(out), &mut numbers);
                    ranges.see(out, &numbers);
                }
            }
            ranges.end();
        }
        Ok(ranges)
    }

    /// Answers [N, classes], or [N, T, classes] of tokens, to any number of examples; the last batch is filled up with zeros.
    ///
    /// # Errors
    /// When the examples do not fit.
    pub fn answers(&mut self, x: &Tensor) -> Result<Tensor> {
        let (n, batch) = (x.shape()[0], self.batch);
        let (each, classes) = (x.len() / n.max(1), self.answers.len() / batch);
        let mut shape = self.memory.place(self.output).shape(self.portion);
        shape[0] = n;
        if n == 0 {
            return tensor::from_vec(&shape, Vec::new());
        }
        let mut out = Vec::with_capacity(n * classes);
        for chunk in x.flat().chunks(each * batch) {
            let mut full = chunk.to_vec();
            full.resize(each * batch, 0.0);
            let kept = chunk.len() / each * classes;
            out.extend_from_slice(&self.run(&full)?[..kept]);
        }
        tensor::from_vec(&shape, out)
    }

    /// The weighted layers with their kernels, in order; times are those of a whole batch.
    pub fn layers(&self) -> impl Iterator<Item = Timing> {
        let portions = (self.batch / self.portion) as f64;
        self.steps.iter().filter_map(move |step| {
            let mut why = step.why.clone()?;
            why.candidates.iter_mut().for_each(|candidate| candidate.us *= portions);
            Some(Timing { name: step.name.clone(), why })
        })
    }

    /// Bytes of all buffers for activations.
    pub fn memory(&self) -> usize {
        let memories = std::iter::once(&self.memory).chain(&self.others);
        memories.map(Memory::bytes_of_buffers).sum()
    }
}
