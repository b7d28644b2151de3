//! Running a plan: steps over buffers that are allocated once and reused by values whose lives do not overlap.

use crate::base::{Error, Flat, Result, Tensor, tensor};
use crate::graph::ValueId;
use crate::graph::op::{Kind, Mode};
use crate::kernel::flat::{self, Layout};
use crate::kernel::pool::{self, Image, Window};
use crate::kernel::rows;
use crate::kernel::simd::Rounding;
use crate::kernel::store::{Planes, Store};

use super::choose::{self, Choose, Packed, Why};
use super::lower::{Job, Layer};
use super::place::{Place, Placed, Step};

/// A compiled network for one batch size.
#[derive(Debug)]
pub struct Plan {
    /// Examples of a run.
    pub batch: usize,
    steps: Vec<Run>,
    places: Vec<Place>,
    /// By value: its buffer.
    slots: Vec<usize>,
    buffers: Vec<Vec<f32>>,
    masks: Masks,
    input: ValueId,
    output: ValueId,
    answers: Vec<f32>,
}

/// A step ready to run.
#[derive(Debug)]
struct Run {
    name: String,
    work: Work,
    ins: Vec<ValueId>,
    out: ValueId,
    why: Option<Why>,
}

#[derive(Debug)]
enum Work {
    Weighted { packed: Packed, bias: Vec<f32>, clamp: [f32; 2], mask: usize },
    Split([usize; 2]),
    Pool(Window),
    Means,
    Add([f32; 2]),
    Flatten,
    Other { op: Kind, constants: Vec<Option<Tensor>> },
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
pub fn build(placed: Placed, how: Choose) -> Result<Plan> {
    let Placed { batch, steps, places, input, output } = placed;
    let (slots, buffers) = allocate(&steps, &places, input, output);
    let classes = places[output].numbers() / batch.max(1);
    let answers = vec![0.0; batch * classes];
    let masks = Masks::default();
    let mut plan = Plan { batch, steps: Vec::new(), places, slots, buffers, masks, input, output, answers };
    for step in steps {
        let run = match step {
            Step::Split { from, to, stride } => {
                Run { name: "split".into(), work: Work::Split(stride), ins: vec![from], out: to, why: None }
            }
            Step::Layer(layer) => plan.prepare(*layer, how)?,
        };
        plan.steps.push(run);
    }
    Ok(plan)
}

/// Masks by the place they belong to.
#[derive(Debug, Default)]
struct Masks(Vec<(Layout, [usize; 2], Vec<f32>)>);

impl Masks {
    fn of(&mut self, place: &Place) -> usize {
        let Place::Flat { size, layout, .. } = place else { return usize::MAX };
        self.0.iter().position(|(l, s, _)| l == layout && s == size).unwrap_or_else(|| {
            self.0.push((layout.clone(), *size, place.mask()));
            self.0.len() - 1
        })
    }

