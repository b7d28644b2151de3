//! Layers whose output channels are chosen anew for each image: a convolution and its batch norm with [`op::Boost`] behind them.
//!
//! Saliencies are g = relu(φ s + ρ), with s the mean of |x| over the pixels of each channel that goes into the convolution. The shift
//! of the norm becomes that of the boost, so that the network is the same one while every channel runs and every g is 1.

use crate::base::{Error, Flat, Result, Rng, Tensor, math, tensor};

use super::op::{self, OpKind};
use super::{Graph, Node, Role, Value, ValueId};

/// What stands behind a layer's name in those of its predictor and of the boost.
const BOOST: &str = ".boost";
/// What stands behind that in the name of k.
const KEPT: &str = ".kept";

/// Spread of φ at first, over the root of its inputs: saliencies begin near 1, and no two alike.
const SPREAD: f32 = 0.05;

/// Whether a parameter of this name belongs to a predictor or a boost.
pub fn owns(name: &str) -> bool {
    let layer = name.rsplit_once('.').map_or("", |(layer, _)| layer);
    layer.ends_with(BOOST)
}

/// The name of a layer's φ.
pub fn weight_name(layer: &str) -> String {
    format!("{layer}{BOOST}.weight")
}

/// How many channels of a layer run for an image, if images choose them.
pub fn running(graph: &Graph, layer: &str) -> Option<usize> {
    let k = graph.find(&format!("{layer}{BOOST}{KEPT}"))?;
    graph.data(k).ok().map(op::boost::count)
}

/// Channels that run of so many, at a density: not fewer than one.
pub fn kept(channels: usize, density: f64) -> usize {
    // A density is a decimal: 0.1 of 10 is 1, whatever binary makes of it.
    ((density * channels as f64 - 1e-9).ceil() as usize).clamp(1, channels.max(1))
}

/// A convolution that can be boosted: its node, its norm's, and its channels out and in.
#[derive(Clone, Copy, Debug)]
struct Layer {
    conv: usize,
    norm: usize,
    size: [usize; 2],
}

/// The parts of a layer that can be boosted: each output sees all channels, and only a batch norm of its own reads it.
fn layer(graph: &Graph, conv: usize) -> Option<Layer> {
    let node = &graph.nodes[conv];
    let (weight, x) = (*node.ins.get(1)?, &graph.values[node.ins[0]].shape);
    let shape = &graph.values[weight].shape;
    let whole = matches!(node.op, OpKind::Conv(_)) && graph.values[weight].data.is_some() && x.get(1) == shape.get(1);
    let mut readers = (0..graph.nodes.len()).filter(|&i| graph.nodes[i].ins.contains(&node.out));
    let norm = readers.next().filter(|&i| matches!(graph.nodes[i].op, OpKind::BatchNorm(_)))?;
    let boosted = graph.readers(graph.nodes[norm].out).any(|reader| matches!(reader.op, OpKind::Boost(_)));
    let own = readers.next().is_none() && graph.readers(graph.nodes[norm].ins[2]).count() == 1;
    (whole && own && !boosted).then(|| Layer { conv, norm, size: [shape[0], shape[1]] })
}

/// Layers that can be boosted: name and weight.
pub fn candidates(graph: &Graph) -> Vec<(String, ValueId)> {
    let fits = (0..graph.nodes.len()).filter(|&i| layer(graph, i).is_some());
    fits.map(|i| (graph.nodes[i].name.clone(), graph.nodes[i].ins[1])).collect()
}

