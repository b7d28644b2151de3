//! Parameters on the GPU: all weights and biases in one room, so that one kernel moves them all, and so for their gradients.

use std::collections::BTreeSet;

use crate::base::{Error, Flat, Result, tensor};
use crate::gpu::device::{Device, DeviceBuffer};
use crate::graph::op::OpKind;
use crate::graph::{Graph, Masks, Role, ValueId};
use crate::train::hvp::Direction;
use crate::train::optim::Optimizer;

use super::rules::flag;

/// Statistics of a norm, c numbers of each: four of the batch, then the running mean and variance.
const STATISTICS: usize = 6;

/// A parameter, and where it lies among all.
#[derive(Clone, Debug)]
struct Entry {
    id: ValueId,
    at: usize,
    len: usize,
}

/// The parameters of a network, the optimizer's memory of them, and running statistics.
#[derive(Clone, Debug)]
pub struct ParameterStore {
    device: Device,
    entries: Vec<Entry>,
    /// By norm: running mean, running variance, first statistic, channels.
    norms: Vec<([ValueId; 2], usize, usize)>,
    /// Parameters in all.
    pub total: usize,
    /// Parameters, then the optimizer's m, then its v.
    pub state: DeviceBuffer,
    /// Gradients of parameters.
    pub slopes: DeviceBuffer,
    /// How each is moved: [`flag`].
    pub flags: DeviceBuffer,
    /// Statistics of all norms.
    pub statistics: DeviceBuffer,
    moving: BTreeSet<ValueId>,
    /// Flags from the second step on, while the first has not been taken.
    settled: Option<Vec<u32>>,
}

impl ParameterStore {
    /// Rooms for the parameters of a network.
    ///
    /// # Errors
    /// When the GPU has no such room.
    pub fn new(device: &Device, graph: &Graph) -> Result<Self> {
        let (mut norms, mut size) = (Vec::new(), 0);
        for node in graph.nodes.iter().filter(|node| matches!(node.op, OpKind::BatchNorm(_))) {
            let len = tensor::count(&graph.values[node.ins[3]].shape);
            norms.push(([node.ins[3], node.ins[4]], size, len));
            size += STATISTICS * len;
        }
        let (mut entries, mut total) = (Vec::new(), 0);
        for (id, value) in graph.parameters().filter(|(id, _)| !norms.iter().any(|(ids, ..)| ids.contains(id))) {
            let len = tensor::count(&value.shape);
            entries.push(Entry { id, at: total, len });
            total += len;
        }
        Ok(Self {
            entries,
            norms,
            total,
            state: device.room(3 * total)?,
            slopes: device.room(total)?,
            flags: device.room(total)?,
            statistics: device.room(size)?,
            moving: BTreeSet::new(),
            settled: None,
            device: device.clone(),
        })
    }

    /// Where a parameter begins.
    ///
    /// # Errors
    /// When the value is none.
    pub fn at(&self, id: ValueId) -> Result<u32> {
        let entry = self.entries.iter().find(|entry| entry.id == id);
        entry.map(|entry| entry.at as u32).ok_or_else(|| Error::state("a layer's parameter carries no numbers"))
    }

    /// Where the statistics of a norm begin, by its running mean.
    ///
    /// # Errors
    /// When there is no such norm.
    pub fn norm(&self, mean: ValueId) -> Result<u32> {
        let norm = self.norms.iter().find(|(ids, ..)| ids[0] == mean);
        norm.map(|&(_, at, _)| at as u32).ok_or_else(|| Error::state("a batch norm has no running mean"))
    }

    /// Says which parameters have gradients; the others stay as they are.
    pub fn move_only(&mut self, reached: BTreeSet<ValueId>) {
        self.moving = reached;
    }

