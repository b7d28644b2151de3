//! Lowering: a graph as a short program of fused layers.

use crate::base::{Error, Flat, Result, Shape, Tensor, math};
use crate::graph::op::{OpKind, Window, boost};
use crate::graph::{Graph, Node, ValueId};
use crate::kernel::geometry::Geometry;

use super::GroupRule;

/// No activation at all.
pub const OPEN: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];

/// A fused layer.
#[derive(Debug)]
pub struct LoweredLayer {
    /// Name of the node whose weights it holds, or of the node itself.
    pub name: String,
    /// What it does.
    pub work: LoweredOp,
    /// Values it reads.
    pub ins: Vec<ValueId>,
    /// Value it gives.
    pub out: ValueId,
}

/// What a layer does.
#[derive(Debug)]
pub enum LoweredOp {
    /// Convolution, bias, residual (second input) and clamp.
    Conv(Weighted, Geometry),
    /// The same of the most salient channels of each image; saliencies are the second input, a residual the third.
    Boosted(Weighted, Geometry, Boosted),
    /// Linear layer, bias and clamp, on [N, in].
    Linear(Weighted),
    /// Max or average pool.
    Pool(Window, Option<bool>),
    /// Mean over pixels, of absolute values or as they are.
    Means {
        /// Of absolute values.
        absolute: bool,
    },
    /// Sum of two values, and clamp.
    Add([f32; 2]),
    /// [N, C, H, W] to [N, C H W].
    Flatten,
    /// Anything else: run by the operator itself, with its constant inputs.
    Other(OpKind, Vec<Option<Tensor>>),
}

/// Weights with what is fused behind them.
#[derive(Clone, Debug)]
pub struct Weighted {
    /// Weights [O, depth], row-major.
    pub weights: Vec<f32>,
    /// Bias `[O]`.
    pub bias: Vec<f32>,
    /// Least and greatest output.
    pub clamp: [f32; 2],
    /// N and M if the zeros follow such a rule.
    pub rule: Option<(usize, usize)>,
}

/// What a boost adds to a convolution.
#[derive(Clone, Debug)]
pub struct Boosted {
    /// β, by output channel.
    pub shift: Vec<f32>,
    /// Output channels that run for each image.
    pub kept: usize,
}

/// A program over the values of a graph.
#[derive(Debug)]
pub struct Program {
    /// Batch size.
    pub batch: usize,
    /// Layers in order.
    pub layers: Vec<LoweredLayer>,
    /// Shapes of all values for the whole batch. Tokens [N, T, D] are held as images [N, D, 1, T].
    pub shapes: Vec<Shape>,
    /// By value: whether its images are tokens.
    pub tokens: Vec<bool>,
    /// Where examples enter.
    pub input: ValueId,
    /// Where answers leave.
    pub output: ValueId,
}

/// Turns a graph into a program for a batch.
pub fn lower(graph: &Graph, rules: &[GroupRule], batch: usize) -> Result<Program> {
    let shapes = graph
        .values
        .iter()
        .map(|v| match (&v.data, v.shape.as_slice()) {
            (Some(_), shape) => shape.to_vec(),
            (None, &[_, tokens, features]) => vec![batch, features, 1, tokens],
            (None, shape) => std::iter::once(batch).chain(shape[1..].iter().copied()).collect(),
        })
        .collect();
    let tokens = graph.values.iter().map(|v| v.data.is_none() && v.shape.len() == 3).collect();
    let (input, output) = graph.only("a plan")?;
    let mut program = Program { batch, layers: Vec::new(), shapes, tokens, input, output };
    // By value: the value that stands for it, once nodes that do nothing are gone.
    let mut alias: Vec<ValueId> = (0..graph.values.len()).collect();
    for node in &graph.nodes {
        let ins: Vec<ValueId> = node.ins.iter().map(|&id| alias[id]).collect();
        if matches!(node.op, OpKind::Identity(_) | OpKind::Dropout(_)) {
            alias[node.out] = ins[0];
        } else if let Some(into) = fuse(graph, node, &ins, &mut program)? {
            alias[node.out] = into;
        } else {
            let work = job(graph, node, rules, &program.shapes)?;
            let keep = if matches!(work, LoweredOp::Other(..)) {
                ins.len()
            } else {
                1 + usize::from(matches!(work, LoweredOp::Add(_)))
            };
            program.layers.push(LoweredLayer {
                name: node.name.clone(),
                work,
                ins: ins[..keep].to_vec(),
                out: node.out,
            });
        }
    }
    program.output = alias[output];
    Ok(program)
}

