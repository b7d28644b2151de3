//! The small network of the cases: forward, backward, Hessian, coupling and slicing.

use std::collections::{BTreeMap, BTreeSet};

use secateur::base::{Error, Flat, Result, Tensor};
use secateur::graph::couple::{Group, Unit, groups};
use secateur::graph::op::{self, Mode, OpKind};
use secateur::graph::{Builder, Graph, Masks, Role, ValueId, count, run, slice};
use secateur::train::grad::backward;
use secateur::train::hvp::{Direction, hvp};
use secateur::train::loss::{Loss, LossTarget};
use serde_json::Value;

use super::case::{Case, read};
use super::layers::flat;

/// Weights that are pruned, in order.
pub const LAYERS: [&str; 6] = ["conv0", "conv1", "conv2", "dw", "pw", "fc"];

struct Tiny<'a> {
    b: Builder,
    parameters: &'a BTreeMap<String, Tensor>,
}

impl Tiny<'_> {
    fn parameter(&mut self, name: &str, role: Role) -> Result<ValueId> {
        let data = self.parameters.get(name).ok_or_else(|| Error::format(format!("no parameter {name}")))?;
        Ok(self.b.parameter(name.into(), role, data.clone()))
    }

    /// A convolution, its batch norm and a ReLU where wanted.
    fn layer(&mut self, conv: &str, norm: &str, x: ValueId, stride: usize, relu: bool) -> Result<ValueId> {
        let w = self.parameter(&format!("{conv}.weight"), Role::Weight)?;
        let pad = self.b.shape(w)[2] / 2;
        let y = self.b.node(conv, op::Conv { stride: [stride; 2], pad: [pad; 2], dilation: [1; 2] }, &[x, w])?;
        let mut ins = vec![y];
        for (part, role) in
            [("weight", Role::Bias), ("bias", Role::Bias), ("running_mean", Role::Stat), ("running_var", Role::Stat)]
        {
            ins.push(self.parameter(&format!("{norm}.{part}"), role)?);
        }
        let y = self.b.node(norm, op::BatchNorm::default(), &ins)?;
        if relu { self.relu(norm, y) } else { Ok(y) }
    }

    fn relu(&mut self, norm: &str, x: ValueId) -> Result<ValueId> {
        self.b.node(&norm.replace("bn", "relu"), op::Relu, &[x])
    }
}

/// The network of a case.
pub fn tiny(case: &Case) -> Result<Graph> {
    let notes: Value = serde_json::from_str(
        case.notes()
            .split_inclusive('}')
            .scan(String::new(), |text, part| {
                text.push_str(part);
                Some(text.clone())
            })
            .find(|text| serde_json::from_str::<Value>(text).is_ok())
            .unwrap_or_default()
            .as_str(),
    )
    .unwrap_or(Value::Null);
    let stride = notes["config"]["s1"].as_u64().unwrap_or(1) as usize;
    let parameters = case.parameters()?;
    let x = case.tensor("x")?;
    let mut t = Tiny { b: Builder::new(&x.shape()[1..], 0), parameters: &parameters };
    let a = t.layer("conv0", "bn0", t.b.input(), 1, true)?;
    let r = t.layer("conv1", "bn1", a, stride, true)?;
    let z = t.layer("conv2", "bn2", r, 1, false)?;
    let z = t.b.node("add", op::Add, &[z, r])?;
    let z = t.relu("bn2", z)?;
    let d = t.layer("dw", "bn3", z, 2, true)?;
    let p = t.layer("pw", "bn4", d, 1, true)?;
    let p = t.b.node("pool", op::GlobalPool, &[p])?;
    let p = t.b.node("flatten", op::Flatten, &[p])?;
    let ins = [p, t.parameter("fc.weight", Role::Weight)?, t.parameter("fc.bias", Role::Bias)?];
    let y = t.b.node("fc", op::Linear, &ins)?;
    Ok(t.b.finish(y))
}

/// The weight of a layer.
pub fn weight(graph: &Graph, layer: &str) -> Result<ValueId> {
    graph.find(&format!("{layer}.weight")).ok_or_else(|| Error::format(format!("no layer {layer}")))
}

pub fn builds(case: &Case) -> Result<()> {
    tiny(case)?.check_finite()
}

