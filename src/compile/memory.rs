//! Where the values of a plan lie while it runs: buffers that are allocated once and reused by values whose lives do not overlap.

use std::borrow::Cow;

use crate::graph::ValueId;
use crate::kernel::flat::Layout;
use crate::kernel::lines::Lines;

use super::buffer::Buffer;
use super::place::Place;
use super::task::PlacedStep;

/// Where values lie, and the values.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Examples of a run.
    pub batch: usize,
    places: Vec<Place>,
    /// By value: its buffer.
    slots: Vec<usize>,
    buffers: Vec<Buffer>,
    /// What keeps gaps zero.
    pub masks: GapMasks,
    /// Multiply-adds with weights of all runs so far.
    pub executed: u64,
}

impl Memory {
    /// Buffers for a portion's values, given their places and, by value, their buffer.
    pub fn new(batch: usize, places: Vec<Place>, slots: Vec<usize>, buffers: Vec<Buffer>) -> Self {
        Self { batch, places, slots, buffers, masks: GapMasks::default(), executed: 0 }
    }

    /// The same for another thread, which has run nothing yet.
    pub fn again(&self) -> Self {
        Self { executed: 0, ..self.clone() }
    }

    /// Number of values, parameters included.
    pub fn values(&self) -> usize {
        self.places.len()
    }

    /// Bytes of all buffers.
    pub fn bytes_of_buffers(&self) -> usize {
        self.buffers.iter().map(Buffer::size).sum()
    }

    /// Which mask keeps a value's gaps zero, made if there is none yet.
    pub fn mask(&mut self, id: ValueId) -> usize {
        self.masks.of(&self.places[id])
    }

    /// A value's place.
    pub fn place(&self, id: ValueId) -> &Place {
        &self.places[id]
    }

    /// A value's numbers as they lie; bytes are turned into numbers first. Parameters have none.
    pub fn read(&self, id: ValueId) -> Cow<'_, [f32]> {
        match (self.buffers.get(self.slots[id]), self.place(id)) {
            (Some(Buffer::Floats(x)), _) => Cow::Borrowed(x),
            (Some(Buffer::Bytes(x)), Place::Flat { quant: Some(quant), .. }) => {
                Cow::Owned(x.iter().map(|&q| quant.number(q)).collect())
            }
            _ => Cow::Borrowed(&[]),
        }
    }

    /// A value's bytes as they lie; none if it holds numbers.
    pub fn bytes(&self, id: ValueId) -> &[u8] {
        if let Buffer::Bytes(x) = &self.buffers[self.slots[id]] { x } else { &[] }
    }

    /// Takes a value's buffer out, to be written while others are read.
    pub(super) fn take(&mut self, id: ValueId) -> Buffer {
        std::mem::take(&mut self.buffers[self.slots[id]])
    }

    pub(super) fn put(&mut self, id: ValueId, y: Buffer) {
        self.buffers[self.slots[id]] = y;
    }

    /// Puts a portion where it enters.
    pub(super) fn enter(&mut self, input: ValueId, x: &[f32]) {
        let mut y = self.take(input);
        self.place(input).scatter(x, &mut y);
        self.put(input, y);
    }
}

/// Masks by the place they belong to.
#[derive(Clone, Debug, Default)]
pub struct GapMasks(Vec<Mask>);

#[derive(Clone, Debug)]
struct Mask {
    layout: Layout,
    size: [usize; 2],
    floats: Lines<f32>,
    bytes: Vec<u8>,
}

impl GapMasks {
    fn of(&mut self, place: &Place) -> usize {
        let Place::Flat { size, layout, .. } = place else { return usize::MAX };
        self.0.iter().position(|mask| mask.layout == *layout && mask.size == *size).unwrap_or_else(|| {
            let floats = place.mask();
            let bytes = floats.iter().map(|&x| if x > 0.0 { u8::MAX } else { 0 }).collect();
            self.0.push(Mask { layout: layout.clone(), size: *size, floats, bytes });
            self.0.len() - 1
        })
    }

    /// 1 for pixels and 0 for gaps; empty where there are no gaps.
    pub fn get(&self, index: usize) -> &[f32] {
        self.0.get(index).map_or(&[], |mask| &mask.floats)
    }

    /// The same for bytes: 255 for pixels.
    pub fn bytes(&self, index: usize) -> &[u8] {
        self.0.get(index).map_or(&[], |mask| &mask.bytes)
    }
}

/// Gives every value a slot: that of a value which is read no more, if it has the same geometry. Gaps of a geometry are zero
/// from the start and every step leaves them so. Also gives, by slot, a value that lies in it and the numbers that it must hold.
pub fn slots(
    steps: &[PlacedStep],
    places: &[Place],
    input: ValueId,
    output: ValueId,
) -> (Vec<usize>, Vec<(ValueId, usize)>) {
    const NONE: usize = usize::MAX;
    let wires = |step: &PlacedStep| match step {
        PlacedStep::Split { from, to, .. } => (vec![*from], *to),
        PlacedStep::Layer(layer) => (layer.ins.clone(), layer.out),
    };
    let mut last = vec![0; places.len()];
    for (i, step) in steps.iter().enumerate() {
        wires(step).0.iter().for_each(|&id| last[id] = i);
    }
    last[output] = NONE;
    // Phases of a size that the stride does not divide have pixels which are never written: they must stay zero, in a slot of
    // their own.
    let ragged = |step: &PlacedStep| match step {
        PlacedStep::Split { from, stride, .. } => match &places[*from] {
            Place::Flat { size, .. } => size.iter().zip(stride).any(|(size, stride)| !size.is_multiple_of(*stride)),
            _ => false,
        },
        PlacedStep::Layer(_) => false,
    };
    let mut slots = vec![NONE; places.len()];
    let (mut rooms, mut free): (Vec<(ValueId, usize)>, Vec<usize>) = (vec![], vec![]);
    let outs = std::iter::once((NONE, vec![], input)).chain(steps.iter().enumerate().map(|(i, step)| {
        let (ins, out) = wires(step);
        (i, ins, out)
    }));
    for (i, ins, out) in outs {
        let place = &places[out];
        let alone = i != NONE && ragged(&steps[i]);
        if alone {
            last[out] = NONE;
        }
        let slot = match free.iter().position(|&slot| places[rooms[slot].0].alike(place)) {
            Some(at) if !alone => free.remove(at),
            _ => {
                rooms.push((out, 0));
                rooms.len() - 1
            }
        };
        rooms[slot].1 = rooms[slot].1.max(place.size());
        slots[out] = slot;
        for id in ins {
            // Parameters among the inputs have no buffer; a value read twice by a step is freed once.
            if last[id] == i && slots[id] != NONE {
                free.push(slots[id]);
                last[id] = NONE;
            }
        }
    }
    (slots, rooms)
}
