//! Channels that are chosen for each image, as ONNX nodes.

use super::model::{Attribute, NodeProto};
use super::write::Writer;
use crate::graph;

/// ONNX's number for 64-bit integers.
const INT64: i64 = 7;

impl Writer<'_> {
    /// The mean of |x| over pixels, [N, C, H, W] to [N, C].
    pub(super) fn abs_mean(&mut self, node: &graph::Node) {
        let absolute = self.step(node, "Abs", "abs", vec![self.name(node.ins[0])]);
        let pooled = self.step(node, "GlobalAveragePool", "pooled", vec![absolute]);
        self.push(node, "Flatten", vec![pooled], self.name(node.out), vec![("axis", Attribute::Int(1))]);
    }

    /// a (g n + β), with a = 1 at the k largest g above zero. `TopK` takes the first of equal ones, as this crate does.
    pub(super) fn boost(&mut self, node: &graph::Node) {
        let [n, g, beta, kept] = [0, 1, 2, 3].map(|slot| self.name(node.ins[slot]));
        let count = self.step_with(node, "Cast", "k", vec![kept], vec![("to", Attribute::Int(INT64))]);
        let [values, places] = ["values", "places"].map(|what| format!("{}.{what}", node.name));
        self.model.nodes.push(NodeProto {
            name: format!("{}.top", node.name),
            op: "TopK",
            inputs: vec![g.clone(), count],
            outputs: vec![values.clone(), places.clone()],
            attributes: vec![("axis", Attribute::Int(1))],
        });
        let zero = self.constant(node, "zero", 0.0);
        let none = self.step(node, "Mul", "none", vec![g.clone(), zero]);
        let ones = self.step(node, "Sign", "ones", vec![values]);
        let axis = vec![("axis", Attribute::Int(1))];
        let active = self.step_with(node, "ScatterElements", "active", vec![none, places, ones], axis);
        let scale = self.step(node, "Mul", "scale", vec![active.clone(), g]);
        let [pixels, features] = [("pixels", vec![2, 3]), ("features", vec![1, 2])].map(|(what, axes)| {
            let name = format!("{}.{what}", node.name);
            self.model.shapes.push((name.clone(), axes));
            name
        });
        let scale = self.step(node, "Unsqueeze", "scale.pixels", vec![scale, pixels.clone()]);
        let active = self.step(node, "Unsqueeze", "active.pixels", vec![active, pixels]);
        let beta = self.step(node, "Unsqueeze", "shift.pixels", vec![beta, features]);
        let scaled = self.step(node, "Mul", "scaled", vec![n, scale]);
        let shift = self.step(node, "Mul", "shifted", vec![active, beta]);
        self.push(node, "Add", vec![scaled, shift], self.name(node.out), vec![]);
    }
}
