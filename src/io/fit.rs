//! Whether parameters in the shapes of a file still make the network that they are said to be: fewer channels, and nothing else.

use crate::base::{Error, Flat, Result, Rng, Shape};
use crate::graph::{Graph, Node, boosted, factor, op::OpKind};

/// Refuses a shape that is not one that pruning leaves: no extent grows or vanishes, and kernels keep theirs.
///
/// # Errors
/// When it is not; the message names the parameter.
pub fn parameter(name: &str, known: &[usize], found: &[usize]) -> Result<()> {
    let shrunk = |axis: usize| (1..=known[axis]).contains(&found[axis]) && (axis < 2 || found[axis] == known[axis]);
    if known.len() == found.len() && (0..known.len()).all(shrunk) {
        return Ok(());
    }
    Err(Error::shape(name, known, found).hint("at most channels may be fewer than those of the model"))
}

/// Makes a layer two whose first half has a weight of a shape, if it can be two.
///
/// # Errors
/// When such a half has another shape.
pub fn halves(graph: &mut Graph, layer: &str, shape: &[usize]) -> Result<()> {
    let (weight, name) = (graph.find(&format!("{layer}.weight")), &factor::low_name(layer));
    let Some((weight, [rows, columns])) = weight.and_then(|id| Some((id, factor::matrix(graph, id)?))) else {
        return Ok(());
    };
    let rank = shape.first().copied().unwrap_or(0);
    let known = [&[rank.clamp(1, factor::most([rows, columns]).max(1))][..], &graph.values[weight].shape[1..]].concat();
    if shape != known {
        return Err(Error::shape(name, &known, shape).hint("the file is damaged; save it again"));
    }
    factor::split(graph, weight, rank, vec![0.0; rank * columns], vec![0.0; rows * rank])
}

/// Boosts a layer, if it can be. The file's own numbers come later.
///
/// # Errors
/// When the predictor does not fit.
pub fn boosts(graph: &mut Graph, layer: &str) -> Result<()> {
    match boosted::candidates(graph).iter().any(|(candidate, _)| candidate == layer) {
        true => boosted::install(graph, layer, 1, &mut Rng::new(0)),
        false => Ok(()),
    }
}

/// Refuses a number of channels that none can run by.
///
/// # Errors
/// When there is one; the message names it.
pub fn kept(graph: &Graph) -> Result<()> {
    for node in boosted::boosts(graph) {
        let (k, channels) = (graph.data(node.ins[3])?.flat()[0], graph.values[node.ins[2]].shape[0]);
        if !(1.0..=channels as f32).contains(&k) || k.fract() != 0.0 {
            let name = &graph.values[node.ins[3]].name;
            return Err(Error::format(format!("{name} is {k}, and {channels} channels can run"))
                .hint("the file is damaged; save it again"));
        }
    }
    Ok(())
}

/// Works out the shapes of activations anew, if parameters have other shapes than the network `before` had.
///
/// # Errors
/// When they do not fit together; the message names the node.
pub fn network(graph: &mut Graph, before: &[Shape]) -> Result<()> {
    let hint = "the file does not hold one whole network; save it again";
    if graph.parameters().all(|(id, value)| value.shape == before[id]) {
        return Ok(());
    }
    graph.infer().map_err(|e| e.hint(hint))?;
    if let Some(&id) = graph.outputs.iter().find(|&&id| graph.values[id].shape != before[id]) {
        return Err(Error::shape("answers", &before[id], &graph.values[id].shape).hint(hint));
    }
    match graph.nodes.iter().find(|node| !same(graph, node, before)) {
        Some(node) => Err(Error::format(format!("what goes into {} does not fit together", node.name)).hint(hint)),
        None => Ok(()),
    }
}

/// Whether a node does what it did: operators take more shapes than the network means, by groups and by broadcasting.
fn same(graph: &Graph, node: &Node, before: &[Shape]) -> bool {
    let (now, then) = (graph.shapes_in(node), node.ins.iter().map(|&id| &before[id]).collect::<Vec<_>>());
    let alike = |i: usize, j: usize| then[i] != then[j] || now[i] == now[j];
    if !(0..now.len()).all(|j| (0..j).all(|i| alike(i, j))) {
        return false;
    }
    if !matches!(node.op, OpKind::Conv(_)) {
        return true;
    }
    let groups = |x: &[usize], w: &[usize]| x[1] / w[1];
    // As many groups as channels stay that; one stays one.
    match groups(then[0], then[1]) {
        1 => groups(now[0], now[1]) == 1,
        all if all == then[0][1] => groups(now[0], now[1]) == now[0][1],
        some => groups(now[0], now[1]) == some,
    }
}