    fn get(&self, index: usize) -> &[f32] {
        self.0.get(index).map_or(&[], |(_, _, mask)| mask)
    }
}

/// Gives every value a buffer; one whose value is read no more goes to the next of the same geometry. Gaps of a geometry
/// are zero from the start and every step leaves them so.
fn allocate(steps: &[Step], places: &[Place], input: ValueId, output: ValueId) -> (Vec<usize>, Vec<Vec<f32>>) {
    const NONE: usize = usize::MAX;
    let wires = |step: &Step| match step {
        Step::Split { from, to, .. } => (vec![*from], *to),
        Step::Layer(layer) => (layer.ins.clone(), layer.out),
    };
    let mut last = vec![0; places.len()];
    for (i, step) in steps.iter().enumerate() {
        wires(step).0.iter().for_each(|&id| last[id] = i);
    }
    last[output] = NONE;
    let mut slots = vec![NONE; places.len()];
    let (mut sizes, mut kinds, mut free): (Vec<usize>, Vec<&Place>, Vec<usize>) = (vec![], vec![], vec![]);
    let outs = std::iter::once((NONE, vec![], input)).chain(steps.iter().enumerate().map(|(i, step)| {
        let (ins, out) = wires(step);
        (i, ins, out)
    }));
    for (i, ins, out) in outs {
        let place = &places[out];
        let slot = match free.iter().position(|&slot| kinds[slot].alike(place)) {
            Some(at) => free.remove(at),
            None => {
                sizes.push(0);
                kinds.push(place);
                sizes.len() - 1
            }
        };
        sizes[slot] = sizes[slot].max(place.size());
        slots[out] = slot;
        for id in ins {
            // Parameters among the inputs have no buffer; a value read twice by a step is freed once.
            if last[id] == i && slots[id] != NONE {
                free.push(slots[id]);
                last[id] = NONE;
            }
        }
    }
    (slots, sizes.into_iter().map(|size| vec![0.0; size]).collect())
}

impl Plan {
    /// Packs a layer and chooses its kernel, timing candidates on the plan's own buffers.
    fn prepare(&mut self, layer: Layer, how: Choose) -> Result<Run> {
        let Layer { name, work, ins, out } = layer;
        let mask = self.masks.of(&self.places[out]);
        let (work, why) = match work {
            Job::Conv(w, v) => {
                let Place::Flat { layout, .. } = &self.places[ins[0]] else {
                    return Err(Error::state(format!("{name}: a convolution reads images")));
                };
                let forms = choose::convolution(&w, &v, layout);
                self.weigh(forms, w.bias, w.clamp, mask, &ins, out, how)
            }
            Job::Linear(w) => {
                let forms = match &self.places[ins[0]] {
                    Place::Flat { layout, .. } => choose::linear(&w, layout),
                    _ => choose::vector(&w),
                };
                self.weigh(forms, w.bias, w.clamp, mask, &ins, out, how)
            }
            Job::Pool(w, mean) => (Work::Pool(Window { kernel: w.kernel, stride: w.stride, pad: w.pad, mean }), None),
            Job::Means => (Work::Means, None),
            Job::Add(clamp) => (Work::Add(clamp), None),
            Job::Flatten => (Work::Flatten, None),
            Job::Other(op, constants) => (Work::Other { op, constants }, None),
        };
        Ok(Run { name, work, ins, out, why })
    }

    #[allow(clippy::too_many_arguments)]
    fn weigh(
        &mut self,
        forms: Vec<choose::Form>,
        bias: Vec<f32>,
        clamp: [f32; 2],
        mask: usize,
        ins: &[ValueId],
        out: ValueId,
        how: Choose,
    ) -> (Work, Option<Why>) {
        let mut y = std::mem::take(&mut self.buffers[self.slots[out]]);
        let (packed, why) =
            choose::pick(forms, how, &mut |packed| self.weighted(packed, &bias, clamp, mask, ins, out, &mut y));
        y.fill(0.0);
        self.buffers[self.slots[out]] = y;
        (Work::Weighted { packed, bias, clamp, mask }, Some(why))
    }

    /// Runs a weighted layer into `y`.
    #[allow(clippy::too_many_arguments)]
    fn weighted(
        &self,
        packed: &Packed,
        bias: &[f32],
        clamp: [f32; 2],
        mask: usize,
        ins: &[ValueId],
        out: ValueId,
        y: &mut [f32],
    ) {
        let residual = ins.get(1).map_or(&[][..], |&id| &self.buffers[self.slots[id]]);
        let store = Store { bias, residual, clamp, mask: self.masks.get(mask), rounding: Rounding::Fast };
        let x = &self.buffers[self.slots[ins[0]]];
        match &self.places[out] {
            Place::Flat { layout, size, .. } => packed.run(x, y, choose::planes(layout), layout.span(*size), &store),
            place => packed.run(x, &mut y[..place.numbers()], Planes { lead: 0, plane: 0 }, 0, &store),
        }
    }

    /// Runs step i.
    fn step(&mut self, i: usize) -> Result<()> {
        let run = &self.steps[i];
        let slot = self.slots[run.out];
        let mut y = std::mem::take(&mut self.buffers[slot]);
        let done = self.work(run, &mut y);
        self.buffers[slot] = y;
        done
    }

