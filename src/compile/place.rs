//! Placing: a layout for every value, so that layers read each other's outputs where they lie.
//!
//! Values that a layer reads and writes pixel for pixel share one geometry (pitch, rows, zeros around). A geometry is as
//! wide as its most demanding convolution wants. A strided convolution reads phases, which a split makes from its input.

use std::collections::BTreeMap;

use crate::base::{Result, Shape};
use crate::graph::ValueId;
use crate::kernel::conv::Conv;
use crate::kernel::flat::{self, Layout, Reach};
use crate::kernel::lines::Lines;

use super::memory::Buffer;
use super::quantize::{self, Quant, Ranges};

use super::lower::{Job, Layer, Program};

/// Where a value lies.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// Planes of pixels; for [N, F] every feature is a plane with the batch as its pixels.
    Flat {
        /// Channels, or features.
        channels: usize,
        /// Rows and columns of the pixels.
        size: [usize; 2],
        /// Where they lie.
        layout: Layout,
        /// What they stand for, if they are bytes.
        quant: Option<Quant>,
    },
    /// One example's features side by side.
    Vector(usize),
    /// Row-major, for operators that run themselves.
    Plain(Shape),
}

/// A step of a placed program.
#[derive(Debug)]
pub enum Task {
    /// A layer.
    Layer(Box<Layer>),
    /// Rows and columns sorted into phases for a strided convolution.
    Split {
        /// What is split.
        from: ValueId,
        /// The phases.
        to: ValueId,
        /// The stride.
        stride: [usize; 2],
    },
}

/// A program with places.
#[derive(Debug)]
pub struct Placed {
    /// Batch size.
    pub batch: usize,
    /// Steps in order.
    pub steps: Vec<Task>,
    /// Places, by value. Those of parameters are never used.
    pub places: Vec<Place>,
    /// Where examples enter.
    pub input: ValueId,
    /// Where answers leave.
    pub output: ValueId,
}

/// A geometry in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    pitch: usize,
    rows: usize,
}

/// Gives every value its place.
pub fn place(program: Program, ranges: Option<&Ranges>) -> Result<Placed> {
    let Program { batch, layers, mut shapes, input, output } = program;
    let (steps, convs) = split(layers, &mut shapes);
    let lead = unify(&steps, &shapes);
    let of = |id: ValueId| root(&lead, id);
    let mut demands = vec![Demand::default(); shapes.len()];
    for (id, shape) in shapes.iter().enumerate().filter(|(_, s)| s.len() == 4) {
        let d = &mut demands[of(id)];
        (d.rows, d.pitch) = (d.rows.max(shape[2]), d.pitch.max(shape[3]));
    }
    for (id, v) in &convs {
        let d = &mut demands[of(*id)];
        d.rows = d.rows.max(Reach::of(v, 0).extent);
        d.pitch = d.pitch.max(Reach::of(v, 1).extent);
    }
    let mut around = vec![[0; 2]; shapes.len()];
    for (id, v) in &convs {
        let wants = flat::around(v, demands[of(*id)].pitch);
        let have = &mut around[of(*id)];
        *have = [have[0].max(wants[0]), have[1].max(wants[1])];
    }
    let images = |id: ValueId| shapes[id].len() == 4;
    let quants = ranges.map_or_else(|| vec![None; shapes.len()], |r| quantize::quants(&steps, images, input, r));
    let places = shapes.iter().enumerate().map(|(id, shape)| match *shape.as_slice() {
        [_, channels, h, w] => {
            let (d, [before, after]) = (demands[of(id)], around[of(id)]);
            let layout = Layout::new(batch, d.pitch, d.rows, before, after);
            Place::Flat { channels, size: [h, w], layout, quant: quants[id] }
        }
        [1, features] => Place::Vector(features),
        [_, channels] => Place::Flat { channels, size: [1, 1], layout: Layout::new(batch, 1, 1, 0, 0), quant: None },
        _ => Place::Plain(shape.clone()),
    });
    Ok(Placed { batch, places: places.collect(), steps, input, output })
}

/// Puts a split before strided convolutions, whose input value becomes the phases; those that read the same value with the
/// same stride share one. Also lists what each convolution reads, to know what it demands.
fn split(layers: Vec<Layer>, shapes: &mut Vec<Shape>) -> (Vec<Task>, Vec<(ValueId, Conv)>) {
    let (mut steps, mut convs) = (Vec::new(), Vec::new());
    let mut phases: BTreeMap<(ValueId, [usize; 2]), ValueId> = BTreeMap::new();
    for mut layer in layers {
        if let Job::Conv(_, v) = layer.work {
            if v.stride != [1, 1] {
                let from = layer.ins[0];
                layer.ins[0] = *phases.entry((from, v.stride)).or_insert_with(|| {
                    let phase = [v.size[0].div_ceil(v.stride[0]), v.size[1].div_ceil(v.stride[1])];
                    shapes.push(vec![v.n, flat::planes(&v), phase[0], phase[1]]);
                    steps.push(Task::Split { from, to: shapes.len() - 1, stride: v.stride });
                    shapes.len() - 1
                });
            }
            convs.push((layer.ins[0], v));
        }
        steps.push(Task::Layer(Box::new(layer)));
    }
    (steps, convs)
}

