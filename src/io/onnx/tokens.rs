//! Operators over tokens as ONNX nodes. No shape holds the number of heads, so a file is the same whether heads are gone or not.

use super::model::Attribute;
use super::write::Writer;
use crate::base::{Result, math, tensor};
use crate::graph::{self, op::Attention};

/// A score that leaves nothing after a softmax.
const HIDDEN: f32 = -1e9;

fn ints(of: &[i64]) -> Attribute {
    Attribute::Ints(of.to_vec())
}

impl Writer<'_> {
    /// softmax(q kᵀ / √d) v, the heads as an axis of their own in between.
    pub(super) fn attention(&mut self, node: &graph::Node, op: Attention) -> Result<()> {
        let split = self.whole(node, "split", vec![0, 0, -1, op.head as i64]);
        let mut part = |slot: usize, what: [&str; 2], order: [i64; 4]| {
            let x = self.name(node.ins[slot]);
            let heads = self.step(node, "Reshape", what[0], vec![x, split.clone()]);
            self.step_with(node, "Transpose", what[1], vec![heads], vec![("perm", ints(&order))])
        };
        let q = part(0, ["q.heads", "q"], [0, 2, 1, 3]);
        let k = part(1, ["k.heads", "k"], [0, 2, 3, 1]);
        let v = part(2, ["v.heads", "v"], [0, 2, 1, 3]);
        let scale = self.constant(node, "scale", 1.0 / math::sqrt(op.head as f32));
        let products = self.step(node, "MatMul", "products", vec![q, k]);
        let mut scores = self.step(node, "Mul", "scores", vec![products, scale]);
        if op.causal {
            let tokens = self.graph.values[node.out].shape[1];
            let cells = (0..tokens * tokens).map(|i| if i % tokens > i / tokens { HIDDEN } else { 0.0 });
            let mask = format!("{}.mask", node.name);
            self.model.tensors.push((mask.clone(), tensor::from_vec(&[tokens, tokens], cells.collect())?));
            scores = self.step(node, "Add", "seen", vec![scores, mask]);
        }
        let shares = self.step_with(node, "Softmax", "shares", vec![scores], vec![("axis", Attribute::Int(-1))]);
        let mixed = self.step(node, "MatMul", "mixed", vec![shares, v]);
        let turned = vec![("perm", ints(&[0, 2, 1, 3]))];
        let turned = self.step_with(node, "Transpose", "turned", vec![mixed], turned);
        let joined = self.whole(node, "join", vec![0, 0, -1]);
        self.push(node, "Reshape", vec![turned, joined], self.name(node.out), vec![]);
        Ok(())
    }

    /// [N, C, H, W] to [N, H W, C].
    pub(super) fn tokens(&mut self, node: &graph::Node) {
        let flat = self.whole(node, "pixels", vec![0, 0, -1]);
        let rows = self.step(node, "Reshape", "flat", vec![self.name(node.ins[0]), flat]);
        self.push(node, "Transpose", vec![rows], self.name(node.out), vec![("perm", ints(&[0, 2, 1]))]);
    }

    /// The mean over axis 1.
    pub(super) fn token_mean(&mut self, node: &graph::Node) {
        self.plain(node, "ReduceMean", vec![("axes", ints(&[1])), ("keepdims", Attribute::Int(0))]);
    }

    /// A row of the table for each token; token numbers come in as floats.
    pub(super) fn embedding(&mut self, node: &graph::Node) {
        const INT64: i64 = 7;
        let ids = vec![self.name(node.ins[0])];
        let ids = self.step_with(node, "Cast", "ids", ids, vec![("to", Attribute::Int(INT64))]);
        self.push(node, "Gather", vec![self.name(node.ins[1]), ids], self.name(node.out), vec![]);
    }

    /// A constant shape; returns its name.
    fn whole(&mut self, node: &graph::Node, what: &str, shape: Vec<i64>) -> String {
        let name = format!("{}.{what}", node.name);
        self.model.shapes.push((name.clone(), shape));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::super::{model::ModelProto, write::Writer};
    use crate::graph::{Builder, op};

    #[test]
    fn attention_is_primitives_without_the_number_of_heads() {
        let mut build = Builder::new(&[3, 4], 1);
        let x = build.input();
        let y = build.node("mix", op::Attention { head: 2, causal: true }, &[x, x, x]).expect("fits");
        let graph = build.finish(y);
        let mut writer = Writer { graph: &graph, model: ModelProto::default() };
        writer.node(&graph.nodes[0]).expect("a valid graph");
        assert_eq!(writer.model.shapes[0].1, [0, 0, -1, 2]);
        assert_eq!(writer.model.nodes.last().map(|node| node.outputs.clone()), Some(vec!["mix".to_owned()]));
        assert_eq!(writer.model.tensors.iter().filter(|(name, _)| name == "mix.mask").count(), 1);
    }
}