pub fn forward_backward(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let (x, labels) = (case.tensor("x")?, case.list("y")?);
    let mode = if case.name.ends_with("train") { Mode::train(0) } else { Mode::EVAL };
    let trace = run::trace(&graph, &x, mode)?;
    let logits = trace.get(&graph, graph.output())?;
    case.meets("logits", logits.flat())?;
    let (loss, slope) = Loss::CROSS_ENTROPY.at(logits, &LossTarget::labels(&labels))?;
    case.meets("loss", &[loss as f32])?;
    let grads = backward(&graph, &trace, slope, false, &Masks::default())?;
    let of = |id: ValueId| grads.get(id).map(|g| g.flat().to_vec()).unwrap_or_default();
    case.meets("grad_x", &of(graph.input()))?;
    for name in case.want("grads")?.as_object().into_iter().flatten().map(|(name, _)| name) {
        let id = graph.find(name).ok_or_else(|| Error::format(format!("no parameter {name}")))?;
        case.meets(&format!("grads/{name}"), &of(id))?;
    }
    for (name, want) in case.want("activations")?.as_object().into_iter().flatten() {
        // The first examples of the batch are listed.
        let id = graph.find(name).ok_or_else(|| Error::format(format!("no activation {name}")))?;
        let want = flat(want)?;
        case.close(name, &trace.get(&graph, id)?.flat()[..want.len()], &want)?;
    }
    for (id, data) in &trace.updates {
        case.meets(&format!("buffers_after/{}", graph.values[*id].name), data.flat())?;
    }
    Ok(())
}

pub fn hessian(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let (x, labels) = (case.tensor("x")?, case.list("y")?);
    let v = LAYERS
        .iter()
        .map(|l| Ok((weight(&graph, l)?, case.tensor(&format!("v/{l}"))?)))
        .collect::<Result<Direction>>()?;
    let (product, _) = hvp(&graph, &x, &LossTarget::labels(&labels), &Loss::CROSS_ENTROPY, Mode::EVAL, &v)?;
    LAYERS.iter().try_for_each(|l| case.meets(&format!("Hv/{l}"), product[&weight(&graph, l)?].flat()))
}

/// Slices of a unit, by name.
fn members(graph: &Graph, unit: &Unit) -> BTreeSet<(String, usize, usize)> {
    unit.slices.iter().map(|&(id, axis, index)| (graph.values[id].name.clone(), axis, index)).collect()
}

/// Units of a listed group: for each channel of the root its slices.
fn listed(group: &Value) -> Vec<BTreeSet<(String, usize, usize)>> {
    let size = group["size"].as_u64().unwrap_or(0) as usize;
    let mut units = vec![BTreeSet::new(); size];
    for member in group["members"].as_array().into_iter().flatten() {
        let numbers =
            |key: &str| member[key].as_array().into_iter().flatten().filter_map(Value::as_u64).map(|x| x as usize);
        let (name, axis) = (member["param"].as_str().unwrap_or(""), member["axis"].as_u64().unwrap_or(0) as usize);
        for (index, root) in numbers("indices").zip(numbers("root_indices")) {
            units[root].insert((name.to_string(), axis, index));
        }
    }
    units
}

fn same_groups(case: &Case, graph: &Graph) -> Result<()> {
    let sets =
        |groups: Vec<Vec<BTreeSet<(String, usize, usize)>>>| -> BTreeSet<BTreeSet<BTreeSet<(String, usize, usize)>>> {
            groups.into_iter().map(|units| units.into_iter().collect()).collect()
        };
    let ours =
        sets(groups(graph)?.iter().map(|g: &Group| g.units.iter().map(|u| members(graph, u)).collect()).collect());
    let want = sets(case.want("groups")?.as_array().into_iter().flatten().map(listed).collect());
    if ours == want {
        return Ok(());
    }
    let first = want.difference(&ours).next();
    Err(Error::unsupported(format!("{} groups, {} listed; first that differs: {first:?}", ours.len(), want.len())))
}

pub fn groups_of_tinycnn(case: &Case) -> Result<()> {
    same_groups(case, &tiny(case)?)
}

