//! Geometric median: Filters close to all others go: what they do, others can do.
//!
//! s_o = Σ_k ‖w_o - w_k‖

use crate::base::part::{Args, Meta, source};
use crate::base::{Flat, Result, Tensor, math};
use crate::prune::layer::Layer;

use super::{Criterion, Level, by_channel};

crate::part!(Meta {
    id: "fpgm",
    name: "Geometric median",
    what: "Filters close to all others go: what they do, others can do.",
    formula: "s_o = Σ_k ‖w_o - w_k‖",
    sources: &[source("He et al., CVPR 2019", "https://arxiv.org/abs/1811.00250")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        let weight = layer.weight()?;
        // A filter that was cut earlier is no neighbour: being near to it makes nothing redundant.
        let all = weight.flat().chunks(weight.len() / layer.outputs().max(1));
        let filters: Vec<&[f32]> =
            all.zip(layer.alive()).filter(|(_, alive)| *alive).map(|(filter, _)| filter).collect();
        let distance = |a: &[f32], b: &[f32]| math::sum_by(a.len(), |i| (a[i] - b[i]) * (a[i] - b[i])).sqrt();
        by_channel(weight, |filter| filters.iter().map(|other| distance(filter, other)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::base::tensor;
    use crate::graph::Builder;
    use crate::prune::probe::Evidence;

    #[test]
    fn by_hand() {
        assert_eq!(scores(&Part, [3.0, 4.0, 0.0, 0.0], &|_, _| ()), [5.0, 5.0]);
    }

    /// A = (1, 0), B = (4, 0), C = (4, 1), and D, which was cut: without D it is B that is nearest to the others.
    #[test]
    fn what_was_cut_is_no_neighbour() -> Result<()> {
        let mut b = Builder::new(&[2], 1);
        let y = b.linear("fc", b.input(), 4)?;
        let mut graph = b.finish(y);
        let (node, id) = graph.layers().next().expect("one layer");
        *graph.data_mut(id)? = tensor::from_vec(&[4, 2], vec![1.0, 0.0, 4.0, 0.0, 4.0, 1.0, 0.0, 0.0])?;
        let mut evidence = Evidence::default();
        evidence.cut.set(id, vec![1, 1, 1, 1, 1, 1, 0, 0]);
        let layer = Layer::new(&graph, &graph.nodes[node], id, &evidence, 1);
        let scores = Part.score(&layer, &Args::default())?;
        let [a, b, c, _] = scores.flat() else { unreachable!("four scores") };
        assert!(b < a && b < c, "{scores}");
        Ok(())
    }
}
