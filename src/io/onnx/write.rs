//! A graph as an ONNX file: the dense network, or a pruned one with its zeros in place and its channels gone. A tensor is a
//! `sparse_initializer` where that is shorter, from about two thirds of zeros on.
//!
//! Operators are those of set 17: <https://github.com/onnx/onnx/blob/main/docs/Operators.md>. What that set lacks
//! (GELU, SiLU, ReLU6) is written as several nodes. Activations have a free batch axis in front.

use super::model::{Attribute, ModelProto, NodeProto};
use crate::{
    base::{Result, tensor},
    graph::{
        self, Graph,
        op::{Gelu, OpKind},
    },
    io::origin::Origin,
};

/// The bytes of an ONNX file that computes what the graph computes in evaluation.
///
/// # Errors
/// When a node's shapes do not fit together.
pub fn write(graph: &Graph, name: &str, origin: Option<&Origin>) -> Result<Vec<u8>> {
    let free = |id: usize| (graph.values[id].name.clone(), graph.values[id].shape[1..].to_vec());
    let mut writer = Writer { graph, model: ModelProto { name: name.into(), ..ModelProto::default() } };
    writer.model.inputs.extend(graph.inputs.iter().map(|&id| free(id)));
    writer.model.outputs.extend(graph.outputs.iter().map(|&id| free(id)));
    for (_, value) in graph.parameters() {
        writer.model.tensors.extend(value.data.clone().map(|data| (value.name.clone(), data)));
    }
    for node in &graph.nodes {
        writer.node(node).map_err(|error| error.at(&node.name))?;
    }
    writer.model.metadata = origin.map(Origin::metadata).unwrap_or_default();
    Ok(writer.model.to_bytes())
}

/// A model under construction.
pub(super) struct Writer<'a> {
    pub(super) graph: &'a Graph,
    pub(super) model: ModelProto,
}

