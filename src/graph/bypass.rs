//! Residual branches: what can be left out whole, because the stream that it is added to goes on without it.
//!
//! A branch begins at a value, and an addition puts what it gives beside that same value. Everything in between depends on
//! nothing else. With all its parameters zero a branch adds zero: masked equals sliced here too. What would add something then,
//! because a sigmoid or a softmax stands behind its last weights, is no branch.

use crate::base::tensor;

use super::couple::{Bypass, Group, Slice, Unit};
use super::op::OpKind;
use super::{Graph, Masks, Node, Role, ValueId};

/// The parameters of a branch between `by` and `end`; `None` if something else comes in or is read from inside, or nothing of
/// weight lies there.
fn inside(graph: &Graph, by: ValueId, end: ValueId) -> Option<Vec<ValueId>> {
    let (mut todo, mut seen) = (vec![end], vec![false; graph.values.len()]);
    while let Some(id) = todo.pop() {
        if id != by && !std::mem::replace(&mut seen[id], true) && graph.values[id].data.is_none() {
            todo.extend(&graph.producer(id)?.ins);
        }
    }
    let within: Vec<ValueId> = (0..seen.len()).filter(|&id| seen[id]).collect();
    let leaks = |&&id: &&ValueId| id != end && !graph.readers(id).all(|reader| seen[reader.out]);
    if within.iter().any(|id| leaks(&id)) {
        return None;
    }
    let parameters: Vec<ValueId> = within.into_iter().filter(|&id| graph.values[id].data.is_some()).collect();
    parameters.iter().any(|&id| graph.values[id].role == Role::Weight).then_some(parameters)
}

/// Whether a value of a branch is zero once all parameters of the branch are.
fn silent(graph: &Graph, id: ValueId) -> bool {
    let Some(node) = graph.producer(id) else { return false };
    let given = |slot: usize| node.ins.get(slot).is_some_and(|&id| graph.values[id].data.is_some());
    match node.op {
        OpKind::Linear(_) | OpKind::Conv(_) | OpKind::BatchNorm(_) | OpKind::LayerNorm(_) => given(1),
        OpKind::Attention(_) => silent(graph, node.ins[2]),
        OpKind::Boost(_) => given(2) && silent(graph, node.ins[0]),
        OpKind::Add(_) | OpKind::Concat(_) => node.ins.iter().all(|&id| silent(graph, id)),
        OpKind::Mul(_) => node.ins.iter().any(|&id| silent(graph, id)),
        _ => node.op.keeps_zero() && silent(graph, node.ins[0]),
    }
}

/// Whether a sum's branch is private to it, with its parameters.
fn branch(graph: &Graph, node: &Node) -> Option<(Bypass, Vec<ValueId>)> {
    let (&OpKind::Add(_), &[a, b]) = (&node.op, node.ins.as_slice()) else { return None };
    if a == b || graph.values[a].shape != graph.values[b].shape {
        return None;
    }
    [(a, b), (b, a)].into_iter().find_map(|(by, end)| {
        let only = graph.readers(end).count() == 1 && !graph.outputs.contains(&end) && graph.values[by].data.is_none();
        let parameters = inside(graph, by, end).filter(|_| only && silent(graph, end))?;
        Some((Bypass { out: node.out, by }, parameters))
    })
}

/// Every slice of some parameters along their first axis.
fn slices(graph: &Graph, parameters: &[ValueId]) -> Vec<Slice> {
    let rows = |&id: &ValueId| (0..graph.values[id].shape[0]).map(move |row| (id, 0, row));
    parameters.iter().filter(|&&id| graph.values[id].role != Role::Stat).flat_map(rows).collect()
}

/// All residual branches as one group, in the order of the graph; runs of `join` that follow each other on one stream are one
/// unit.
pub fn branches(graph: &Graph, join: usize) -> Option<Group> {
    let mut found: Vec<(Bypass, Vec<ValueId>)> = Vec::new();
    let mut count = 0;
    for node in &graph.nodes {
        let Some((bypass, parameters)) = branch(graph, node) else { continue };
        match found.last_mut() {
            Some((last, own)) if count < join && last.out == bypass.by => {
                last.out = bypass.out;
                own.extend(parameters);
                count += 1;
            }
            _ => {
                found.push((bypass, parameters));
                count = 1;
            }
        }
    }
    let weights = found.iter().flat_map(|(_, own)| own).copied();
    let makers = weights.filter(|&id| graph.values[id].role == Role::Weight).collect();
    let unit = |(bypass, own): &(Bypass, Vec<ValueId>)| Unit { slices: slices(graph, own), bypass: Some(*bypass) };
    let units: Vec<Unit> = found.iter().map(unit).collect();
    (!units.is_empty()).then_some(Group { units, makers })
}