    fn work(&self, run: &Run, y: &mut [f32]) -> Result<()> {
        let x = |i: usize| self.buffers[self.slots[run.ins[i]]].as_slice();
        let (from, to) = (&self.places[run.ins[0]], &self.places[run.out]);
        match (&run.work, from, to) {
            (Work::Weighted { packed, bias, clamp, mask }, ..) => {
                self.weighted(packed, bias, *clamp, *mask, &run.ins, run.out, y);
            }
            (Work::Split(stride), Place::Flat { channels, size, layout }, Place::Flat { layout: into, .. }) => {
                flat::resplit(x(0), layout, [*channels, size[0], size[1]], *stride, into, y);
            }
            (Work::Pool(w), Place::Flat { channels, size, layout }, Place::Flat { size: out, layout: into, .. }) => {
                let (from, to) = (Image { size: *size, layout }, Image { size: *out, layout: into });
                pool::pool(w, *channels, x(0), from, y, to);
            }
            (Work::Means, Place::Flat { channels, size, layout }, Place::Flat { layout: into, .. }) => {
                pool::means(*channels, x(0), Image { size: *size, layout }, |c, image, mean| {
                    y[c * into.plane + into.row(image, 0)] = mean;
                });
            }
            (Work::Add(clamp), ..) => {
                let n = y.len().min(x(0).len()).min(x(1).len());
                pool::add(&x(0)[..n], &x(1)[..n], *clamp, y);
            }
            (Work::Flatten, Place::Flat { channels, size: [h, w], layout }, to) => {
                for (c, row) in (0..*channels).flat_map(|c| (0..*h).map(move |row| (c, row))) {
                    for image in 0..layout.n {
                        let start = c * layout.plane + layout.row(image, row);
                        let run = &x(0)[start..start + w];
                        let first = (c * h + row) * w;
                        match to {
                            Place::Flat { layout: into, .. } => {
                                for (i, v) in run.iter().enumerate() {
                                    y[(first + i) * into.plane + into.lead + image] = *v;
                                }
                            }
                            _ => rows::copy(run, &mut y[first..first + w]),
                        }
                    }
                }
            }
            (Work::Other { op, constants }, ..) => self.other(op, constants, run, y)?,
            (work, ..) => return Err(Error::state(format!("{}: {work:?} does not read {from:?}", run.name))),
        }
        Ok(())
    }

    /// An operator that runs itself, on row-major copies.
    fn other(&self, op: &Kind, constants: &[Option<Tensor>], run: &Run, y: &mut [f32]) -> Result<()> {
        let ins = run
            .ins
            .iter()
            .zip(constants)
            .map(|(&id, constant)| match constant {
                Some(data) => Ok(data.clone()),
                None => {
                    let mut x = tensor::zeros(&self.places[id].shape(self.batch));
                    self.places[id].gather(&self.buffers[self.slots[id]], x.flat_mut());
                    Ok(x)
                }
            })
            .collect::<Result<Vec<Tensor>>>()?;
        let pass = op.forward(&ins.iter().collect::<Vec<_>>(), Mode::EVAL).map_err(|e| e.at(&run.name))?;
        self.places[run.out].scatter(pass.y.flat(), y);
        Ok(())
    }

    /// Answers [batch, classes], row-major, to one batch of row-major examples.
    ///
    /// # Errors
    /// When the examples are not as many numbers as a batch has.
    pub fn run(&mut self, x: &[f32]) -> Result<&[f32]> {
        let want = self.places[self.input].numbers();
        if x.len() != want {
            return Err(Error::shape("numbers of a batch", [want], [x.len()]));
        }
        let place = &self.places[self.input];
        place.scatter(x, &mut self.buffers[self.slots[self.input]]);
        for i in 0..self.steps.len() {
            self.step(i)?;
        }
        self.places[self.output].gather(&self.buffers[self.slots[self.output]], &mut self.answers);
        Ok(&self.answers)
    }

    /// Answers [N, classes] to any number of examples; the last batch is filled up with zeros.
    ///
    /// # Errors
    /// When the examples do not fit.
    pub fn answers(&mut self, x: &Tensor) -> Result<Tensor> {
        let (n, batch) = (x.shape()[0], self.batch);
        let (each, classes) = (x.len() / n.max(1), self.answers.len() / batch);
        let mut out = Vec::with_capacity(n * classes);
        for chunk in x.flat().chunks(each * batch) {
            let mut full = chunk.to_vec();
            full.resize(each * batch, 0.0);
            let kept = chunk.len() / each * classes;
            out.extend_from_slice(&self.run(&full)?[..kept]);
        }
        tensor::from_vec(&[n, classes], out)
    }

    /// The weighted layers with their kernels, in order.
    pub fn layers(&self) -> impl Iterator<Item = Timing> {
        self.steps.iter().filter_map(|run| run.why.clone().map(|why| Timing { name: run.name.clone(), why }))
    }

    /// Bytes of all buffers for activations.
    pub fn memory(&self) -> usize {
        4 * self.buffers.iter().map(Vec::len).sum::<usize>()
    }
}