/// The layer of a node that was not fused.
fn job(graph: &Graph, node: &Node, rules: &[GroupRule], shapes: &[Shape]) -> Result<LoweredOp> {
    let weighted = |outputs: usize| -> Result<Weighted> {
        let bias = match node.ins.get(2) {
            Some(&id) => graph.data(id)?.flat().to_vec(),
            None => vec![0.0; outputs],
        };
        let rule = rules.iter().find(|r| r.weight == node.ins[1]).map(|r| (r.n, r.m));
        Ok(Weighted { weights: graph.data(node.ins[1])?.flat().to_vec(), bias, clamp: OPEN, rule })
    };
    let other =
        |op: &OpKind| LoweredOp::Other(op.clone(), node.ins.iter().map(|&id| graph.values[id].data.clone()).collect());
    let constant = node.ins[1..].iter().all(|&id| graph.values[id].data.is_some());
    Ok(match &node.op {
        OpKind::Conv(op) if constant => {
            let job = op.job(&shapes[node.ins[0]], &shapes[node.ins[1]])?;
            LoweredOp::Conv(weighted(job.o)?, job)
        }
        OpKind::Linear(_) if constant && shapes[node.ins[0]].len() == 2 => {
            LoweredOp::Linear(weighted(shapes[node.ins[1]][0])?)
        }
        // Over tokens a linear layer is a convolution of single pixels.
        OpKind::Linear(_) if constant && graph.values[node.ins[0]].shape.len() == 3 => {
            let (x, o) = (&shapes[node.ins[0]], shapes[node.ins[1]][0]);
            let geometry = Geometry { size: [x[2], x[3]], ..Geometry::linear(x[0], x[1], o) };
            LoweredOp::Conv(weighted(o)?, geometry)
        }
        OpKind::MaxPool(op) => LoweredOp::Pool(op.window, None),
        OpKind::AvgPool(op) => LoweredOp::Pool(op.window, Some(op.count_pad)),
        OpKind::GlobalPool(_) => LoweredOp::Means { absolute: false },
        OpKind::AbsMean(_) => LoweredOp::Means { absolute: true },
        OpKind::Flatten(_) if graph.values[node.ins[0]].shape.len() == 4 => LoweredOp::Flatten,
        OpKind::Flatten(_) => other(&node.op),
        OpKind::Add(_) if shapes[node.ins[0]] == shapes[node.ins[1]] => LoweredOp::Add(OPEN),
        op => other(op),
    })
}

/// Whether a value is read by one node only and is not the answer.
fn private(graph: &Graph, id: ValueId) -> bool {
    !graph.outputs.contains(&id)
        && graph.readers(id).map(|n| n.ins.iter().filter(|&&i| i == id).count()).sum::<usize>() == 1
}