/// Lets the stream go past some branches. Values keep their numbers: a parameter that nothing reads any more loses its data.
pub(super) fn leave_out(graph: &mut Graph, gone: &[Bypass]) {
    let past = |mut id: ValueId| {
        while let Some(bypass) = gone.iter().find(|bypass| bypass.out == id) {
            id = bypass.by;
        }
        id
    };
    graph.nodes.iter_mut().flat_map(|node| &mut node.ins).for_each(|id| *id = past(*id));
    graph.outputs.iter_mut().for_each(|id| *id = past(*id));
    let mut read = vec![false; graph.values.len()];
    graph.outputs.iter().for_each(|&id| read[id] = true);
    for node in graph.nodes.iter().rev() {
        if read[node.out] {
            node.ins.iter().for_each(|&id| read[id] = true);
        }
    }
    graph.nodes.retain(|node| read[node.out]);
    for (value, _) in graph.values.iter_mut().zip(&read).filter(|(value, read)| !**read && value.data.is_some()) {
        value.data = None;
        value.shape = vec![0];
        value.role = Role::Activation;
    }
}

/// The network without the branches of which masks keep nothing, if there are any.
pub fn without_dead(graph: &Graph, masks: &Masks) -> Option<Graph> {
    let dead = |id: ValueId| {
        let zero = || graph.values[id].data.as_ref().is_some_and(|data| data.iter().all(|&x| x == 0.0));
        masks.kept(id, tensor::count(&graph.values[id].shape)) == 0 || zero()
    };
    let silent = |unit: &Unit| unit.slices.iter().all(|&(id, ..)| dead(id));
    let gone: Vec<Bypass> =
        branches(graph, 1)?.units.iter().filter(|unit| silent(unit)).filter_map(|unit| unit.bypass).collect();
    let mut out = graph.clone();
    leave_out(&mut out, &gone);
    (!gone.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Flat, Result};
    use crate::graph::{Builder, op, run, slice};

    /// Two branches on one stream, the first with something at its end; what it gives on the way is read again if `leaky`.
    fn network(leaky: bool, last: impl Into<OpKind>) -> Result<Graph> {
        let mut b = Builder::new(&[3], 1);
        let x = b.input();
        let up = b.linear("up", x, 3)?;
        let relu = b.node("relu", op::Relu, &[up])?;
        let down = b.linear("down", relu, 3)?;
        let down = b.node("last", last, &[down])?;
        let y = b.node("add1", op::Add, &[x, down])?;
        let z = b.linear("other", y, 3)?;
        let mut y = b.node("add2", op::Add, &[z, y])?;
        if leaky {
            y = b.node("leak", op::Mul, &[y, relu])?;
        }
        let y = b.linear("fc", y, 2)?;
        Ok(b.finish(y))
    }

    #[test]
    fn branches_are_found_and_left_out() -> Result<()> {
        let graph = network(false, op::Tanh)?;
        let group = branches(&graph, 1).expect("two branches");
        assert_eq!(group.units.len(), 2);
        assert_eq!(branches(&graph, 2).map(|group| group.units.len()), Some(1), "both as one");
        let sure = branches(&network(false, op::Sigmoid)?, 1);
        assert_eq!(sure.map(|group| group.units.len()), Some(1), "half of one is added where all weights are zero");
        assert_eq!(
            branches(&network(true, op::Tanh)?, 1).map(|group| group.units.len()),
            Some(1),
            "one is read from inside"
        );
        let x = tensor::from_vec(&[1, 3], vec![1.0, -2.0, 0.5])?;
        for removed in [vec![&group.units[0]], vec![&group.units[1]], group.units.iter().collect()] {
            let mut silent = graph.clone();
            slice::silence(&mut silent, &removed)?;
            let small = slice::without(&graph, &removed)?;
            assert_eq!(run::run(&silent, &x)?.flat(), run::run(&small, &x)?.flat());
            assert!(small.nodes.len() < graph.nodes.len());
            let found = without_dead(&silent, &Masks::default()).expect("branches of zeros");
            assert_eq!(found.nodes.len(), small.nodes.len());
        }
        assert!(without_dead(&graph, &Masks::default()).is_none());
        Ok(())
    }
}
