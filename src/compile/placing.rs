//! Placing: a layout for every value, so that layers read each other's outputs where they lie.
//!
//! Values that a layer reads and writes pixel for pixel share one geometry (pitch, rows, zeros around). A geometry is as
//! wide as its most demanding convolution wants. A strided convolution reads phases, which a split makes from its input.

use std::collections::BTreeMap;

use crate::base::{Result, Shape};
use crate::graph::ValueId;
use crate::kernel::flat::Layout;
use crate::kernel::geometry::Geometry;

use super::lower::{LoweredLayer, LoweredOp, Program};
use super::place::Place;
use super::quant::Ranges;
use super::quantize;
use super::task::{Placed, PlacedStep};

/// A geometry in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    pitch: usize,
    rows: usize,
}

/// Gives every value its place.
pub fn place(program: Program, ranges: Option<&Ranges>) -> Result<Placed> {
    let Program { batch, layers, mut shapes, mut tokens, input, output } = program;
    let (steps, convs) = split(layers, &mut shapes);
    tokens.resize(shapes.len(), false);
    let lead = unify(&steps, &shapes);
    let of = |id: ValueId| root(&lead, id);
    let mut demands = vec![Demand::default(); shapes.len()];
    for (id, shape) in shapes.iter().enumerate().filter(|(_, s)| s.len() == 4) {
        let d = &mut demands[of(id)];
        (d.rows, d.pitch) = (d.rows.max(shape[2]), d.pitch.max(shape[3]));
    }
    for (id, v) in &convs {
        let d = &mut demands[of(*id)];
        d.rows = d.rows.max(v.reach(0).extent);
        d.pitch = d.pitch.max(v.reach(1).extent);
    }
    let mut around = vec![[0; 2]; shapes.len()];
    for (id, v) in &convs {
        let wants = v.around(demands[of(*id)].pitch);
        let have = &mut around[of(*id)];
        *have = [have[0].max(wants[0]), have[1].max(wants[1])];
    }
    let images = |id: ValueId| shapes[id].len() == 4;
    let quants = ranges.map_or_else(|| vec![None; shapes.len()], |r| quantize::quants(&steps, images, input, r));
    let places = shapes.iter().enumerate().map(|(id, shape)| match *shape.as_slice() {
        [_, channels, h, w] => {
            let (d, [before, after]) = (demands[of(id)], around[of(id)]);
            let layout = Layout::new(batch, d.pitch, d.rows, before, after);
            Place::Flat { channels, size: [h, w], layout, tokens: tokens[id], quant: quants[id] }
        }
        [1, features] => Place::Vector(features),
        [_, channels] => {
            let layout = Layout::new(batch, 1, 1, 0, 0);
            Place::Flat { channels, size: [1, 1], layout, tokens: false, quant: None }
        }
        _ => Place::Plain(shape.clone()),
    });
    Ok(Placed { batch, places: places.collect(), steps, input, output })
}

/// Puts a split before strided convolutions, whose input value becomes the phases; those that read the same value with the
/// same stride share one. Also lists what each convolution reads, to know what it demands.
fn split(layers: Vec<LoweredLayer>, shapes: &mut Vec<Shape>) -> (Vec<PlacedStep>, Vec<(ValueId, Geometry)>) {
    let (mut steps, mut convs) = (Vec::new(), Vec::new());
    let mut phases: BTreeMap<(ValueId, [usize; 2]), ValueId> = BTreeMap::new();
    for mut layer in layers {
        if let LoweredOp::Conv(_, v) | LoweredOp::Boosted(_, v, _) = layer.work {
            if v.stride != [1, 1] {
                let from = layer.ins[0];
                layer.ins[0] = *phases.entry((from, v.stride)).or_insert_with(|| {
                    let phase = [v.size[0].div_ceil(v.stride[0]), v.size[1].div_ceil(v.stride[1])];
                    shapes.push(vec![v.n, v.planes(), phase[0], phase[1]]);
                    steps.push(PlacedStep::Split { from, to: shapes.len() - 1, stride: v.stride });
                    shapes.len() - 1
                });
            }
            convs.push((layer.ins[0], v));
        }
        steps.push(PlacedStep::Layer(Box::new(layer)));
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
fn unify(steps: &[PlacedStep], shapes: &[Shape]) -> Vec<usize> {
    let mut lead: Vec<usize> = (0..shapes.len()).collect();
    for step in steps {
        let PlacedStep::Layer(layer) = step else { continue };
        if let LoweredOp::Conv(..) | LoweredOp::Boosted(..) | LoweredOp::Add(_) = layer.work {
            for &id in layer.ins.iter().filter(|&&id| shapes[id].len() == shapes[layer.out].len()) {
                let (a, b) = (root(&lead, id), root(&lead, layer.out));
                lead[a.max(b)] = a.min(b);
            }
        }
    }
    lead
}
