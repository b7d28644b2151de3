//! A network as a list of layers for a peer that has no reader of its own: JSON beside one array of weights.
//!
//! Batch norms and activations are folded into the layers before them, as our compiler does, so that the peer has no more
//! to do than we have. Weights are as in ONNX: [O, C/groups, kh, kw] and [out, in].

use serde::Serialize;

use crate::base::{Error, Result, Shape};
use crate::compile::lower::{LoweredLayer, LoweredOp, OPEN, Weighted, lower};
use crate::graph::{Graph, ValueId};

/// A network and its weights.
#[derive(Serialize)]
pub struct PlanDescription {
    input: ValueId,
    output: ValueId,
    /// Shape of the answers, the batch first.
    answers: Shape,
    layers: Vec<Row>,
    /// All weights and biases, one after the other.
    #[serde(skip)]
    pub weights: Vec<f32>,
}

#[derive(Serialize)]
struct Row {
    ins: Vec<ValueId>,
    out: ValueId,
    #[serde(flatten)]
    work: Work,
}

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Work {
    Conv { shape: [usize; 4], stride: [usize; 2], pad: [usize; 2], depthwise: bool, numbers: Numbers },
    Linear { shape: [usize; 2], numbers: Numbers },
    MaxPool { kernel: [usize; 2], stride: [usize; 2] },
    Means,
    Add { activation: &'static str },
    Flatten { from: Shape },
}

/// Where weights and bias start, and the activation behind them.
#[derive(Serialize)]
struct Numbers {
    weights: usize,
    bias: usize,
    activation: &'static str,
}

/// Describes a network for a batch size.
pub fn describe(graph: &Graph, batch: usize) -> Result<PlanDescription> {
    let program = lower(graph, &[], batch)?;
    let mut weights = Vec::new();
    let rows = program.layers.iter().map(|layer| row(layer, &program.shapes, &mut weights)).collect::<Result<_>>()?;
    let answers = program.shapes[program.output].clone();
    Ok(PlanDescription { input: program.input, output: program.output, answers, layers: rows, weights })
}

fn row(layer: &LoweredLayer, shapes: &[Shape], into: &mut Vec<f32>) -> Result<Row> {
    let missing = |what: &str| Error::unsupported(format!("{}: {what} has no description", layer.name));
    let mut store = |w: &Weighted| -> Result<Numbers> {
        let weights = into.len();
        into.extend_from_slice(&w.weights);
        let bias = into.len();
        into.extend_from_slice(&w.bias);
        let activation = activation(w.clamp).ok_or_else(|| missing("this activation"))?;
        Ok(Numbers { weights, bias, activation })
    };
    let work = match &layer.work {
        LoweredOp::Conv(w, v) => {
            let depthwise = v.groups > 1;
            if v.dilation != [1, 1] || depthwise && (v.groups != v.c || v.o != v.c) {
                return Err(missing("a grouped or dilated convolution"));
            }
            let shape = [v.o, v.c / v.groups, v.kernel[0], v.kernel[1]];
            Work::Conv { shape, stride: v.stride, pad: v.pad, depthwise, numbers: store(w)? }
        }
        LoweredOp::Linear(w) => {
            let outputs = w.bias.len();
            Work::Linear { shape: [outputs, w.weights.len() / outputs.max(1)], numbers: store(w)? }
        }
        LoweredOp::Pool(w, None) if w.pad == [0, 0] => Work::MaxPool { kernel: w.kernel, stride: w.stride },
        LoweredOp::Means { absolute: false } => Work::Means,
        LoweredOp::Add(clamp) => {
            Work::Add { activation: activation(*clamp).ok_or_else(|| missing("this activation"))? }
        }
        LoweredOp::Flatten => Work::Flatten { from: shapes[layer.ins[0]].clone() },
        LoweredOp::Pool(..) | LoweredOp::Means { .. } | LoweredOp::Boosted(..) | LoweredOp::Other(..) => {
            return Err(missing("this layer"));
        }
    };
    Ok(Row { ins: layer.ins.clone(), out: layer.out, work })
}

fn activation(clamp: [f32; 2]) -> Option<&'static str> {
    match clamp {
        OPEN => Some("linear"),
        [0.0, f32::INFINITY] => Some("relu"),
        [0.0, 6.0] => Some("relu6"),
        _ => None,
    }
}