/// Boosts a layer: `kept` channels of it run for each image.
///
/// # Errors
/// When there is no such layer, or it cannot be boosted.
pub fn install(graph: &mut Graph, name: &str, kept: usize, rng: &mut Rng) -> Result<()> {
    let at = graph.nodes.iter().position(|node| node.name == name).and_then(|i| layer(graph, i));
    let Some(Layer { conv, norm, size: [rows, columns] }) = at else {
        return Err(Error::unsupported(format!(
            "{name} cannot be boosted: it is no convolution with a batch norm of its own"
        )));
    };
    let spread = SPREAD / math::sqrt(columns.max(1) as f32);
    let phi = tensor::from_vec(&[rows, columns], (0..rows * columns).map(|_| spread * rng.normal()).collect())?;
    let shift = graph.nodes[norm].ins[2];
    let beta = graph.data(shift)?.clone();
    // From now on the norm only normalises and scales.
    graph.values[shift].role = Role::Stat;
    graph.data_mut(shift)?.flat_mut().fill(0.0);
    let mut value = |what: &str, role: Role, data: Option<Tensor>| {
        let shape = data.as_ref().map_or_else(Vec::new, |data| data.shape().to_vec());
        graph.values.push(Value { name: format!("{name}{BOOST}{what}"), shape, role, data });
        graph.values.len() - 1
    };
    let phi = value(".weight", Role::Bias, Some(phi));
    let rho = value(".bias", Role::Bias, Some(tensor::full(&[rows], 1.0)));
    let beta = value(".shift", Role::Bias, Some(beta));
    let k = value(KEPT, Role::Stat, Some(tensor::full(&[1], kept as f32)));
    let [strength, linear, saliency, out] =
        [".strength", ".linear", ".saliency", ""].map(|what| value(what, Role::Activation, None));
    let (x, normed) = (graph.nodes[conv].ins[0], graph.nodes[norm].out);
    // Whoever read the norm reads the boost.
    graph.nodes.iter_mut().flat_map(|node| &mut node.ins).filter(|id| **id == normed).for_each(|id| *id = out);
    graph.outputs.iter_mut().filter(|id| **id == normed).for_each(|id| *id = out);
    let node =
        |what: &str, op: OpKind, ins: Vec<ValueId>, out| Node { name: format!("{name}{BOOST}{what}"), op, ins, out };
    graph.nodes.insert(norm + 1, node("", op::Boost.into(), vec![normed, saliency, beta, k], out));
    // Before the convolution, so that whatever runs it knows which channels are wanted.
    let before = [
        node(".strength", op::AbsMean.into(), vec![x], strength),
        node(".linear", op::Linear.into(), vec![strength, phi, rho], linear),
        node(".saliency", op::Relu.into(), vec![linear], saliency),
    ];
    graph.nodes.splice(conv..conv, before);
    graph.infer()
}

/// Boosts of a network: their nodes.
pub fn boosts(graph: &Graph) -> impl Iterator<Item = &Node> {
    graph.nodes.iter().filter(|node| matches!(node.op, OpKind::Boost(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::build::Square;
    use crate::graph::{Builder, run};

    #[test]
    fn with_every_channel_and_saliencies_of_one_it_is_the_same_network() -> Result<()> {
        let mut b = Builder::new(&[3, 7, 7], 1);
        let x = b.input();
        let x = b.conv("conv", x, Square { out: 8, kernel: 3, stride: 2, pad: 1 }, false)?;
        let x = b.batch_norm("bn", x)?;
        let x = b.node("relu", op::Relu, &[x])?;
        let x = b.node("flatten", op::Flatten, &[x])?;
        let x = b.linear("fc", x, 10)?;
        let mut before = b.finish(x);
        let mut rng = Rng::new(3);
        let shift = before.find("bn.bias").expect("a norm");
        before.data_mut(shift)?.flat_mut().iter_mut().for_each(|x| *x = rng.normal());
        let mut after = before.clone();
        assert_eq!(candidates(&after).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["conv"]);
        install(&mut after, "conv", 8, &mut rng)?;
        assert!(
            candidates(&after).is_empty() && install(&mut after, "conv", 8, &mut rng).is_err(),
            "it is boosted already"
        );
        let phi = after.find(&weight_name("conv")).expect("a predictor");
        assert!(owns(&after.values[phi].name) && !owns("conv.weight") && !owns("conv.boost"));
        after.data_mut(phi)?.flat_mut().fill(0.0);
        let x = tensor::from_vec(&[2, 3, 7, 7], (0..294).map(|_| rng.normal()).collect())?;
        let (want, got) = (run::run(&before, &x)?, run::run(&after, &x)?);
        for (w, g) in want.flat().iter().zip(got.flat()) {
            assert!((w - g).abs() <= 1e-5 * w.abs().max(1.0), "{w} and {g}");
        }
        Ok(())
    }

    #[test]
    fn a_density_is_rounded_up() {
        assert_eq!([(10, 0.1), (16, 0.5), (3, 0.5), (4, 0.01), (64, 1.0)].map(|(c, d)| kept(c, d)), [1, 8, 2, 1, 64]);
    }
}
