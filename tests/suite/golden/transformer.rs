//! Operators over tokens, and the two-layer decoder of the cases: forward, backward, heads and neurons cut away.

use std::collections::BTreeMap;

use secateur::base::{Error, Flat, Result, Tensor, tensor};
use secateur::graph::bypass::branches;
use secateur::graph::couple::{Unit, groups};
use secateur::graph::op::{self, At, Mode, Op};
use secateur::graph::run::{Trace, trace};
use secateur::graph::{Builder, Graph, Masks, Role, ValueId, count, slice};
use secateur::prune::gather::{How, gather};
use secateur::prune::probe::{Gates, Probe, Turns};
use secateur::train::grad::{Gradients, backward};
use secateur::train::loss::{Loss, LossTarget};

use super::case::Case;

pub fn embedding(case: &Case) -> Result<()> {
    let (ids, table) = (case.tensor("attrs/indices")?, case.tensor("weight")?);
    let y = op::Embedding.forward(&[&ids, &table], Mode::EVAL)?.y;
    case.meets("output", y.flat())?;
    let at = At { ins: &[&ids, &table], y: &y, saved: &[], mode: Mode::EVAL };
    let grads = op::Embedding.backward(at, &case.tensor("grad_output")?)?;
    case.meets("grad_weight", grads[1].as_ref().map(Flat::flat).unwrap_or_default())
}

/// Heads of the decoder, and columns of each.
const HEADS: usize = 2;
const WIDTH: usize = 4;

/// Builds with the parameters of a case under the names that it gives them.
struct Parts {
    b: Builder,
    parameters: BTreeMap<String, Tensor>,
}

impl Parts {
    fn new(case: &Case, input: &[usize]) -> Result<Self> {
        Ok(Self { b: Builder::new(input, 0), parameters: case.parameters()? })
    }

    fn parameter(&mut self, name: &str, role: Role) -> Result<ValueId> {
        let data = self.parameters.get(name).ok_or_else(|| Error::format(format!("no parameter {name}")))?;
        Ok(self.b.parameter(name.into(), role, data.clone()))
    }

    fn linear(&mut self, [w, b]: [&str; 2], x: ValueId) -> Result<ValueId> {
        let ins = [x, self.parameter(w, Role::Weight)?, self.parameter(b, Role::Bias)?];
        self.b.node(&format!("{w}.layer"), op::Linear, &ins)
    }

    fn norm(&mut self, name: &str, x: ValueId) -> Result<ValueId> {
        let [w, b] = ["w", "b"].map(|part| format!("{name}.{part}"));
        let ins = [x, self.parameter(&w, Role::Bias)?, self.parameter(&b, Role::Bias)?];
        self.b.node(&format!("{name}.norm"), op::LayerNorm::default(), &ins)
    }

    /// Queries, keys and values, attention, and what puts the heads together; `at` comes before every name.
    fn attention(&mut self, at: &str, x: ValueId, heads: usize, causal: bool) -> Result<ValueId> {
        let mut three = Vec::new();
        for part in ["q", "k", "v"] {
            three.push(self.linear([&format!("{at}w{part}"), &format!("{at}b{part}")], x)?);
        }
        let head = self.b.shape(three[0])[2] / heads;
        let y = self.b.node(&format!("{at}attention"), op::Attention { head, causal }, &three)?;
        self.linear([&format!("{at}wo"), &format!("{at}bo")], y)
    }
}

