//! What images choose while a network runs.

use secateur::base::{Error, Flat, Result, Rng};
use secateur::compile::{Choose, Options, compile};
use secateur::graph::build::Square;
use secateur::graph::op::{self, Mode, OpKind, boost};
use secateur::graph::run::trace;
use secateur::graph::{Builder, Graph, Masks, boosted, count};
use secateur::prune::hook::press;
use secateur::train::grad::{Backward, Slopes};

use serde_json::Value;

use super::case::{Case, read};

/// The case's layer: a convolution, its norm without scale and shift, the boost, ReLU.
fn layer(case: &Case) -> Result<Graph> {
    let (x, w) = (case.tensor("x")?, case.tensor("W")?);
    let mut b = Builder::new(&x.shape()[1..], 1);
    let (out, kernel) = (w.shape()[0], w.shape()[2]);
    let pad = case.number("padding").unwrap_or(0.0) as usize;
    let y = b.conv("conv", b.input(), Square { out, kernel, stride: 1, pad }, false)?;
    let y = b.batch_norm("norm", y)?;
    let y = b.node("relu", op::Relu, &[y])?;
    let mut graph = b.finish(y);
    let density = case.given("density").and_then(Value::as_f64).unwrap_or(1.0);
    boosted::install(&mut graph, "conv", boosted::kept(out, density), &mut Rng::new(1))?;
    let values =
        [("conv.weight", w), ("conv.boost.weight", case.tensor("phi")?), ("conv.boost.bias", case.tensor("rho")?)];
    for (name, data) in values.into_iter().chain([("conv.boost.shift", case.tensor("beta")?)]) {
        let id = graph.find(name).ok_or_else(|| Error::format(format!("no {name}")))?;
        *graph.data_mut(id)? = data;
    }
    Ok(graph)
}

pub fn fbs(case: &Case) -> Result<()> {
    let want = |key: &str| read(case.want(key)?);
    let (graph, x) = (layer(case)?, case.tensor("x")?);
    let t = trace(&graph, &x, Mode::train(0))?;
    let node = boosted::boosts(&graph).next().ok_or_else(|| Error::format("no boost"))?;
    let (saliencies, k) = (t.get(&graph, node.ins[1])?, boost::count(graph.data(node.ins[3])?));
    let channels = saliencies.shape()[1];
    case.close("k", &[k as f32], want("k")?.flat())?;
    case.close("saliency", saliencies.flat(), want("saliency")?.flat())?;
    let mut active = vec![0.0; saliencies.len()];
    for (image, g) in saliencies.flat().chunks(channels).enumerate() {
        boost::active(g, k).into_iter().for_each(|c| active[image * channels + c] = 1.0);
    }
    case.close("active", &active, want("active")?.flat())?;
    let (y, c) = (t.get(&graph, graph.output())?, case.tensor("c")?);
    case.close("out", y.flat(), want("out")?.flat())?;
    let strength = case.number("reg").unwrap_or(0.0) * x.shape()[0] as f32;
    let mut slopes = Slopes::from([(graph.output(), c)]);
    let penalty = press(&graph, &t, strength, &mut slopes)?;
    case.close("regulariser", &[penalty as f32], want("regulariser")?.flat())?;
    let mut back = Backward::new(&graph, slopes, false);
    while !back.step(&graph, &t, &Masks::default())? {}
    let grads = back.finish();
    for (name, what) in [("conv.boost.weight", "grad_phi"), ("conv.boost.bias", "grad_rho")] {
        let grad = graph.find(name).and_then(|id| grads.get(id)).ok_or_else(|| Error::format("no gradient"))?;
        case.close(what, grad.flat(), want(what)?.flat())?;
    }
    let of = |fits: fn(&OpKind) -> bool| {
        graph.nodes.iter().filter(|node| fits(&node.op)).map(|node| count::macs_of(&graph, node)).sum::<u64>()
    };
    let (dense, predictor) = (of(|op| matches!(op, OpKind::Conv(_))), of(|op| matches!(op, OpKind::Linear(_))));
    case.close("macs_dense", &[dense as f32], want("macs_dense")?.flat())?;
    case.close("macs_predictor", &[predictor as f32], want("macs_predictor")?.flat())?;
    // Counted while the images run.
    let mut plan = compile(&graph, &Masks::default(), &Options { choose: Choose::Predict, ..Options::default() })?;
    plan.answers(&x)?;
    let each = plan.executed() / x.shape()[0] as u64 - predictor;
    case.close("macs_with_output_skipping", &[each as f32], want("macs_with_output_skipping")?.flat())
}
