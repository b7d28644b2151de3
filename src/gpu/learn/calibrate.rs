//! Calibration passes on the GPU: gradients, activations and statistics of norms, while no weight moves.
//!
//! The twin of [`crate::train::look`], number for number but for the order of sums.

use std::collections::BTreeMap;

use crate::base::{Error, Flat, Result, Tensor, tensor};
use crate::gpu::device::{Call, Device, DeviceBuffer, Wires};
use crate::gpu::maker::unsupported;
use crate::graph::{Graph, Masks, ValueId};
use crate::train::hvp::Direction;
use crate::train::look::{Look, Seen};
use crate::train::loss::LossTarget;
use crate::train::optim::Optimizer;
use crate::train::probe;

use super::store::ParameterStore;
use super::tape::{Norms, Tape};
use super::wgsl;

/// A network that batches of a size go through for what they show.
#[derive(Debug)]
pub struct Calibrator {
    device: Device,
    store: ParameterStore,
    look: Look,
    /// Shape of a batch of examples.
    shape: Vec<usize>,
    classes: usize,
    /// The batch as a whole.
    whole: Option<Pass>,
    /// One example at a time, and room for the squares of its gradients.
    single: Option<(Pass, DeviceBuffer)>,
}

/// A way through the network.
#[derive(Debug)]
struct Pass {
    calls: Vec<Call>,
    input: DeviceBuffer,
    labels: DeviceBuffer,
    /// What is summed over channels.
    sums: DeviceBuffer,
    found: Vec<Found>,
    /// Weights that have gradients, with their shapes.
    layers: Vec<(ValueId, Vec<usize>)>,
}

/// Sums over channels of a value.
#[derive(Clone, Copy, Debug)]
struct Found {
    weight: ValueId,
    value: ValueId,
    zeros: bool,
    /// Where they begin.
    at: usize,
    channels: usize,
    /// Numbers of a channel.
    each: usize,
}

impl Calibrator {
    /// Uploads a network for batches of `batch` examples.
    ///
    /// # Errors
    /// When the network has an operator that no kernel here does, or the GPU refuses: the processor can look.
    pub async fn new(device: Device, graph: &Graph, look: &Look, batch: usize) -> Result<Self> {
        if look.mode.train && look.whole() && look.grad_squared {
            // One statistic would overwrite what the other goes by.
            return Err(unsupported("squared gradients beside statistics of the batch"));
        }
        let mut store = ParameterStore::new(&device, graph)?;
        let shape = [&[batch], &graph.values[graph.input()].shape[1..]].concat();
        let classes = graph.values[graph.output()].shape.last().map_or(1, |&n| n);
        let norms = if look.mode.train { Norms::Batch } else { Norms::Running };
        let whole = match look.whole() {
            true => Some(Pass::new(Tape::new(&device, graph, batch, &store, norms)?, look, None)?),
            false => None,
        };
        let single = match look.grad_squared {
            true => {
                let alone = Look { grad: true, ..Look::none(look.mode, look.loss) };
                let squares = device.room(store.total)?;
                let tape = Tape::new(&device, graph, 1, &store, Norms::Running)?;
                Some((Pass::new(tape, &alone, Some(&squares))?, squares))
            }
            false => None,
        };
        store.push(graph, &Masks::default(), &Optimizer::sgd(0.0, 0.0))?;
        device.settled().await?;
        Ok(Self { device, store, look: *look, shape, classes, whole, single })
    }

    /// What it looks for.
    pub fn what(&self) -> &Look {
        &self.look
    }

    /// Examples of a batch.
    pub fn batch(&self) -> usize {
        self.shape[0]
    }

    /// Uploads the network's numbers anew.
    ///
    /// # Errors
    /// When a parameter is not of the size that was uploaded first.
    pub fn push(&mut self, graph: &Graph) -> Result<()> {
        self.store.push(graph, &Masks::default(), &Optimizer::sgd(0.0, 0.0))
    }

