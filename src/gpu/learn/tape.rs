//! A training step as a list of calls: forward through the network, loss, back through it, and the optimizer.
//!
//! Values have rooms of their own, since the way back reads them. Gradients lie in rooms that others use again once they have
//! been passed on. The first gradient that a value gets is written, later ones are added, so no room needs to be zero.

use std::collections::BTreeSet;

use crate::base::{Error, Result, Shape, tensor};
use crate::gpu::device::{Call, Device, DeviceBuffer, Wires};
use crate::gpu::maker::{over, unsupported};
use crate::gpu::precision::Precision;
use crate::graph::op::OpKind;
use crate::graph::{Graph, Role, ValueId};
use crate::train::Loss;
use crate::train::optim::UpdateRule;

use super::rules;
use super::store::ParameterStore;

/// What is known while calls are made.
pub struct Tape<'a> {
    /// Where it is to run.
    pub device: &'a Device,
    /// The network.
    pub graph: &'a Graph,
    /// Examples of a batch.
    pub batch: usize,
    /// What norms go by.
    pub norms: Norms,
    /// The parameters.
    pub store: &'a ParameterStore,
    /// By value: the one whose numbers it has; another than itself behind layers that only change extents.
    roots: Vec<ValueId>,
    /// By root: how many layers read it, the loss among them.
    uses: Vec<usize>,
    /// By root: its numbers.
    values: Vec<Option<DeviceBuffer>>,
    /// By root: which of the rooms has its gradient, as soon as there is one.
    slopes: Vec<Option<usize>>,
    rooms: Vec<Room>,
    /// By value: whether something that is trained depends on its gradient.
    wanted: Vec<bool>,
    /// Parameters that have a gradient.
    pub reached: BTreeSet<ValueId>,
    /// The calls so far.
    pub calls: Vec<Call>,
}

/// Statistics that batch norms go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norms {
    /// The batch's; running ones move towards them.
    Moving,
    /// The batch's; running ones become them.
    Batch,
    /// Running ones.
    Running,
}

/// A room for gradients of a size, and how many values have theirs in it now.
struct Room {
    memory: DeviceBuffer,
    size: usize,
    holders: usize,
}

/// Whether a layer gives its input's numbers as they are.
fn same(op: &OpKind, norms: Norms) -> bool {
    match op {
        OpKind::Flatten(_) | OpKind::Reshape(_) | OpKind::Identity(_) => true,
        OpKind::Dropout(_) => norms == Norms::Running,
        _ => false,
    }
}

impl<'a> Tape<'a> {
    /// Nothing yet, for batches of a size.
    ///
    /// # Errors
    /// When the network's wiring is not what kernels here take.
    pub fn new(
        device: &'a Device,
        graph: &'a Graph,
        batch: usize,
        store: &'a ParameterStore,
        norms: Norms,
    ) -> Result<Self> {
        let n = graph.values.len();
        let (mut roots, mut uses): (Vec<ValueId>, Vec<usize>) = ((0..n).collect(), vec![0; n]);
        let trained = |id: ValueId| {
            let value = &graph.values[id];
            value.data.is_some() && matches!(value.role, Role::Weight | Role::Bias)
        };
        let mut wanted: Vec<bool> = (0..n).map(trained).collect();
        for node in &graph.nodes {
            if same(&node.op, norms) {
                roots[node.out] = roots[node.ins[0]];
            } else {
                node.ins.iter().for_each(|&id| uses[roots[id]] += 1);
            }
            wanted[node.out] = node.ins.iter().any(|&id| wanted[id]);
        }
        let (_, output) = graph.only("training on a GPU")?;
        uses[roots[output]] += 1;
        if let Some((_, value)) = graph.parameters().find(|&(id, _)| uses[id] > 1) {
            return Err(unsupported(&format!("parameters that several layers share ({})", value.name)));
        }
        let mut tape = Self {
            device,
            graph,
            batch,
            norms,
            store,
            roots,
            uses,
            values: vec![None; n],
            slopes: vec![None; n],
            rooms: Vec::new(),
            wanted,
            reached: BTreeSet::new(),
            calls: Vec::new(),
        };
        tape.room(graph.input())?;
        Ok(tape)
    }

    /// Shape of a value with the batch in front.
    pub fn shape(&self, id: ValueId) -> Shape {
        let mut shape = self.graph.values[id].shape.clone();
        if let Some(n) = shape.first_mut() {
            *n = self.batch;
        }
        shape
    }

