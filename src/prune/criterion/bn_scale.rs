//! Batch norm scale: channels that batch norm shrinks to little go.
//!
//! s_o = |γ_o|

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, Tensor, tensor};
use crate::prune::layer::Layer;

use super::{Criterion, Level};

crate::part!(Meta {
    id: "bn-scale",
    name: "Batch norm scale",
    what: "Channels that batch norm shrinks to little go.",
    formula: "s_o = |γ_o|",
    sources: &[source("Liu et al., ICCV 2017", "https://arxiv.org/abs/1708.06519")],
    params: &[],
});

impl Criterion for Part {
    fn level(&self) -> Level {
        Level::Channel
    }

    fn ask(&self, layer: &Layer) -> Result<()> {
        layer.scale().map(drop)
    }

    fn score(&self, layer: &Layer, _: &Args) -> Result<Tensor> {
        Ok(tensor::map(layer.scale()?, f32::abs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Flat, tensor};
    use crate::graph::{Builder, build::Square};
    use crate::prune::probe::Evidence;

    #[test]
    fn by_hand() -> Result<()> {
        let mut b = Builder::new(&[1, 4, 4], 1);
        let x = b.input();
        let y = b.conv("conv", x, Square { out: 2, kernel: 3, stride: 1, pad: 1 }, false)?;
        let y = b.batch_norm("bn", y)?;
        let mut graph = b.finish(y);
        let gamma = graph.find("bn.weight").expect("a scale");
        *graph.data_mut(gamma)? = tensor::from_vec(&[2], vec![-3.0, 0.5])?;
        let (node, id) = graph.layers().next().expect("one layer");
        let evidence = Evidence::default();
        let layer = Layer::new(&graph, &graph.nodes[node], id, &evidence, 1);
        assert_eq!(Part.score(&layer, &Args::default())?.flat(), [3.0, 0.5]);
        Ok(())
    }
}