    /// Looks at a batch of examples [N, ...] and their labels.
    ///
    /// # Errors
    /// When the batch is not of the size that was asked for, or the GPU fails.
    pub async fn look(&mut self, x: &Tensor, labels: &[usize]) -> Result<Seen> {
        if x.shape() != self.shape.as_slice() {
            return Err(Error::shape("batch of examples", &self.shape, x.shape()));
        }
        LossTarget::labels(labels).check(self.shape[0], self.classes)?;
        let mut seen = Seen::default();
        if let Some(pass) = &self.whole {
            pass.fill(&self.device, x.flat(), labels);
            self.device.start(&pass.calls);
            if self.look.grad {
                seen.grad = self.gradients(pass, &self.store.slopes, 1.0).await?;
            }
            pass.read(&self.device, &mut seen).await?;
            if self.look.statistics {
                seen.statistics = self.store.running().await?;
            }
        }
        if let Some((pass, squares)) = &self.single {
            self.device.write(squares, &vec![0.0f32; self.store.total]);
            let one = x.len() / labels.len().max(1);
            for (x, label) in x.flat().chunks(one).zip(labels) {
                pass.fill(&self.device, x, &[*label]);
                self.device.start(&pass.calls);
            }
            seen.grad_squared = self.gradients(pass, squares, 1.0 / labels.len() as f32).await?;
        }
        Ok(seen)
    }

    /// The weights' part of a room that lies as gradients do, times a factor.
    async fn gradients(&self, pass: &Pass, from: &DeviceBuffer, factor: f32) -> Result<Direction> {
        let mut all = self.device.run(&[], from, self.store.total).await?;
        all.iter_mut().for_each(|g| *g *= factor);
        let mut out = Direction::new();
        for (id, shape) in &pass.layers {
            let at = self.store.at(*id)? as usize;
            out.insert(*id, tensor::from_vec(shape, all[at..at + tensor::count(shape)].to_vec())?);
        }
        Ok(out)
    }
}

impl Pass {
    /// `squares` is where those of gradients are added up, if that is wanted.
    fn new(mut tape: Tape<'_>, look: &Look, squares: Option<&DeviceBuffer>) -> Result<Self> {
        let (graph, batch) = (tape.graph, tape.batch);
        let labels = tape.device.room(batch + 1)?;
        tape.forward()?;
        let answers = tape.value(graph.output())?;
        let (mut found, mut size) = (Vec::new(), 0);
        for (index, weight) in graph.layers() {
            let node = &graph.nodes[index];
            let wanted = [(look.inputs, node.ins[0], false), (look.zeros, probe::activated(graph, node), true)];
            for (_, value, zeros) in wanted.into_iter().filter(|(wanted, ..)| *wanted) {
                let channels = graph.values[value].shape[1];
                found.push(Found { weight, value, zeros, at: size, channels, each: tape.count(value) / channels });
                size += channels;
            }
        }
        let sums = tape.device.room(size)?;
        for &Found { value, zeros, at, channels, each, .. } in &found {
            let x = tape.value(value)?;
            let wires = Wires { x: &x, y: &sums, aside: &x, table: &x, weights: &x };
            let params = [batch, channels, each / batch, at].map(|n| n as u32);
            if zeros {
                tape.call("zeros", &wgsl::zeros(), wires, &params, [channels, 1])?;
            } else {
                tape.call("squares", &wgsl::squares(), wires, &params, [channels, 1])?;
            }
        }
        if look.grad {
            tape.loss(&look.loss, &labels, &answers)?;
            tape.backward()?;
        }
        if let Some(squares) = squares {
            let (slopes, total) = (&tape.store.slopes, tape.store.total);
            let wires = Wires { x: slopes, y: squares, aside: slopes, table: slopes, weights: slopes };
            tape.each("add squares", &wgsl::add_squares(), wires, total, &[])?;
        }
        let input = tape.value(graph.input())?;
        let reached = graph.layers().map(|(_, id)| id).filter(|id| tape.reached.contains(id));
        let layers = reached.map(|id| (id, graph.values[id].shape.clone())).collect();
        Ok(Self { calls: tape.calls, input, labels, sums, found, layers })
    }

    /// Hands examples and their labels over; nobody teaches.
    fn fill(&self, device: &Device, x: &[f32], labels: &[usize]) {
        device.write(&self.input, x);
        let table: Vec<u32> = labels.iter().map(|&n| n as u32).chain([0]).collect();
        device.write(&self.labels, &table);
    }

    /// Reads the sums over channels.
    async fn read(&self, device: &Device, seen: &mut Seen) -> Result<()> {
        let Some(last) = self.found.last() else { return Ok(()) };
        let sums = device.run(&[], &self.sums, last.at + last.channels).await?;
        for found in &self.found {
            let wide = sums[found.at..][..found.channels].iter().map(|&x| f64::from(x));
            let to: &mut BTreeMap<_, _> = if found.zeros { &mut seen.zeros } else { &mut seen.inputs };
            let share = if found.zeros { 1.0 / found.each as f64 } else { 1.0 };
            to.insert(found.weight, wide.map(|x| x * share).collect());
        }
        Ok(())
    }
}
