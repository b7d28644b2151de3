//! A layer as two thinner ones: W = U V, of a rank below that of W.
//!
//! A linear layer W [out, in] becomes V [r, in] and then U [out, r]; a convolution W [out, in, kh, kw] becomes one with r output
//! channels that does all it did with pixels, and then one of single pixels. The second keeps the layer's name, its bias and the
//! number of its weight; the first is new.

use crate::base::{Error, Flat, Result, Tensor, tensor};

use super::op::{Conv, OpKind};
use super::{Graph, Role, Value, ValueId};

/// What stands behind a layer's name in that of its first half.
const LOW: &str = ".low";

/// The name of the weight of a layer's first half.
pub fn low_name(layer: &str) -> String {
    format!("{layer}{LOW}.weight")
}

/// The layer whose first half has a weight of this name.
pub fn layer_of(weight: &str) -> Option<&str> {
    weight.strip_suffix(".weight")?.strip_suffix(LOW)
}

/// Rows and columns of a layer's weight as a matrix, if the layer can become two: its weight is its own, and each output sees all
/// channels.
pub fn matrix(graph: &Graph, weight: ValueId) -> Option<[usize; 2]> {
    let mut readers = graph.readers(weight);
    let (node, shape) = (readers.next()?, &graph.values[weight].shape);
    let fits = match node.op {
        OpKind::Linear(_) => true,
        OpKind::Conv(_) => graph.values[node.ins[0]].shape.get(1) == shape.get(1),
        _ => false,
    };
    let whole = node.ins.get(1) == Some(&weight) && layer_of(&graph.values[weight].name).is_none();
    let halved = graph.find(&low_name(&node.name)).is_some();
    (fits && whole && !halved && readers.next().is_none()).then(|| [shape[0], tensor::count(&shape[1..])])
}

/// The largest rank at which two layers have fewer numbers than a matrix.
pub fn most([rows, columns]: [usize; 2]) -> usize {
    (rows * columns).saturating_sub(1) / (rows + columns).max(1)
}

/// Puts two layers in place of one: `low` [r, in · taps] and `high` [out, r], row by row.
///
/// # Errors
/// When the layer cannot become two, or the numbers do not fit.
pub fn split(graph: &mut Graph, weight: ValueId, rank: usize, low: Vec<f32>, high: Vec<f32>) -> Result<()> {
    let Some([rows, _]) = matrix(graph, weight) else {
        return Err(Error::unsupported(format!("{} cannot become two layers", graph.values[weight].name)));
    };
    let at = graph.nodes.iter().position(|node| node.ins.get(1) == Some(&weight)).unwrap_or_default();
    let (mut first, shape) = (graph.nodes[at].clone(), graph.values[weight].shape.clone());
    let kernel = &shape[2..];
    let (name, layer) = (low_name(&first.name), format!("{}{LOW}", first.name));
    let low = tensor::from_vec(&[&[rank, shape[1]][..], kernel].concat(), low)?;
    let high = tensor::from_vec(&[&[rows, rank][..], &vec![1; kernel.len()]].concat(), high)?;
    let own = graph.values.len();
    graph.values.push(Value { name, shape: low.shape().to_vec(), role: Role::Weight, data: Some(low) });
    graph.values.push(Value { name: layer.clone(), shape: Vec::new(), role: Role::Activation, data: None });
    first.ins = vec![first.ins[0], own];
    (first.name, first.out) = (layer, own + 1);
    let second = &mut graph.nodes[at];
    second.ins[0] = own + 1;
    if let OpKind::Conv(conv) = &mut second.op {
        *conv = Conv { stride: [1, 1], pad: [0, 0], dilation: [1, 1] };
    }
    graph.values[weight].data = Some(high);
    graph.nodes.insert(at, first);
    graph.infer()
}

/// The weight of the first half of a layer that is two in one network, and was one in that before.
pub fn became_two(before: &Graph, now: &Graph, layer: &str) -> Option<ValueId> {
    let name = low_name(layer);
    now.find(&name).filter(|_| before.find(&name).is_none())
}

/// The weight that the two halves of a layer come to, in the shape of one.
///
/// # Errors
/// When one carries no numbers.
pub fn product(graph: &Graph, [low, high]: [ValueId; 2]) -> Result<Tensor> {
    let (low, high) = (graph.data(low)?, graph.data(high)?);
    let (rows, rank) = (high.shape()[0], high.shape()[1]);
    let mut out = tensor::zeros(&[&[rows][..], &low.shape()[1..]].concat());
    let columns = low.len() / rank.max(1);
    for (to, high) in out.flat_mut().chunks_mut(columns).zip(high.flat().chunks(rank)) {
        let mut sums = vec![0.0f64; columns];
        for (&u, low) in high.iter().zip(low.flat().chunks(columns)) {
            sums.iter_mut().zip(low).for_each(|(sum, &v)| *sum += f64::from(u) * f64::from(v));
        }
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum as f32);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::graph::build::Square;
    use crate::graph::{Builder, op, run};

    fn network() -> Result<Graph> {
        let mut b = Builder::new(&[3, 7, 7], 1);
        let x = b.input();
        let x = b.conv("conv", x, Square { out: 8, kernel: 3, stride: 2, pad: 1 }, true)?;
        let x = b.conv("deep", x, Square { out: 8, kernel: 3, stride: 1, pad: 1 }, false)?;
        let x = b.node("relu", op::Relu, &[x])?;
        let x = b.node("flatten", op::Flatten, &[x])?;
        let x = b.linear("fc", x, 10)?;
        Ok(b.finish(x))
    }

    #[test]
    fn two_layers_answer_as_their_product_does() -> Result<()> {
        let whole = network()?;
        let mut rng = Rng::new(3);
        let mut two = whole.clone();
        for (layer, rank) in [("conv", 4), ("fc", 3)] {
            let weight = two.find(&format!("{layer}.weight")).expect("it is there");
            let [rows, columns] = matrix(&two, weight).expect("it can be two");
            let mut draw = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<f32>>();
            let (low, high) = (draw(rank * columns), draw(rows * rank));
            split(&mut two, weight, rank, low, high)?;
            assert_eq!(matrix(&two, weight), None, "{layer} is two already");
        }
        let mut one = whole.clone();
        for (layer, rank, shape) in [("conv", 4, vec![8, 3, 3, 3]), ("fc", 3, vec![10, 128])] {
            let weight = one.find(&format!("{layer}.weight")).expect("it is there");
            let low = became_two(&whole, &two, layer).expect("it is two");
            assert_eq!(two.values[low].shape[0], rank, "{layer}");
            let product = product(&two, [low, weight])?;
            assert_eq!(product.shape(), shape.as_slice(), "{layer}");
            *one.data_mut(weight)? = product;
        }
        let x = tensor::from_vec(&[2, 3, 7, 7], (0..294).map(|_| rng.normal()).collect())?;
        let (want, got) = (run::run(&one, &x)?, run::run(&two, &x)?);
        for (w, g) in want.flat().iter().zip(got.flat()) {
            assert!((w - g).abs() <= 1e-4 * w.abs().max(1.0), "{w} and {g}");
        }
        Ok(())
    }

    #[test]
    fn the_most_that_saves() {
        assert_eq!((most([7, 10]), most([6, 36]), most([1, 5])), (4, 5, 0));
    }
}