pub fn attention(case: &Case) -> Result<()> {
    let x = case.tensor("x")?;
    let heads = case.number("attrs/heads").unwrap_or(1.0) as usize;
    let causal = case.given("attrs/causal").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let mut parts = Parts::new(case, &x.shape()[1..])?;
    let y = parts.attention("", parts.b.input(), heads, causal)?;
    let graph = parts.b.finish(y);
    for mode in [Mode::EVAL, Mode::train(0)] {
        let trace = trace(&graph, &x, mode)?;
        case.meets("output", trace.get(&graph, graph.output())?.flat())?;
        let grads = backward(&graph, &trace, case.tensor("grad_output")?, false, &Masks::default())?;
        case.meets("grad_x", grads.get(graph.input()).map(Flat::flat).unwrap_or_default())?;
        for (id, value) in graph.parameters() {
            case.meets(&format!("grad_{}", value.name), grads.get(id).map(Flat::flat).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// The decoder of `transformer_model`, its tokens but the last, and what should follow each.
fn decoder(case: &Case) -> Result<(Graph, Tensor, Vec<usize>)> {
    let tokens = case.tensor("tokens")?;
    let (n, t) = (tokens.shape()[0], tokens.shape()[1]);
    let ids = |from: usize| -> Vec<f32> {
        tokens.flat().chunks(t).flat_map(|row| row[from..from + t - 1].to_vec()).collect()
    };
    let (x, labels) = (tensor::from_vec(&[n, t - 1], ids(0))?, ids(1).into_iter().map(|id| id as usize).collect());
    let mut p = Parts::new(case, &[t - 1])?;
    let table = p.parameter("tok", Role::Bias)?;
    let pos = p.parameter("pos", Role::Bias)?;
    let mut y = p.b.node("embed", op::Embedding, &[p.b.input(), table])?;
    y = p.b.node("h0", op::Add, &[y, pos])?;
    for layer in 0..2 {
        let at = format!("l{layer}.");
        let normed = p.norm(&format!("{at}ln1"), y)?;
        let mixed = p.attention(&at, normed, HEADS, true)?;
        y = p.b.node(&format!("{at}add1"), op::Add, &[y, mixed])?;
        let normed = p.norm(&format!("{at}ln2"), y)?;
        let up = p.linear([&format!("{at}up.w"), &format!("{at}up.b")], normed)?;
        let up = p.b.node(&format!("{at}gelu"), op::Gelu { tanh: false }, &[up])?;
        let down = p.linear([&format!("{at}down.w"), &format!("{at}down.b")], up)?;
        y = p.b.node(&format!("h{}", layer + 1), op::Add, &[y, down])?;
    }
    let y = p.norm("lnf", y)?;
    let head = p.parameter("head", Role::Weight)?;
    let y = p.b.node("logits", op::Linear, &[y, head])?;
    Ok((p.b.finish(y), x, labels))
}

/// Loss, the run, and gradients of everything.
fn learn(graph: &Graph, x: &Tensor, labels: &[usize]) -> Result<(f64, Trace, Gradients)> {
    let trace = trace(graph, x, Mode::EVAL)?;
    let (loss, slope) = Loss::CROSS_ENTROPY.at(trace.get(graph, graph.output())?, &LossTarget::labels(labels))?;
    let grads = backward(graph, &trace, slope, true, &Masks::default())?;
    Ok((loss, trace, grads))
}

pub fn forward_backward(case: &Case) -> Result<()> {
    let (graph, x, labels) = decoder(case)?;
    let (loss, trace, grads) = learn(&graph, &x, &labels)?;
    case.meets("logits", trace.get(&graph, graph.output())?.flat())?;
    case.meets("loss", &[loss as f32])?;
    let mut hidden = Vec::new();
    for name in ["h0", "h1", "h2"] {
        let id = graph.find(name).ok_or_else(|| Error::format(format!("no {name}")))?;
        hidden.extend_from_slice(trace.get(&graph, id)?.flat());
    }
    case.meets("hidden", &hidden)?;
    for (id, value) in graph.parameters() {
        case.meets(&format!("grads/{}", value.name), grads.get(id).map(Flat::flat).unwrap_or_default())?;
    }
    Ok(())
}

/// The units that some indices of a parameter's first axis lie in.
fn units_of<'a>(graph: &Graph, all: &'a [Unit], name: &str, indices: &[usize]) -> Result<Vec<&'a Unit>> {
    let id = graph.find(name).ok_or_else(|| Error::format(format!("no parameter {name}")))?;
    let find = |index: &usize| {
        let unit = all.iter().find(|unit| unit.slices.contains(&(id, 0, *index)));
        unit.ok_or_else(|| Error::format(format!("row {index} of {name} cannot be removed")))
    };
    indices.iter().map(find).collect()
}

pub fn without_heads(case: &Case) -> Result<()> {
    let (graph, x, labels) = decoder(case)?;
    let all: Vec<Unit> = groups(&graph)?.into_iter().flat_map(|group| group.units).collect();
    let mut removed = Vec::new();
    for layer in 0..2 {
        let heads = case.list(&format!("removed_heads/{layer}")).unwrap_or_default();
        let neurons = case.list(&format!("removed_neurons/{layer}")).unwrap_or_default();
        let rows: Vec<usize> = heads.iter().map(|head| head * WIDTH).collect();
        removed.extend(units_of(&graph, &all, &format!("l{layer}.wq"), &rows)?);
        removed.extend(units_of(&graph, &all, &format!("l{layer}.up.w"), &neurons)?);
    }
    let small = slice::without(&graph, &removed)?;
    let mut masked = graph.clone();
    slice::silence(&mut masked, &removed)?;
    for network in [&small, &masked] {
        let (loss, trace, _) = learn(network, &x, &labels)?;
        case.meets("logits", trace.get(network, network.output())?.flat())?;
        case.meets("loss", &[loss as f32])?;
    }
    for (name, want) in case.want("shapes")?.as_object().into_iter().flatten() {
        let id = small.find(name).ok_or_else(|| Error::format(format!("no parameter {name}")))?;
        let want: Vec<usize> =
            want.as_array().into_iter().flatten().filter_map(|n| Some(n.as_u64()? as usize)).collect();
        if small.values[id].shape != want {
            return Err(Error::shape(name, want, &small.values[id].shape));
        }
    }
    for (key, got) in
        [("parameters_before", count::parameters(&graph)), ("parameters_after", count::parameters(&small))]
    {
        case.meets(key, &[got as f32])?;
    }
    for (key, name) in [("l0.wo_after", "l0.wo"), ("l0.down.w_after", "l0.down.w")] {
        let id = small.find(name).ok_or_else(|| Error::format(format!("no parameter {name}")))?;
        case.meets(key, small.data(id)?.flat())?;
    }
    Ok(())
}

/// By head: the sum over tokens of x dL/dx, or of its size by token.
fn gates(trace: &Trace, grads: &Gradients, graph: &Graph, layer: usize, sizes: bool) -> Result<Vec<f64>> {
    let id = graph.find(&format!("l{layer}.attention")).ok_or_else(|| Error::format("no attention"))?;
    let (x, g) = (trace.get(graph, id)?, grads.get(id).ok_or_else(|| Error::format("no gradient"))?);
    let width = x.shape()[2];
    let mut out = vec![0.0; HEADS];
    for (x, g) in x.flat().chunks(width).zip(g.flat().chunks(width)) {
        for (head, out) in out.iter_mut().enumerate() {
            let at = head * WIDTH..(head + 1) * WIDTH;
            let dot: f64 = x[at.clone()].iter().zip(&g[at]).map(|(x, g)| f64::from(*x) * f64::from(*g)).sum();
            *out += if sizes { dot.abs() } else { dot };
        }
    }
    Ok(out)
}

pub fn head_importance(case: &Case) -> Result<()> {
    let (graph, x, labels) = decoder(case)?;
    let (n, t) = (x.shape()[0], x.shape()[1]);
    let narrow = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    let (mut each, mut mean) = (Vec::new(), vec![0.0; 4]);
    for example in 0..n {
        let one = tensor::from_vec(&[1, t], x.flat()[example * t..(example + 1) * t].to_vec())?;
        let (_, trace, grads) = learn(&graph, &one, &labels[example * t..(example + 1) * t])?;
        let both = [gates(&trace, &grads, &graph, 0, false)?, gates(&trace, &grads, &graph, 1, false)?].concat();
        mean.iter_mut().zip(&both).for_each(|(sum, g)| *sum += g.abs() / n as f64);
        each.extend(narrow(&both));
    }
    case.meets("gate_grad_per_example", &each)?;
    case.meets("per_example_abs", &narrow(&mean))?;
    let gates_of = |name: &str| -> Result<Vec<f64>> {
        let id = graph.find(name).ok_or_else(|| Error::format(format!("no {name}")))?;
        let evidence = gather(&graph, &[(x.clone(), labels.clone())], looking(&[&Gates]))?;
        let all = evidence.of::<Gates>(id).ok_or_else(|| Error::format(format!("{name} was not seen")))?;
        Ok(all.iter().step_by(WIDTH).copied().collect())
    };
    for role in ["wq", "wk", "wv"] {
        let both = [gates_of(&format!("l0.{role}"))?, gates_of(&format!("l1.{role}"))?].concat();
        case.meets("per_example_abs", &narrow(&both))?;
    }
    let (_, trace, grads) = learn(&graph, &x, &labels)?;
    let both = |sizes: bool| -> Result<Vec<f64>> {
        Ok([gates(&trace, &grads, &graph, 0, sizes)?, gates(&trace, &grads, &graph, 1, sizes)?].concat())
    };
    let batch: Vec<f64> = both(false)?.into_iter().map(f64::abs).collect();
    case.meets("batch_abs", &narrow(&batch))?;
    case.meets("per_token_abs_sum", &narrow(&both(true)?))
}

/// By some probes, of a trained network.
fn looking(probes: &'static [&'static dyn Probe]) -> How {
    How { probes, mode: Mode::EVAL, temperature: 1.0 }
}

/// Mean over places of 1 - cos(a, b), and of the angle between them in half turns.
fn apart(a: &Tensor, b: &Tensor) -> [f64; 2] {
    let (width, mut sums, mut places) = (a.shape()[2], [0.0; 2], 0.0);
    for (a, b) in a.flat().chunks(width).zip(b.flat().chunks(width)) {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let cos = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        sums[0] += 1.0 - cos;
        sums[1] += cos.acos() / std::f64::consts::PI;
        places += 1.0;
    }
    sums.map(|sum| sum / places)
}

pub fn without_layers(case: &Case) -> Result<()> {
    let (graph, x, labels) = decoder(case)?;
    let (loss, dense, _) = learn(&graph, &x, &labels)?;
    case.meets("loss_dense", &[loss as f32])?;
    let layers = branches(&graph, 2).ok_or_else(|| Error::format("no branches"))?.units;
    let ends = |unit: &Unit| unit.bypass.ok_or_else(|| Error::format("a layer without a way past it"));
    let evidence = gather(&graph, &[(x.clone(), labels.clone())], looking(&[&Turns]))?;
    let found = |unit: &Unit| ends(unit).map(|at| Turns::of(&evidence, &at).map_or(f32::NAN, |turn| turn as f32));
    case.meets("block_influence", &layers.iter().map(found).collect::<Result<Vec<f32>>>()?)?;
    let (mut influence, mut angles, mut losses) = (Vec::new(), Vec::new(), Vec::new());
    for unit in &layers {
        let bypass = ends(unit)?;
        let [one_minus_cos, angle] = apart(dense.get(&graph, bypass.by)?, dense.get(&graph, bypass.out)?);
        influence.push(one_minus_cos as f32);
        angles.push(angle as f32);
        losses.push(learn(&slice::without(&graph, &[unit])?, &x, &labels)?.0 as f32);
    }
    case.meets("block_influence", &influence)?;
    case.meets("angular", &angles)?;
    case.meets("loss_without_each", &losses)?;
    let mut order: Vec<usize> = (0..layers.len()).collect();
    order.sort_by(|&a, &b| influence[a].total_cmp(&influence[b]));
    case.meets("order", &order.iter().map(|&layer| layer as f32).collect::<Vec<f32>>())?;
    for count in 1..layers.len() {
        let removed: Vec<&Unit> = order[..count].iter().map(|&layer| &layers[layer]).collect();
        let (loss, trace, _) = learn(&slice::without(&graph, &removed)?, &x, &labels)?;
        case.meets(&format!("dropped/{}/logits", count - 1), trace.get(&graph, graph.output())?.flat())?;
        case.meets(&format!("dropped/{}/loss", count - 1), &[loss as f32])?;
    }
    Ok(())
}