/// Tries to fuse a node into the layer that gives its input; gives the value that now stands for the node's.
fn fuse(graph: &Graph, node: &Node, ins: &[ValueId], program: &mut Program) -> Result<Option<ValueId>> {
    let clamp = match node.op {
        OpKind::Relu(_) => Some([0.0, f32::INFINITY]),
        OpKind::Relu6(_) => Some([0.0, 6.0]),
        _ => None,
    };
    match node.op {
        OpKind::Add(_) => return Ok(add_into(graph, node, ins, program)),
        OpKind::Boost(_) => return boost_into(graph, node, ins, program),
        _ => {}
    }
    if !private(graph, node.ins[0]) {
        return Ok(None);
    }
    let Some(layer) = program.layers.iter_mut().find(|l| l.out == ins[0]) else { return Ok(None) };
    match (&mut layer.work, clamp, &node.op) {
        (LoweredOp::Conv(w, _) | LoweredOp::Boosted(w, ..) | LoweredOp::Linear(w), Some(clamp), _)
            if w.clamp == OPEN =>
        {
            w.clamp = clamp;
        }
        (LoweredOp::Add(open), Some(clamp), _) if *open == OPEN => *open = clamp,
        (LoweredOp::Conv(w, _) | LoweredOp::Linear(w), None, OpKind::BatchNorm(op))
            if w.clamp == OPEN && layer.ins.len() == 1 && graph.values[node.out].shape.len() != 3 =>
        {
            let p = |slot: usize| graph.data(node.ins[slot]);
            fold(w, op.epsilon, [p(1)?, p(2)?, p(3)?, p(4)?])?;
        }
        _ => return Ok(None),
    }
    Ok(Some(ins[0]))
}

/// A residual sum goes into the store of the convolution that comes last of its two sides.
fn add_into(graph: &Graph, node: &Node, ins: &[ValueId], program: &mut Program) -> Option<ValueId> {
    if program.shapes[ins[0]] != program.shapes[ins[1]] || ins[0] == ins[1] {
        return None;
    }
    let producer = |id: ValueId| program.layers.iter().position(|l| l.out == id);
    let (side, index) = (0..2).filter_map(|s| producer(ins[s]).map(|i| (s, i))).max_by_key(|&(_, i)| i)?;
    let layer = &mut program.layers[index];
    let (clamp, inputs) = match &layer.work {
        LoweredOp::Conv(w, _) => (w.clamp, 1),
        LoweredOp::Boosted(w, ..) => (w.clamp, 2),
        _ => return None,
    };
    let fits = clamp == OPEN && layer.ins.len() == inputs && private(graph, node.ins[side]);
    fits.then(|| {
        layer.ins.push(ins[1 - side]);
        ins[side]
    })
}

/// A boost becomes part of the convolution that it chooses channels of, if saliencies are known before that runs.
fn boost_into(graph: &Graph, node: &Node, ins: &[ValueId], program: &mut Program) -> Result<Option<ValueId>> {
    let producer = |id: ValueId| program.layers.iter().position(|layer| layer.out == id);
    let (Some(conv), Some(saliencies)) = (producer(ins[0]), producer(ins[1])) else { return Ok(None) };
    let parameters = node.ins[2..].iter().all(|&id| graph.values[id].data.is_some());
    if saliencies > conv || !parameters || !private(graph, node.ins[0]) {
        return Ok(None);
    }
    let layer = &mut program.layers[conv];
    let LoweredOp::Conv(w, v) = &layer.work else { return Ok(None) };
    if w.clamp != OPEN || v.groups != 1 || layer.ins.len() != 1 {
        return Ok(None);
    }
    let (shift, kept) = (graph.data(node.ins[2])?.flat().to_vec(), boost::count(graph.data(node.ins[3])?));
    layer.work = LoweredOp::Boosted(w.clone(), *v, Boosted { shift, kept: kept.min(v.o) });
    layer.ins.push(ins[1]);
    Ok(Some(ins[0]))
}

/// w ← w γ / sqrt(σ² + ε), b ← (b - μ) γ / sqrt(σ² + ε) + β.
fn fold(w: &mut Weighted, epsilon: f32, [gamma, beta, mean, variance]: [&Tensor; 4]) -> Result<()> {
    let outputs = w.bias.len();
    if gamma.len() != outputs {
        return Err(Error::shape("batch norm after a layer", [outputs], gamma.shape()));
    }
    let depth = w.weights.len() / outputs.max(1);
    for (o, row) in w.weights.chunks_mut(depth.max(1)).enumerate() {
        let scale = gamma.flat()[o] / math::sqrt(variance.flat()[o] + epsilon);
        row.iter_mut().for_each(|x| *x *= scale);
        w.bias[o] = (w.bias[o] - mean.flat()[o]) * scale + beta.flat()[o];
    }
    Ok(())
}