    /// Shape of a parameter.
    pub fn parameter(&self, id: ValueId) -> &'a [usize] {
        &self.graph.values[id].shape
    }

    /// Numbers of a value for a batch.
    pub fn count(&self, id: ValueId) -> usize {
        tensor::count(&self.shape(id))
    }

    /// Room for a value.
    fn room(&mut self, id: ValueId) -> Result<DeviceBuffer> {
        let memory = self.device.room(self.count(id))?;
        self.values[self.roots[id]] = Some(memory.clone());
        Ok(memory)
    }

    /// A value's numbers.
    ///
    /// # Errors
    /// When no layer gives it.
    pub fn value(&self, id: ValueId) -> Result<DeviceBuffer> {
        let value = self.values[self.roots[id]].clone();
        value.ok_or_else(|| unsupported(&format!("{} as what goes into a layer", self.graph.values[id].name)))
    }

    /// Where the gradient of a value goes, and whether it is added to what is there; nowhere where nothing learns from it.
    ///
    /// # Errors
    /// When the GPU has no room.
    pub fn slope(&mut self, id: ValueId) -> Result<Option<(DeviceBuffer, u32)>> {
        if !self.wanted[id] {
            return Ok(None);
        }
        let (root, size) = (self.roots[id], self.count(id));
        let add = self.slopes[root].is_some();
        let free = || self.rooms.iter().position(|room| room.holders == 0 && room.size == size);
        let index = match self.slopes[root].or_else(free) {
            Some(index) => index,
            None => {
                self.rooms.push(Room { memory: self.device.room(size)?, size, holders: 0 });
                self.rooms.len() - 1
            }
        };
        if !add {
            self.slopes[root] = Some(index);
            self.rooms[index].holders = 1;
        }
        Ok(Some((self.rooms[index].memory.clone(), u32::from(add))))
    }

    /// Lets a value have the gradient of another where it would be a copy and nothing is added to it; says whether it does.
    pub fn share(&mut self, id: ValueId, other: ValueId) -> bool {
        let root = self.roots[id];
        let alone = self.wanted[id] && self.uses[root] == 1;
        if let Some(index) = self.slopes[self.roots[other]].filter(|_| alone) {
            self.slopes[root] = Some(index);
            self.rooms[index].holders += 1;
        }
        alone
    }

    /// Where a parameter's gradient goes.
    ///
    /// # Errors
    /// When the value is no parameter.
    pub fn learns(&mut self, id: ValueId) -> Result<u32> {
        if self.wanted[id] {
            self.reached.insert(id);
        }
        self.store.at(id)
    }

    /// Adds a call of a kernel, which is compiled the first time.
    ///
    /// # Errors
    /// When the GPU refuses.
    pub fn call(&mut self, name: &str, wgsl: &str, wires: Wires<'_>, params: &[u32], groups: [usize; 2]) -> Result<()> {
        let kernel = self.device.kernel(name, Precision::Single.preamble().to_string() + wgsl);
        self.calls.push(self.device.call(&kernel, wires, params, groups)?);
        Ok(())
    }

    /// Adds a call of an elementwise kernel.
    ///
    /// # Errors
    /// When the GPU refuses.
    pub fn each(&mut self, name: &str, wgsl: &str, wires: Wires<'_>, count: usize, rest: &[u32]) -> Result<()> {
        self.call(name, wgsl, wires, &[&[count as u32], rest].concat(), over(count))
    }

    /// Forward through all layers.
    ///
    /// # Errors
    /// When no kernel does one of them.
    pub fn forward(&mut self) -> Result<()> {
        for node in &self.graph.nodes {
            if !same(&node.op, self.norms) {
                let x = self.value(node.ins[0]).map_err(|error| error.at(&node.name))?;
                let y = self.room(node.out)?;
                self.layer(node, &x, &y).map_err(|error| error.at(&node.name))?;
            }
        }
        Ok(())
    }

    /// The gradient of the loss with respect to the answers.
    ///
    /// # Errors
    /// When the answers are not [N, classes].
    pub fn loss(&mut self, loss: &Loss, labels: &DeviceBuffer, teacher: &DeviceBuffer) -> Result<()> {
        let &[_, classes] = self.graph.values[self.graph.output()].shape.as_slice() else {
            return Err(Error::shape("answers", "[N, classes]", &self.graph.values[self.graph.output()].shape));
        };
        let answers = self.value(self.graph.output())?;
        let Some((slope, _)) = self.slope(self.graph.output())? else {
            return Err(unsupported("a network without anything to train"));
        };
        let n = self.batch as f32;
        let (alpha, heat) = loss.distil.unwrap_or((0.0, 1.0));
        let numbers = [loss.temperature, loss.smoothing, (1.0 - alpha) / n, alpha * heat / n, heat];
        let rest = [&[classes as u32][..], &numbers.map(f32::to_bits)].concat();
        let wires = Wires { x: &answers, y: &slope, aside: teacher, table: labels, weights: &answers };
        self.each("slope", &rules::slope(), wires, self.batch, &rest)
    }

    /// Back through all layers.
    ///
    /// # Errors
    /// When the GPU refuses.
    pub fn backward(&mut self) -> Result<()> {
        let norms = self.norms;
        for node in self.graph.nodes.iter().rev().filter(|node| !same(&node.op, norms)) {
            if let Some(index) = self.slopes[self.roots[node.out]] {
                let slope = self.rooms[index].memory.clone();
                self.pull(node, &slope).map_err(|error| error.at(&node.name))?;
                self.rooms[index].holders -= 1;
            }
        }
        Ok(())
    }

    /// Moves the parameters; `rates` holds what changes from step to step.
    ///
    /// # Errors
    /// When the GPU refuses.
    pub fn update(&mut self, rule: UpdateRule, rates: &DeviceBuffer) -> Result<()> {
        let store = self.store;
        let wires =
            Wires { x: &store.slopes, y: &store.state, aside: rates, table: &store.flags, weights: &store.slopes };
        match rule {
            UpdateRule::Sgd { .. } => self.each("sgd", &rules::sgd(), wires, store.total, &[]),
            UpdateRule::Adam { .. } => self.each("adam", &rules::adam(), wires, store.total, &[]),
        }
    }
}
