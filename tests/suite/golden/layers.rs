//! Operators, forward and backward.

use secateur::base::{Error, Flat, Result, Tensor, tensor};
use secateur::graph::op::{self, At, Mode, OpKind, Window};

use super::case::{Case, read};

/// Inputs of the operators, as the cases name them.
const INPUTS: [&str; 8] = ["x", "a", "b", "c", "weight", "bias", "running_mean", "running_var"];

fn pair(case: &Case, key: &str, default: usize) -> [usize; 2] {
    match case.list(&format!("attrs/{key}")).ok().as_deref() {
        Some(&[a, b]) => [a, b],
        _ => [default; 2],
    }
}

fn kind(case: &Case) -> Result<OpKind> {
    let number = |key: &str, default: f32| case.number(&format!("attrs/{key}")).unwrap_or(default);
    let name = case.name.trim_start_matches("layer_");
    let window =
        || Window { kernel: pair(case, "kernel", 2), stride: pair(case, "stride", 2), pad: pair(case, "padding", 0) };
    let starts = |prefix: &str| name.starts_with(prefix);
    Ok(match name {
        "act_relu" => op::Relu.into(),
        "act_relu6" => op::Relu6.into(),
        "act_leaky_relu" => op::LeakyRelu { slope: number("negative_slope", 0.01) }.into(),
        "act_gelu_erf" => op::Gelu { tanh: false }.into(),
        "act_gelu_tanh" => op::Gelu { tanh: true }.into(),
        "act_silu" => op::Silu.into(),
        "act_hardswish" => op::HardSwish.into(),
        "act_sigmoid" => op::Sigmoid.into(),
        "act_tanh" => op::Tanh.into(),
        "globalavgpool" => op::GlobalPool.into(),
        _ if starts("add") => op::Add.into(),
        _ if starts("mul") => op::Mul.into(),
        "layernorm" => op::LayerNorm { epsilon: number("eps", 1e-5) }.into(),
        _ if starts("softmax") => op::Softmax.into(),
        _ if starts("linear") => op::Linear.into(),
        _ if starts("concat") => op::Concat { axis: number("axis", 1.0) as usize }.into(),
        _ if starts("maxpool") => op::MaxPool { window: window() }.into(),
        _ if starts("avgpool") => {
            let count_pad = case.given("attrs/count_include_pad").and_then(serde_json::Value::as_bool).unwrap_or(true);
            op::AvgPool { window: window(), count_pad }.into()
        }
        _ if starts("batchnorm") => {
            op::BatchNorm { epsilon: number("eps", 1e-5), momentum: number("momentum", 0.1) }.into()
        }
        _ if starts("conv") => op::Conv {
            stride: pair(case, "stride", 1),
            pad: pair(case, "padding", 0),
            dilation: pair(case, "dilation", 1),
        }
        .into(),
        other => return Err(Error::unsupported(format!("no operator for {other}"))),
    })
}

pub fn check(case: &Case) -> Result<()> {
    let op = kind(case)?;
    let names: Vec<&str> = INPUTS.into_iter().filter(|key| case.given(key).is_some()).collect();
    let ins = names.iter().map(|key| case.tensor(key)).collect::<Result<Vec<Tensor>>>()?;
    let ins: Vec<&Tensor> = ins.iter().collect();
    let mode = if case.name.ends_with("_train") { Mode::train(0) } else { Mode::EVAL };
    let shapes: Vec<&[usize]> = ins.iter().map(|x| x.shape()).collect();
    let pass = op.forward(&ins, mode)?;
    if op.infer(&shapes)? != pass.y.shape() {
        return Err(Error::shape("inferred", op.infer(&shapes)?, pass.y.shape()));
    }
    case.meets("output", pass.y.flat())?;
    let at = At { ins: &ins, y: &pass.y, saved: &pass.saved, mode };
    let grad = case
        .tensor("grad_output")?
        .into_shape_with_order(pass.y.raw_dim())
        .map_err(|e| Error::unsupported(e.to_string()))?;
    let grads = op.backward(at, &grad)?;
    for (name, grad) in names.iter().zip(&grads) {
        if let Some(grad) = grad {
            case.meets(&format!("grad_{name}"), grad.flat())?;
        }
    }
    for (slot, data) in &pass.updates {
        case.meets(&format!("{}_after", names[*slot]), data.flat())?;
    }
    tangents(&op, at, &grad, &grads)
}

/// <g, J v> = <Jᵀ g, v>: the forward tangent is the transpose of the backward pass that was just checked.
fn tangents(op: &OpKind, at: At, grad: &Tensor, grads: &[Option<Tensor>]) -> Result<()> {
    let dots: Vec<Tensor> = at.ins.iter().enumerate().map(|(i, x)| noise(x.shape(), i as u64)).collect();
    let along: Vec<Option<&Tensor>> = dots.iter().zip(grads).map(|(dot, g)| g.as_ref().map(|_| dot)).collect();
    let inner = |a: &Tensor, b: &Tensor| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let forward = inner(grad, &op.tangent(at, &along)?);
    let backward: f64 = grads.iter().zip(&dots).filter_map(|(g, v)| g.as_ref().map(|g| inner(g, v))).sum();
    if (forward - backward).abs() > 1e-3 * (1.0 + backward.abs()) {
        return Err(Error::unsupported(format!("tangent {forward} is not the transpose of the gradient {backward}")));
    }
    Ok(())
}

fn noise(shape: &[usize], seed: u64) -> Tensor {
    let mut rng = secateur::base::Rng::new(seed);
    let mut x = tensor::zeros(shape);
    x.iter_mut().for_each(|v| *v = rng.normal());
    x
}

/// Used by other families that hold lists of tensors.
pub fn flat(value: &serde_json::Value) -> Result<Vec<f32>> {
    Ok(read(value)?.flat().to_vec())
}