fn root(lead: &[usize], mut id: usize) -> usize {
    while lead[id] != id {
        id = lead[id];
    }
    id
}

/// Joins the geometries of values that are read and written pixel for pixel.
fn unify(steps: &[Task], shapes: &[Shape]) -> Vec<usize> {
    let mut lead: Vec<usize> = (0..shapes.len()).collect();
    for step in steps {
        let Task::Layer(layer) = step else { continue };
        if let Job::Conv(..) | Job::Add(_) = layer.work {
            for &id in &layer.ins {
                let (a, b) = (root(&lead, id), root(&lead, layer.out));
                lead[a.max(b)] = a.min(b);
            }
        }
    }
    lead
}

impl Place {
    /// What its bytes stand for, if they are bytes.
    pub fn quant(&self) -> Option<Quant> {
        if let Self::Flat { quant, .. } = self { *quant } else { None }
    }

    /// Numbers of its buffer.
    pub fn size(&self) -> usize {
        match self {
            Self::Flat { channels, layout, .. } => flat::size(*channels, layout),
            Self::Vector(n) => *n,
            Self::Plain(shape) => shape.iter().product(),
        }
    }

    /// Numbers of the value itself, without gaps.
    pub fn numbers(&self) -> usize {
        match self {
            Self::Flat { channels, size: [h, w], layout, .. } => layout.n * channels * h * w,
            Self::Vector(n) => *n,
            Self::Plain(shape) => shape.iter().product(),
        }
    }

    /// The shape of the value as a tensor; features have no rows and columns.
    pub fn shape(&self, batch: usize) -> Shape {
        match self {
            Self::Flat { channels, size: [1, 1], layout, .. } if layout.pitch * layout.rows == 1 => {
                vec![layout.n, *channels]
            }
            Self::Flat { channels, size: [h, w], layout, .. } => vec![layout.n, *channels, *h, *w],
            Self::Vector(n) => vec![batch, *n],
            Self::Plain(shape) => shape.clone(),
        }
    }

    /// Whether two places can share a buffer: the same pixels and gaps.
    pub fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flat { size, layout, quant, .. }, Self::Flat { size: s, layout: l, quant: q, .. }) => {
                // Gaps hold the byte of zero.
                (size, layout, quant.map(|q| q.zero)) == (s, l, q.map(|q| q.zero))
            }
            (Self::Vector(_), Self::Vector(_)) => true,
            _ => false,
        }
    }

    /// A buffer for the value, and others alike: its gaps are zero.
    pub fn buffer(&self, size: usize) -> Buffer {
        match self {
            Self::Flat { quant: Some(quant), .. } => Buffer::Bytes(Lines::filled(quant.zero, size)),
            _ => Buffer::Floats(Lines::filled(0.0, size)),
        }
    }

    /// Writes row-major numbers [N, ...] to where they lie.
    pub fn scatter(&self, from: &[f32], to: &mut Buffer) {
        match (self, to) {
            (Self::Flat { channels, size: [h, w], layout, quant }, Buffer::Bytes(to)) => {
                let bytes: Vec<u8> = quant.map_or(vec![], |quant| from.iter().map(|&x| quant.byte(x)).collect());
                flat::split(&bytes, [*channels, *h, *w], [1, 1], layout, to);
            }
            (_, to) => self.lay(from, to.floats()),
        }
    }

    /// [`Self::scatter`] to numbers.
    pub fn lay(&self, from: &[f32], to: &mut [f32]) {
        match self {
            Self::Flat { channels, size: [h, w], layout, .. } => {
                flat::split(from, [*channels, *h, *w], [1, 1], layout, to);
            }
            _ => to[..from.len()].copy_from_slice(from),
        }
    }

    /// Reads row-major numbers [N, ...] from where they lie.
    pub fn gather(&self, from: &[f32], to: &mut [f32]) {
        match self {
            Self::Flat { channels, size: [h, w], layout, .. } => {
                flat::join(from, [*channels, *h, *w], [1, 1], layout, to);
            }
            Self::Vector(_) | Self::Plain(_) => to.copy_from_slice(&from[..to.len()]),
        }
    }

    /// 1 for pixels and 0 for gaps over the run; empty where there are no gaps.
    pub fn mask(&self) -> Lines<f32> {
        let Self::Flat { size: [h, w], layout, .. } = self else { return Lines::default() };
        if (layout.rows, layout.pitch) == (*h, *w) {
            return Lines::default();
        }
        let mut mask = Lines::filled(0.0, layout.run().next_multiple_of(flat::SLACK));
        for (image, y) in (0..layout.n).flat_map(|i| (0..*h).map(move |y| (i, y))) {
            let start = layout.row(image, y) - layout.lead;
            mask[start..start + w].fill(1.0);
        }
        mask
    }
}