/// Attributes of an operator, by name.
pub(super) type Attributes = Vec<(&'static str, Attribute)>;

impl Writer<'_> {
    pub(super) fn node(&mut self, node: &graph::Node) -> Result<()> {
        let kind = node.op.kind();
        match &node.op {
            OpKind::Conv(op) => {
                let shapes = self.graph.shapes_in(node);
                let job = op.job(shapes[0], shapes[1])?;
                let mut attributes = window(job.kernel, op.stride, op.pad);
                attributes.push(("dilations", pair(op.dilation)));
                attributes.push(("group", Attribute::Int(job.groups as i64)));
                self.plain(node, kind, attributes);
            }
            OpKind::Linear(_) => self.linear(node),
            OpKind::BatchNorm(op) => {
                self.plain(node, "BatchNormalization", vec![("epsilon", Attribute::Float(op.epsilon))]);
            }
            OpKind::MaxPool(op) => {
                let w = op.window;
                self.plain(node, kind, window(w.kernel, w.stride, w.pad));
            }
            OpKind::AvgPool(op) => {
                let w = op.window;
                let mut attributes = window(w.kernel, w.stride, w.pad);
                attributes.push(("count_include_pad", Attribute::Int(op.count_pad.into())));
                self.plain(node, kind, attributes);
            }
            OpKind::Concat(op) => self.plain(node, kind, vec![("axis", Attribute::Int(op.axis as i64))]),
            OpKind::Softmax(_) => self.plain(node, kind, vec![("axis", Attribute::Int(-1))]),
            OpKind::LeakyRelu(op) => self.plain(node, kind, vec![("alpha", Attribute::Float(op.slope))]),
            OpKind::Flatten(_) => self.plain(node, kind, vec![("axis", Attribute::Int(1))]),
            OpKind::Reshape(op) => {
                // Zero keeps the batch axis, whatever it is.
                let shape = std::iter::once(0).chain(op.shape.iter().map(|&n| n as i64)).collect();
                let name = format!("{}.shape", node.name);
                self.model.shapes.push((name.clone(), shape));
                let x = self.name(node.ins[0]);
                self.push(node, kind, vec![x, name], self.name(node.out), vec![]);
            }
            OpKind::Relu6(_) => {
                let bounds = [("min", 0.0), ("max", 6.0)].map(|(what, bound)| self.constant(node, what, bound));
                let inputs = std::iter::once(self.name(node.ins[0])).chain(bounds).collect();
                self.push(node, "Clip", inputs, self.name(node.out), vec![]);
            }
            OpKind::Silu(_) => {
                let gate = self.step(node, "Sigmoid", "gate", vec![self.name(node.ins[0])]);
                let inputs = vec![self.name(node.ins[0]), gate];
                self.push(node, "Mul", inputs, self.name(node.out), vec![]);
            }
            OpKind::Gelu(op) => self.gelu(node, *op),
            OpKind::LayerNorm(op) => {
                self.plain(node, kind, vec![("axis", Attribute::Int(-1)), ("epsilon", Attribute::Float(op.epsilon))]);
            }
            OpKind::Attention(op) => self.attention(node, *op)?,
            OpKind::Tokens(_) => self.tokens(node),
            OpKind::TokenMean(_) => self.token_mean(node),
            OpKind::Embedding(_) => self.embedding(node),
            OpKind::AbsMean(_) => self.abs_mean(node),
            OpKind::Boost(_) => self.boost(node),
            // Dropout does nothing in evaluation.
            OpKind::Dropout(_) | OpKind::Identity(_) => self.plain(node, "Identity", vec![]),
            OpKind::Add(_)
            | OpKind::GlobalPool(_)
            | OpKind::HardSwish(_)
            | OpKind::Mul(_)
            | OpKind::Relu(_)
            | OpKind::Sigmoid(_)
            | OpKind::Tanh(_) => self.plain(node, kind, vec![]),
        }
        Ok(())
    }

    /// x Wᵀ + b: one node for a matrix; for more axes than two, which `Gemm` refuses, up to three.
    fn linear(&mut self, node: &graph::Node) {
        if self.graph.values[node.ins[0]].shape.len() == 2 {
            return self.plain(node, "Gemm", vec![("transB", Attribute::Int(1))]);
        }
        let (x, w) = (self.name(node.ins[0]), self.name(node.ins[1]));
        let turned = self.step(node, "Transpose", "turned", vec![w]);
        match node.ins.get(2) {
            None => self.push(node, "MatMul", vec![x, turned], self.name(node.out), vec![]),
            Some(&b) => {
                let product = self.step(node, "MatMul", "product", vec![x, turned]);
                self.push(node, "Add", vec![product, self.name(b)], self.name(node.out), vec![]);
            }
        }
    }

    /// x/2 (1 + erf(x / √2)), or x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).
    fn gelu(&mut self, node: &graph::Node, op: Gelu) {
        let x = self.name(node.ins[0]);
        let curve = if op.tanh {
            let cubic = self.constant(node, "cubic", 0.044_715);
            let root = self.constant(node, "root", (2.0 / std::f32::consts::PI).sqrt());
            let square = self.step(node, "Mul", "square", vec![x.clone(), x.clone()]);
            let cube = self.step(node, "Mul", "cube", vec![square, x.clone()]);
            let bent = self.step(node, "Mul", "bent", vec![cube, cubic]);
            let sum = self.step(node, "Add", "sum", vec![x.clone(), bent]);
            let scaled = self.step(node, "Mul", "scaled", vec![sum, root]);
            self.step(node, "Tanh", "curve", vec![scaled])
        } else {
            let root = self.constant(node, "root", std::f32::consts::FRAC_1_SQRT_2);
            let scaled = self.step(node, "Mul", "scaled", vec![x.clone(), root]);
            self.step(node, "Erf", "curve", vec![scaled])
        };
        let (one, half) = (self.constant(node, "one", 1.0), self.constant(node, "half", 0.5));
        let share = self.step(node, "Add", "share", vec![curve, one]);
        let halved = self.step(node, "Mul", "halved", vec![share, half]);
        self.push(node, "Mul", vec![x, halved], self.name(node.out), vec![]);
    }

    /// One node with the graph's own wires.
    pub(super) fn plain(&mut self, node: &graph::Node, op: &'static str, attributes: Attributes) {
        let inputs = node.ins.iter().map(|&id| self.name(id)).collect();
        self.push(node, op, inputs, self.name(node.out), attributes);
    }

    /// A node on the way to what the graph has as one; returns the name of what it gives.
    pub(super) fn step(&mut self, node: &graph::Node, op: &'static str, what: &str, inputs: Vec<String>) -> String {
        self.step_with(node, op, what, inputs, vec![])
    }

    pub(super) fn step_with(
        &mut self,
        node: &graph::Node,
        op: &'static str,
        what: &str,
        inputs: Vec<String>,
        attributes: Attributes,
    ) -> String {
        let out = format!("{}.{what}", node.name);
        self.push(node, op, inputs, out.clone(), attributes);
        out
    }

    pub(super) fn push(
        &mut self,
        node: &graph::Node,
        op: &'static str,
        inputs: Vec<String>,
        out: String,
        attributes: Attributes,
    ) {
        let name = if out == self.name(node.out) { node.name.clone() } else { out.clone() };
        self.model.nodes.push(NodeProto { name, op, inputs, outputs: vec![out], attributes });
    }

    /// A number that broadcasts to any shape; returns its name.
    pub(super) fn constant(&mut self, node: &graph::Node, what: &str, value: f32) -> String {
        let name = format!("{}.{what}", node.name);
        self.model.tensors.push((name.clone(), tensor::full(&[], value)));
        name
    }

    pub(super) fn name(&self, id: graph::ValueId) -> String {
        self.graph.values[id].name.clone()
    }
}

