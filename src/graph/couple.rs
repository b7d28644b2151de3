//! Coupling: which channels of which values live and die together.
//!
//! Every (value, axis, index) is an element of a union-find; each operator ties what it must. A class of elements is a unit:
//! it can be removed whole, and nothing else changes. Units that share an axis form a group: they compete with each other.
//! The oracle is a test: masked to zero effect equals sliced away.

use std::ops::Range;

use crate::base::{Result, Shape};

use super::{Graph, Node, Role, ValueId};

/// A value of the operator at hand: an input by position, or the output.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// Input number i.
    In(usize),
    /// The output.
    Out,
}

/// An axis of a value of the operator at hand.
pub type Slot = (Side, usize);

/// The union-find under construction, seen from one operator.
#[derive(Debug)]
pub struct Ties<'a> {
    parent: &'a mut Vec<usize>,
    pinned: &'a mut Vec<bool>,
    base: &'a [Vec<usize>],
    shapes: &'a [Shape],
    node: &'a Node,
}

impl Ties<'_> {
    fn value(&self, side: Side) -> ValueId {
        match side {
            Side::In(i) => self.node.ins[i],
            Side::Out => self.node.out,
        }
    }

    /// Number of axes of a value.
    pub fn rank(&self, side: Side) -> usize {
        self.shapes[self.value(side)].len()
    }

    /// How many inputs the operator has.
    pub fn inputs(&self) -> usize {
        self.node.ins.len()
    }

    /// Length of an axis.
    pub fn len(&self, (side, axis): Slot) -> usize {
        self.shapes[self.value(side)][axis]
    }

    fn element(&self, (side, axis): Slot, index: usize) -> usize {
        self.base[self.value(side)][axis] + index
    }

    /// Index i of `a` goes with index i of `b`.
    pub fn same(&mut self, a: Slot, b: Slot) {
        self.map(a, b, |i| i..i + 1);
    }

    /// Index i of `a` goes with a range of `b`.
    pub fn map(&mut self, a: Slot, b: Slot, f: impl Fn(usize) -> Range<usize>) {
        for i in 0..self.len(a) {
            for j in f(i) {
                let (from, to) = (self.element(a, i), self.element(b, j));
                join(self.parent, from, to);
            }
        }
    }

    /// What comes out goes with what goes in, axis by axis; of the last axis, whose rows are seen whole, nothing can be removed.
    pub fn whole_rows(&mut self) {
        let last = self.rank(Side::Out) - 1;
        self.pin((Side::In(0), last));
        for axis in 1..=last {
            self.same((Side::In(0), axis), (Side::Out, axis));
        }
    }

    /// Nothing along this axis can be removed.
    pub fn pin(&mut self, a: Slot) {
        for i in 0..self.len(a) {
            let element = self.element(a, i);
            self.pinned[element] = true;
        }
    }
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

fn join(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parent, a), root(parent, b));
    // The smaller index leads, so that classes come out in the order of the graph.
    parent[a.max(b)] = a.min(b);
}

/// A slice of a parameter: value, axis, index.
pub type Slice = (ValueId, usize, usize);

/// What stands in for a value once a branch is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bypass {
    /// The sum that the branch was added to.
    pub out: ValueId,
    /// The value beside the branch.
    pub by: ValueId,
}

/// What must be removed together: one channel, with everything that makes it and everything that reads it; or a whole branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Slices of parameters, in the order of the graph.
    pub slices: Vec<Slice>,
    /// What the network goes on with, where a whole branch is removed.
    pub bypass: Option<Bypass>,
}

/// Units that compete: the channels of one width of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The channels.
    pub units: Vec<Unit>,
    /// The weights whose output channels these are.
    pub makers: Vec<ValueId>,
}

impl Group {
    /// Whether its units are whole branches, and the stream beside them goes on without them.
    pub fn bypasses(&self) -> bool {
        self.units.iter().any(|unit| unit.bypass.is_some())
    }
}

/// All channels that can be removed, group by group in the order of the graph.
///
/// # Errors
/// Never in practice; kept for operators that may refuse.
pub fn groups(graph: &Graph) -> Result<Vec<Group>> {
    let shapes: Vec<Shape> = graph.values.iter().map(|v| v.shape.clone()).collect();
    let mut total = 0;
    let base: Vec<Vec<usize>> = shapes
        .iter()
        .map(|shape| {
            let starts = shape.iter().map(|&n| {
                total += n;
                total - n
            });
            starts.collect()
        })
        .collect();
    let (mut parent, mut pinned): (Vec<usize>, _) = ((0..total).collect(), vec![false; total]);
    for node in &graph.nodes {
        let mut ties = Ties { parent: &mut parent, pinned: &mut pinned, base: &base, shapes: &shapes, node };
        node.op.couple(&mut ties);
    }
    for &id in graph.inputs.iter().chain(&graph.outputs) {
        for (axis, &n) in shapes[id].iter().enumerate() {
            pinned[base[id][axis]..base[id][axis] + n].fill(true);
        }
    }
    Ok(collect(graph, &base, &mut parent, &pinned))
}

/// Reads the classes off the union-find: those that no pinned element is in and that some weight makes.
fn collect(graph: &Graph, base: &[Vec<usize>], parent: &mut [usize], pinned: &[bool]) -> Vec<Group> {
    let mut fixed = vec![false; parent.len()];
    for (element, _) in pinned.iter().enumerate().filter(|(_, p)| **p) {
        fixed[root(parent, element)] = true;
    }
    // By leading element: the slices of its class.
    let mut classes: Vec<Vec<Slice>> = vec![Vec::new(); parent.len()];
    for (id, value) in graph.parameters() {
        for (axis, &n) in value.shape.iter().enumerate() {
            for index in 0..n {
                let class = root(parent, base[id][axis] + index);
                if !fixed[class] {
                    classes[class].push((id, axis, index));
                }
            }
        }
    }
    // Classes that are outputs of the same weight compete; a second union-find over classes finds who.
    let maker = |&&(id, axis, _): &&Slice| axis == 0 && graph.values[id].role == Role::Weight;
    classes.retain(|slices| slices.iter().any(|slice| maker(&slice)));
    let mut lead: Vec<usize> = (0..classes.len()).collect();
    let mut seen: Vec<Option<usize>> = vec![None; graph.values.len()];
    for (class, slices) in classes.iter().enumerate() {
        for &(id, ..) in slices.iter().filter(maker) {
            join(&mut lead, *seen[id].get_or_insert(class), class);
        }
    }
    let mut groups: Vec<Group> = classes.iter().map(|_| Group { units: vec![], makers: vec![] }).collect();
    for (class, slices) in classes.into_iter().enumerate() {
        let group = &mut groups[root(&mut lead, class)];
        for &(id, ..) in slices.iter().filter(maker) {
            if !group.makers.contains(&id) {
                group.makers.push(id);
            }
        }
        group.units.push(Unit { slices, bypass: None });
    }
    groups.retain(|group| !group.units.is_empty());
    groups
}