    /// Uploads everything.
    ///
    /// # Errors
    /// When a parameter is not of the size that there is room for.
    pub fn push(&mut self, graph: &Graph, masks: &Masks, optimizer: &Optimizer) -> Result<()> {
        let mut state = vec![0.0; 3 * self.total];
        let mut flags = vec![0u32; self.total];
        for entry in &self.entries {
            let span = |slot: usize| slot * self.total + entry.at..slot * self.total + entry.at + entry.len;
            state[span(0)].copy_from_slice(numbers(graph, entry.id, entry.len)?);
            let memory = optimizer.memory(entry.id);
            for (slot, memory) in (1..).zip(memory.into_iter().flatten()) {
                if memory.len() != entry.len {
                    return Err(changed(graph, entry.id));
                }
                state[span(slot)].copy_from_slice(memory.flat());
            }
            let role = graph.values[entry.id].role;
            let mut bits = 0;
            if self.moving.contains(&entry.id) {
                bits |= flag::MOVES | if memory.is_none() { flag::FRESH } else { 0 };
            }
            if optimizer.decay_all || role == Role::Weight {
                bits |= flag::DECAYS;
            }
            let mask = masks.get(entry.id);
            for (i, flags) in flags[span(0)].iter_mut().enumerate() {
                let kept = mask.is_none_or(|mask| mask.get(i) != Some(&0));
                *flags = bits | if kept { flag::KEPT } else { 0 };
            }
        }
        let size = self.norms.last().map_or(0, |&(_, at, len)| at + STATISTICS * len);
        let mut statistics = vec![0.0; size];
        for &(ids, at, len) in &self.norms {
            for (slot, id) in (4..).zip(ids) {
                statistics[at + slot * len..at + (slot + 1) * len].copy_from_slice(numbers(graph, id, len)?);
            }
        }
        self.device.write(&self.state, &state);
        self.device.write(&self.flags, &flags);
        if size > 0 {
            self.device.write(&self.statistics, &statistics);
        }
        self.settled = flags.iter().any(|flags| flags & flag::FRESH != 0).then(|| {
            flags.iter_mut().for_each(|flags| *flags &= !flag::FRESH);
            flags
        });
        Ok(())
    }

    /// Takes note of a step.
    pub fn stepped(&mut self) {
        if let Some(flags) = self.settled.take() {
            self.device.write(&self.flags, &flags);
        }
    }

    /// Downloads everything; the optimizer has come to a number of steps.
    ///
    /// # Errors
    /// When a parameter has changed its size, or the GPU fails.
    pub async fn pull(&self, graph: &mut Graph, optimizer: &mut Optimizer, steps: i32) -> Result<()> {
        let state = self.device.run(&[], &self.state, 3 * self.total).await?;
        let mut memories = Vec::new();
        for entry in &self.entries {
            numbers(graph, entry.id, entry.len)?;
            let part = |slot: usize| &state[slot * self.total + entry.at..][..entry.len];
            graph.data_mut(entry.id)?.flat_mut().copy_from_slice(part(0));
            // Before the first step there is nothing to remember.
            if self.moving.contains(&entry.id) && (self.settled.is_none() || optimizer.memory(entry.id).is_some()) {
                let shape = &graph.values[entry.id].shape;
                let memory = |slot| tensor::from_vec(shape, part(slot).to_vec());
                memories.push((entry.id, [memory(1)?, memory(2)?]));
            }
        }
        optimizer.resume(steps, memories);
        for (id, running) in self.running().await? {
            numbers(graph, id, running.len())?;
            *graph.data_mut(id)? = running;
        }
        Ok(())
    }

    /// Downloads running statistics.
    ///
    /// # Errors
    /// When the GPU fails.
    pub async fn running(&self) -> Result<Direction> {
        let mut out = Direction::new();
        let Some(&(_, at, len)) = self.norms.last() else { return Ok(out) };
        let all = self.device.run(&[], &self.statistics, at + STATISTICS * len).await?;
        for &(ids, at, len) in &self.norms {
            for (slot, id) in (4..).zip(ids) {
                out.insert(id, tensor::from_vec(&[len], all[at + slot * len..][..len].to_vec())?);
            }
        }
        Ok(out)
    }
}

/// The numbers of a parameter that should have so many.
fn numbers(graph: &Graph, id: ValueId, len: usize) -> Result<&[f32]> {
    let data = graph.values.get(id).and_then(|value| value.data.as_ref());
    data.map(Flat::flat).filter(|data| data.len() == len).ok_or_else(|| changed(graph, id))
}

fn changed(graph: &Graph, id: ValueId) -> Error {
    let name = graph.values.get(id).map_or("a parameter", |value| &value.name);
    Error::state(format!("{name} has changed its size since it went to the GPU")).hint("upload the network anew")
}