fn pair(of: [usize; 2]) -> Attribute {
    Attribute::Ints(of.map(|n| n as i64).to_vec())
}

/// Kernel, stride and padding as convolutions and pools spell them: padding before all axes, then after them.
fn window(kernel: [usize; 2], stride: [usize; 2], pad: [usize; 2]) -> Attributes {
    let pads = [pad, pad].concat().into_iter().map(|n| n as i64).collect();
    vec![("kernel_shape", pair(kernel)), ("strides", pair(stride)), ("pads", Attribute::Ints(pads))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Builder, build::Square, op};

    fn nodes(graph: &Graph) -> Vec<NodeProto> {
        let mut writer = Writer { graph, model: ModelProto::default() };
        graph.nodes.iter().for_each(|node| writer.node(node).expect("a valid graph"));
        writer.model.nodes
    }

    #[test]
    fn a_depthwise_convolution_has_a_group_for_each_channel() {
        let mut build = Builder::new(&[4, 9, 9], 1);
        let y = build.depthwise("dw", build.input(), Square { out: 4, kernel: 3, stride: 2, pad: 1 }).expect("fits");
        let nodes = nodes(&build.finish(y));
        assert_eq!(nodes.len(), 1);
        assert_eq!((nodes[0].op, &nodes[0].inputs[..]), ("Conv", &["input".to_owned(), "dw.weight".into()][..]));
        let want: Attributes = vec![
            ("kernel_shape", Attribute::Ints(vec![3, 3])),
            ("strides", Attribute::Ints(vec![2, 2])),
            ("pads", Attribute::Ints(vec![1, 1, 1, 1])),
            ("dilations", Attribute::Ints(vec![1, 1])),
            ("group", Attribute::Int(4)),
        ];
        assert_eq!(nodes[0].attributes, want);
    }

    #[test]
    fn what_the_operator_set_lacks_becomes_several_nodes() {
        let mut build = Builder::new(&[3], 1);
        let x = build.linear("fc", build.input(), 3).expect("fits");
        let x = build.node("act", op::Gelu { tanh: false }, &[x]).expect("fits");
        let x = build.node("clip", op::Relu6, &[x]).expect("fits");
        let nodes = nodes(&build.finish(x));
        let ops: Vec<_> = nodes.iter().map(|node| node.op).collect();
        assert_eq!(ops, ["Gemm", "Mul", "Erf", "Add", "Mul", "Mul", "Clip"]);
        assert_eq!(nodes[5].outputs, ["act"], "the last node gives what the graph's one node gave");
        let mut names: Vec<_> = nodes.iter().map(|node| &node.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), nodes.len(), "names are unique");
    }

    #[test]
    fn the_file_carries_every_parameter() {
        let mut build = Builder::new(&[2], 1);
        let y = build.linear("fc", build.input(), 1).expect("fits");
        let graph = build.finish(y);
        let bytes = write(&graph, "tiny", None).expect("a valid graph");
        let weights: Vec<u8> = graph.data(1).expect("a weight").iter().flat_map(|w| w.to_le_bytes()).collect();
        assert!(bytes.windows(8).any(|run| run == weights), "the weights' bits are in the file");
        assert_eq!(bytes[..2], [0x08, 8], "the format's version comes first");
    }
}
