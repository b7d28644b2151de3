//! The messages of an ONNX model, as far as this crate writes them.
//!
//! Field numbers are those of `onnx.proto3`: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>.

use super::proto::Message;
use crate::base::{Flat, Tensor};
use crate::io::container::Metadata;

/// The operator set that the nodes mean.
const OPSET: i64 = 17;
/// The file format that goes with it.
const IR_VERSION: i64 = 8;
/// ONNX's number for single precision.
const FLOAT: i64 = 1;
/// ONNX's number for 64-bit integers.
const INT64: i64 = 7;

/// What an attribute of a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// One number.
    Float(f32),
    /// One integer.
    Int(i64),
    /// Some integers.
    Ints(Vec<i64>),
}

/// One operation: what it is called, what it does and the values it connects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeProto {
    /// A name that is unique in the graph.
    pub name: String,
    /// The operator, in ONNX's spelling.
    pub op: &'static str,
    /// Names of the values it reads.
    pub inputs: Vec<String>,
    /// Names of the values it makes.
    pub outputs: Vec<String>,
    /// Its attributes, by name.
    pub attributes: Vec<(&'static str, Attribute)>,
}

/// A graph in ONNX's terms; the batch axis of inputs and outputs is free.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelProto {
    /// The graph's name.
    pub name: String,
    /// Operations, each after those it reads from.
    pub nodes: Vec<NodeProto>,
    /// Constants by name.
    pub tensors: Vec<(String, Tensor)>,
    /// Integer constants by name: shapes for `Reshape`.
    pub shapes: Vec<(String, Vec<i64>)>,
    /// Names and shapes of what goes in, without the batch axis.
    pub inputs: Vec<(String, Vec<usize>)>,
    /// Names and shapes of what comes out, without the batch axis.
    pub outputs: Vec<(String, Vec<usize>)>,
    /// What the file says of itself.
    pub metadata: Metadata,
}

impl ModelProto {
    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let opset = Message::new().text(1, "").int(2, OPSET);
        let model = Message::new()
            .int(1, IR_VERSION)
            .text(2, "secateur")
            .text(3, env!("CARGO_PKG_VERSION"))
            .message(7, &self.graph())
            .message(8, &opset);
        let entry = |(key, text): (&String, &String)| Message::new().text(1, key).text(2, text);
        self.metadata.iter().map(entry).fold(model, |model, entry| model.message(14, &entry)).into_bytes()
    }

    fn graph(&self) -> Message {
        let mut graph = Message::new();
        for node in &self.nodes {
            graph = graph.message(1, &node.message());
        }
        graph = graph.text(2, &self.name);
        for (name, tensor) in &self.tensors {
            let (dense, sparse) = (floats(name, tensor.shape(), tensor.flat()), sparse(name, tensor));
            graph = if sparse.len() < dense.len() { graph.message(15, &sparse) } else { graph.message(5, &dense) };
        }
        for (name, shape) in &self.shapes {
            let raw: Vec<u8> = shape.iter().flat_map(|n| n.to_le_bytes()).collect();
            graph =
                graph.message(5, &Message::new().int(1, shape.len() as i64).int(2, INT64).text(8, name).bytes(9, &raw));
        }
        let graph = self.inputs.iter().fold(graph, |graph, value| graph.message(11, &value_info(value)));
        self.outputs.iter().fold(graph, |graph, value| graph.message(12, &value_info(value)))
    }
}

impl NodeProto {
    fn message(&self) -> Message {
        let node = self.inputs.iter().fold(Message::new(), |node, name| node.text(1, name));
        let node = self.outputs.iter().fold(node, |node, name| node.text(2, name));
        let node = node.text(3, &self.name).text(4, self.op);
        self.attributes.iter().fold(node, |node, (name, value)| node.message(5, &value.message(name)))
    }
}

impl Attribute {
    fn message(&self, name: &str) -> Message {
        let named = Message::new().text(1, name);
        match self {
            Self::Float(value) => named.float(2, *value).int(20, 1),
            Self::Int(value) => named.int(3, *value).int(20, 2),
            Self::Ints(values) => named.ints(8, values).int(20, 7),
        }
    }
}

/// Numbers with a name and a shape.
fn floats(name: &str, shape: &[usize], data: &[f32]) -> Message {
    let dims: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
    Message::new().ints(1, &dims).int(2, FLOAT).text(8, name).raw_floats(9, data.iter())
}

/// The numbers of a tensor that are not zero, and where they lie: twelve bytes each.
fn sparse(name: &str, tensor: &Tensor) -> Message {
    // A negative zero is a number like others: what is read is to the bit what was written.
    let kept = || tensor.flat().iter().enumerate().filter(|(_, x)| x.to_bits() != 0);
    let values: Vec<f32> = kept().map(|(_, &x)| x).collect();
    let places: Vec<u8> = kept().flat_map(|(i, _)| (i as i64).to_le_bytes()).collect();
    let indices = Message::new().int(1, values.len() as i64).int(2, INT64).bytes(9, &places);
    let dims: Vec<i64> = tensor.shape().iter().map(|&n| n as i64).collect();
    Message::new().message(1, &floats(name, &[values.len()], &values)).message(2, &indices).ints(3, &dims)
}

/// Name, element type and shape of an input or output, its first axis free.
fn value_info((name, shape): &(String, Vec<usize>)) -> Message {
    let batch = Message::new().message(1, &Message::new().text(2, "batch"));
    let dims = shape.iter().fold(batch, |dims, &n| dims.message(1, &Message::new().int(1, n as i64)));
    let tensor = Message::new().int(1, FLOAT).message(2, &dims);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_carries_its_type() {
        let bytes = Attribute::Ints(vec![2, 2]).message("strides").into_bytes();
        assert_eq!(bytes, [&[0x0a, 7][..], b"strides", &[0x40, 2, 0x40, 2, 0xa0, 0x01, 7]].concat());
    }

    #[test]
    fn the_batch_axis_is_free() {
        let bytes = value_info(&("x".into(), vec![3])).into_bytes();
        let dims = [&[0x0a, 7, 0x12, 5][..], b"batch", &[0x0a, 2, 0x08, 3]].concat();
        let tensor = [&[0x08, 1, 0x12, dims.len() as u8][..], &dims].concat();
        let kind = [&[0x0a, tensor.len() as u8][..], &tensor].concat();
        assert_eq!(bytes, [&[0x0a, 1, b'x', 0x12, kind.len() as u8][..], &kind].concat());
    }
}