pub fn groups_of_concat(case: &Case) -> Result<()> {
    let parameters = case.parameters()?;
    let of = |name: &str| {
        parameters.get(name).map(|t| t.shape().to_vec()).ok_or_else(|| Error::format(format!("no {name}")))
    };
    let (channels, features) = (of("a.weight")?[1], of("fc1.weight")?[1] / of("c.weight")?[0]);
    // The flattened image is side x side after a stride of 2.
    let side = (1..64).find(|s| s * s == features).unwrap_or(1) * 2 - 1;
    let mut t = Tiny { b: Builder::new(&[channels, side, side], 0), parameters: &parameters };
    let conv = |t: &mut Tiny, name: &str, x: ValueId, stride: usize| -> Result<ValueId> {
        let w = t.parameter(&format!("{name}.weight"), Role::Weight)?;
        let bias = t.parameter(&format!("{name}.bias"), Role::Bias)?;
        let pad = t.b.shape(w)[2] / 2;
        t.b.node(name, op::Conv { stride: [stride; 2], pad: [pad; 2], dilation: [1; 2] }, &[x, w, bias])
    };
    let x = t.b.input();
    let (a, b) = (conv(&mut t, "a", x, 1)?, conv(&mut t, "b", x, 1)?);
    let z = t.b.node("concat", op::Concat { axis: 1 }, &[a, b])?;
    let z = norm(&mut t, "bnc", z)?;
    let z = t.b.node("relu1", op::Relu, &[z])?;
    let u = conv(&mut t, "c", z, 2)?;
    let u = t.b.node("relu2", op::Relu, &[u])?;
    let mut u = t.b.node("flatten", op::Flatten, &[u])?;
    for name in ["fc1", "fc2"] {
        let ins = [
            u,
            t.parameter(&format!("{name}.weight"), Role::Weight)?,
            t.parameter(&format!("{name}.bias"), Role::Bias)?,
        ];
        u = t.b.node(name, op::Linear, &ins)?;
    }
    same_groups(case, &t.b.finish(u))
}

/// A batch norm whose running statistics the case may leave out.
fn norm(t: &mut Tiny, name: &str, x: ValueId) -> Result<ValueId> {
    let (gamma, beta) =
        (t.parameter(&format!("{name}.weight"), Role::Bias)?, t.parameter(&format!("{name}.bias"), Role::Bias)?);
    let c = [t.b.shape(gamma)[0]];
    let mean = t.b.parameter(format!("{name}.running_mean"), Role::Stat, secateur::base::tensor::zeros(&c));
    let variance = t.b.parameter(format!("{name}.running_var"), Role::Stat, secateur::base::tensor::full(&c, 1.0));
    t.b.node(name, op::BatchNorm::default(), &[x, gamma, beta, mean, variance])
}

/// Channels are removed as listed; what is left must have the listed shapes and give the listed answers.
pub fn sliced(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let all = groups(&graph)?;
    let x = case.tensor("x")?;
    for (name, want) in case.expected() {
        let parameters = want["params"].as_u64().unwrap_or(0) as usize;
        let macs = want["macs_total"].as_u64().unwrap_or(0);
        let mut smaller = graph.clone();
        if let Some(removed) = want["removed_by_root"].as_object() {
            let mut units: Vec<&Unit> = Vec::new();
            for (root, indices) in removed {
                let id = weight(&graph, root)?;
                let gone: Vec<usize> =
                    indices.as_array().into_iter().flatten().filter_map(Value::as_u64).map(|i| i as usize).collect();
                let made =
                    |u: &&Unit| u.slices.iter().any(|&(v, axis, index)| v == id && axis == 0 && gone.contains(&index));
                units.extend(all.iter().flat_map(|g| &g.units).filter(made));
            }
            smaller = slice::without(&graph, &units)?;
            for (parameter, shape) in want["weight_shapes"].as_object().into_iter().flatten() {
                let id = graph.find(parameter).ok_or_else(|| Error::format(format!("no {parameter}")))?;
                let shape: Vec<usize> = read(shape)?.iter().map(|&n| n as usize).collect();
                if smaller.values[id].shape != shape {
                    return Err(Error::shape(parameter, shape, &smaller.values[id].shape));
                }
            }
            case.meets(&format!("{name}/logits_after_eval"), run::run(&smaller, &x)?.flat())?;
        }
        let got = (count::parameters(&smaller), count::macs(&smaller, &Masks::default()));
        if got != (parameters, macs) {
            return Err(Error::shape(&format!("{name}: parameters and multiply-adds"), (parameters, macs), got));
        }
    }
    Ok(())
}

/// The batch norm after a layer.
pub fn norm_of<'a>(graph: &'a Graph, name: &str) -> Option<&'a str> {
    let node = graph.nodes.iter().find(|n| n.name == name)?;
    graph.readers(node.out).find(|n| matches!(n.op, OpKind::BatchNorm(_))).map(|n| n.name.as_str())
}
