//! What acts inside training: penalties, gates, sparse momentum, alternating phases. Each step of a case is a step of the trainer's own
//! parts: the view, the passes, the pull, the optimizer.

use std::rc::Rc;

use secateur::base::part::Args;
use secateur::base::{Error, Flat, Result, Tensor};
use secateur::data::augment::Augment;
use secateur::graph::op::Mode;
use secateur::graph::run::Overlay;
use secateur::graph::{Builder, Graph, Masks, ValueId, mask};
use secateur::prune::hook::{
    Aim, MomentumLayer, Redistribution, Refresh, redistribute, shrinking, thresholds, through,
};
use secateur::prune::rhythm::is_cut;
use secateur::prune::target::SelectRule;
use secateur::prune::{event, pattern};
use secateur::train::exercise::{Exercise, unpressed};
use secateur::train::grad::Learned;
use secateur::train::hook::Hook;
use secateur::train::lr::Rate;
use secateur::train::optim::{Optimizer, UpdateRule};
use secateur::train::{Loss, State, TrainPlan, Trainer};
use serde_json::Value;

use super::case::{Case, read};
use super::layers::flat;
use super::named;
use super::network::tiny;

/// A state that is being trained by plain steps.
fn training(case: &Case, graph: Graph, steps: usize) -> State {
    let number = |key: &str| case.number(key).unwrap_or(0.0);
    let (batch, rate, loss) = (1, Rate::cosine(number("lr"), 0), Loss::CROSS_ENTROPY);
    let plan = TrainPlan { steps, batch, rate, loss, augment: Augment::default(), seed: 1 };
    let rule = UpdateRule::Sgd { momentum: number("momentum"), dampening: 0.0, nesterov: false };
    let mut state = State::new(graph, Masks::default(), 1);
    state.trainer = Some(Trainer::new(plan, Optimizer::new(rule, number("weight_decay"))));
    state
}

/// What the passes of a step give, with parameters as hook and masks show them.
fn learned(state: &mut State, hook: &Rc<dyn Hook>, batch: (Tensor, Vec<usize>), mode: Mode) -> Result<Learned> {
    hook.before(state)?;
    let mut see = Overlay::new();
    hook.view(state, &mut see)?;
    for (id, kept) in state.masks.iter() {
        let mut data = state.graph.data(id)?.clone();
        mask::zero(&mut data, kept);
        see.insert(id, data);
    }
    let mut exercise = Exercise::new(&state.graph, see, None, batch, mode)?;
    loop {
        if let Some((learned, _)) =
            exercise.step(&state.graph, None, &Loss::CROSS_ENTROPY, &Masks::default(), &mut unpressed)?
        {
            return Ok(learned);
        }
    }
}

/// The optimizer's move by what a hook made of gradients.
fn apply(case: &Case, state: &mut State, learned: &Learned) -> Result<()> {
    let lr = case.number("lr").unwrap_or(0.0);
    let (graph, _, trainer) = state.parts()?;
    trainer.optimizer.step(graph, &learned.grads, &Masks::default(), lr)?;
    for index in 0..state.extras.len() {
        let (Some(group), Some(grad)) = (state.extras[index].group, learned.grads.extra(index)) else { continue };
        let mut data = state.extras[index].data.clone();
        state.training()?.optimizer.step_extra(index, &mut data, group, grad, lr);
        state.extras[index].data = data;
    }
    state.training()?.count(learned.loss, 0.0);
    Ok(())
}

fn batch(case: &Case) -> Result<(Tensor, Vec<usize>)> {
    Ok((case.tensor("x")?, case.list("y")?))
}

fn steps(case: &Case) -> Result<&Vec<Value>> {
    case.want("steps")?.as_array().ok_or_else(|| Error::format("no list of steps"))
}

/// One linear layer with a bias that the case holds fixed.
fn linear(case: &Case) -> Result<(Graph, ValueId, Tensor)> {
    let (w, b) = (case.tensor("W")?, case.tensor("b")?);
    let mut builder = Builder::new(&[w.shape()[1]], 1);
    let x = builder.input();
    let y = builder.linear("fc", x, w.shape()[0])?;
    let mut graph = builder.finish(y);
    let (_, id) = graph.layers().next().ok_or_else(|| Error::format("no layer"))?;
    *graph.data_mut(id)? = w;
    hold_bias(&mut graph, &b)?;
    Ok((graph, id, b))
}

fn hold_bias(graph: &mut Graph, b: &Tensor) -> Result<()> {
    let bias = graph.find("fc.bias").ok_or_else(|| Error::format("no bias"))?;
    graph.data_mut(bias)?.assign(b);
    Ok(())
}

fn number(step: &Value, key: &str) -> f32 {
    step[key].as_f64().unwrap_or(f64::NAN) as f32
}

pub fn slimming(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let mut state = training(case, graph, 9);
    let hook = shrinking(case.number("s").unwrap_or(0.0));
    let gamma = |state: &State, norm: &str| {
        state.graph.find(&format!("{norm}.weight")).ok_or_else(|| Error::format("no scale"))
    };
    for step in steps(case)? {
        let mut found = learned(&mut state, &hook, batch(case)?, Mode::train(0))?;
        case.close("ce_loss", &[found.loss as f32], &[number(step, "ce_loss")])?;
        let penalty = hook.pull(&mut state, &mut found.grads)?;
        case.close("penalty", &[penalty as f32], &[number(step, "penalty")])?;
        for (norm, want) in step["grad_gamma_total"].as_object().into_iter().flatten() {
            let grad = found.grads.get(gamma(&state, norm)?).ok_or_else(|| Error::format("no gradient"))?;
            case.close(norm, grad.flat(), &flat(want)?)?;
        }
        apply(case, &mut state, &found)?;
        for (norm, want) in step["gamma_after"].as_object().into_iter().flatten() {
            case.close(norm, state.graph.data(gamma(&state, norm)?)?.flat(), &flat(want)?)?;
        }
    }
    // The authors' threshold takes one channel more than its share.
    let norms = ["bn0", "bn1", "bn2", "bn3", "bn4"];
    let mut scales = Vec::new();
    for norm in norms {
        scales.extend(state.graph.data(gamma(&state, norm)?)?.iter().map(|g| g.abs()));
    }
    let cut = (scales.len() as f64 * f64::from(case.number("percent").unwrap_or(0.0))) as usize + 1;
    let kept = event::select(&scales, scales.len() - cut, SelectRule::Free);
    let mut want = Vec::new();
    for norm in norms {
        want.extend(flat(case.want(&format!("mask/{norm}"))?)?);
    }
    case.masks("mask", &kept, &want, &scales, number(&case.body()["expected"], "threshold"))
}

pub fn sr_ste(case: &Case) -> Result<()> {
    let (graph, id, bias) = linear(case)?;
    let (n, m) = (case.number("N").unwrap_or(2.0), case.number("M").unwrap_or(4.0));
    let groups = move |shape: &[usize], scores: &[f32]| -> Result<Vec<u8>> {
        let part = named(pattern::ALL, "n:m")?;
        let given = [("n", n), ("m", m)].map(|(key, x)| (key.to_string(), x.to_string()));
        let units = part.units(shape, &Args::read("pattern", part.meta(), &given.into())?)?;
        let kept = event::select(&units.mean(scores), 0, units.rule);
        Ok(units.of.iter().map(|&unit| u8::from(kept[unit as usize])).collect())
    };
    let chosen = move |graph: &Graph, _| {
        let (w, mut masks) = (graph.data(id)?, Masks::default());
        masks.set(id, groups(w.shape(), &w.iter().map(|w| w.abs()).collect::<Vec<f32>>())?);
        Ok(masks)
    };
    let decay = case.number("lambda_w").unwrap_or(0.0);
    let hook = through(
        Aim { sparsity: 0.5, weights: Vec::new(), mask: Rc::new(chosen) },
        Refresh { every: 1, end: 0.0, decay },
    );
    let mut state = training(case, graph, 9);
    for step in steps(case)? {
        let mut found = learned(&mut state, &hook, batch(case)?, Mode::EVAL)?;
        let mask: Vec<f32> = state.masks.get(id).unwrap_or(&[]).iter().map(|&m| f32::from(m)).collect();
        case.close("mask", &mask, &flat(&step["mask"])?)?;
        case.close("loss", &[found.loss as f32], &[number(step, "loss")])?;
        case.close("grad", found.grads.get(id).map_or(&[], |g| g.flat()), &flat(&step["grad_masked_weight"])?)?;
        hook.pull(&mut state, &mut found.grads)?;
        case.close("grad_sr_ste", found.grads.get(id).map_or(&[], |g| g.flat()), &flat(&step["grad_sr_ste"])?)?;
        apply(case, &mut state, &found)?;
        hold_bias(&mut state.graph, &bias)?;
        case.close("w_after", state.graph.data(id)?.flat(), &flat(&step["w_after"])?)?;
    }
    let groups = move |shape: &[usize], scores: &[f32]| -> Result<Vec<f32>> {
        let part = named(pattern::ALL, "n:m")?;
        let units = part.units(shape, &Args::defaults(part.meta()))?;
        let kept = event::select(&units.mean(scores), 0, units.rule);
        Ok(units.of.iter().map(|&unit| f32::from(u8::from(kept[unit as usize]))).collect())
    };
    for (input, output) in [("conv_OIHW", "conv_mask_input_axis"), ("ties", "ties_mask")] {
        let w = case.tensor(input)?;
        let scores: Vec<f32> = w.iter().map(|w| w.abs()).collect();
        case.meets(output, &groups(w.shape(), &scores)?)?;
    }
    Ok(())
}

pub fn str(case: &Case) -> Result<()> {
    let (graph, id, bias) = linear(case)?;
    let hook = thresholds(vec![id], case.number("s_init").unwrap_or(0.0), None);
    let mut state = training(case, graph, 9);
    for step in steps(case)? {
        hook.before(&mut state)?;
        let mut see = Overlay::new();
        hook.view(&state, &mut see)?;
        case.close("sparse_weight", see.get(&id).map_or(&[], |w| w.flat()), &flat(&step["sparse_weight"])?)?;
        let mut found = learned(&mut state, &hook, batch(case)?, Mode::EVAL)?;
        case.close("loss", &[found.loss as f32], &[number(step, "loss")])?;
        hook.pull(&mut state, &mut found.grads)?;
        case.close("grad_W", found.grads.get(id).map_or(&[], |g| g.flat()), &flat(&step["grad_W"])?)?;
        case.close("grad_s", found.grads.extra(0).map_or(&[], |g| g.flat()), &[number(step, "grad_s")])?;
        let mut baked = state.clone();
        hook.bake(&mut baked)?;
        case.close("baked", baked.graph.data(id)?.flat(), &flat(&step["sparse_weight"])?)?;
        apply(case, &mut state, &found)?;
        hold_bias(&mut state.graph, &bias)?;
        case.close("w_after", state.graph.data(id)?.flat(), &flat(&step["w_after"])?)?;
        case.close("s_after", state.extras[0].data.flat(), &[number(step, "s_after")])?;
    }
    Ok(())
}

pub fn dpf(case: &Case) -> Result<()> {
    let weights = [case.tensor("W1")?, case.tensor("W2")?];
    let mut builder = Builder::new(&[weights[0].shape()[1]], 1);
    let x = builder.input();
    let y = builder.linear("fc1", x, weights[0].shape()[0])?;
    let y = builder.node("relu", secateur::graph::op::Relu, &[y])?;
    let y = builder.linear("fc2", y, weights[1].shape()[0])?;
    let mut graph = builder.finish(y);
    let ids: Vec<ValueId> = graph.layers().map(|(_, id)| id).collect();
    for (&id, w) in ids.iter().zip(&weights) {
        *graph.data_mut(id)? = w.clone();
    }
    let silent = |graph: &mut Graph| -> Result<()> {
        for name in ["fc1.bias", "fc2.bias"] {
            let id = graph.find(name).ok_or_else(|| Error::format("no bias"))?;
            graph.data_mut(id)?.fill(0.0);
        }
        Ok(())
    };
    silent(&mut graph)?;
    let shares: Vec<f64> = case
        .given("sparsity_at_refresh")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    let every = case.number("refresh_every").unwrap_or(1.0) as usize;
    let (at, layers) = (std::cell::Cell::new(0), ids.clone());
    let chosen = move |graph: &Graph, _| {
        let (share, mut all) = (shares[at.replace(at.get() + 1)], Vec::new());
        for &id in &layers {
            all.extend(graph.data(id)?.iter().map(|w| w.abs()));
        }
        let kept = event::select(&all, all.len() - (all.len() as f64 * share) as usize, SelectRule::Free);
        let (mut masks, mut from) = (Masks::default(), 0);
        for &id in &layers {
            let n = graph.data(id)?.len();
            masks.set(id, kept[from..from + n].iter().map(|&k| u8::from(k)).collect());
            from += n;
        }
        Ok(masks)
    };
    let hook = through(
        Aim { sparsity: 0.5, weights: Vec::new(), mask: Rc::new(chosen) },
        Refresh { every, end: 0.0, decay: 0.0 },
    );
    let mut state = training(case, graph, 9);
    for step in steps(case)? {
        let mut found = learned(&mut state, &hook, batch(case)?, Mode::EVAL)?;
        case.close("loss", &[found.loss as f32], &[number(step, "loss")])?;
        hook.pull(&mut state, &mut found.grads)?;
        for (i, &id) in ids.iter().enumerate() {
            let mask: Vec<f32> = state.masks.get(id).unwrap_or(&[]).iter().map(|&m| f32::from(m)).collect();
            case.close("mask", &mask, read(&step["mask"][i])?.flat())?;
            case.close("grad", found.grads.get(id).map_or(&[], |g| g.flat()), read(&step["grad"][i])?.flat())?;
        }
        apply(case, &mut state, &found)?;
        silent(&mut state.graph)?;
        for (i, &id) in ids.iter().enumerate() {
            case.close("w_after", state.graph.data(id)?.flat(), read(&step["w_after"][i])?.flat())?;
        }
    }
    Ok(())
}

pub fn acdc(case: &Case) -> Result<()> {
    let number = |key: &str| case.number(key).unwrap_or(0.0) as usize;
    let (warm, phase, total, last) = (number("warmup"), number("phase"), number("total"), number("final_sparse"));
    let want = case.want("phase_by_epoch")?.as_array().into_iter().flatten();
    for (step, want) in want.enumerate() {
        let found = if is_cut(step, warm, phase, total - last) { "sparse" } else { "dense" };
        if want.as_str() != Some(found) {
            return Err(Error::unsupported(format!("epoch {step} is {found}, not {want}")));
        }
    }
    Ok(())
}

pub fn snfs(case: &Case) -> Result<()> {
    let rate = f64::from(case.number("prune_rate").unwrap_or(0.5));
    for (key, want) in case.expected() {
        let lists = |what: &str| -> Result<Vec<Vec<f32>>> {
            let given = case.given(&format!("{key}/{what}")).and_then(Value::as_array);
            given.into_iter().flatten().map(|layer| Ok(read(layer)?.flat().to_vec())).collect()
        };
        let (weights, masks, momenta) = (lists("w")?, lists("mask")?, lists("momentum")?);
        let masks: Vec<Vec<u8>> = masks.iter().map(|mask| mask.iter().map(|&m| m as u8).collect()).collect();
        let layers: Vec<MomentumLayer> = weights
            .iter()
            .zip(&masks)
            .zip(&momenta)
            .map(|((weight, mask), momentum)| MomentumLayer { weight, mask, momentum })
            .collect();
        let Redistribution { removed, grown } = redistribute(&layers, rate);
        let counts = |key: &str| -> Vec<usize> {
            want[key].as_array().into_iter().flatten().filter_map(Value::as_u64).map(|n| n as usize).collect()
        };
        for (what, found) in [("removed", &removed), ("regrow_before_cap", &grown[0]), ("regrow", &grown[1])] {
            if *found != counts(what) {
                return Err(Error::unsupported(format!("{key}: {what} is {found:?}, not {:?}", counts(what))));
            }
        }
        for (i, layer) in layers.iter().enumerate() {
            let (mask, new) = layer.exchanged(removed[i], grown[1][i]);
            let mask: Vec<f32> = mask.iter().map(|&m| f32::from(m)).collect();
            case.close(&format!("{key}/mask"), &mask, read(&want["mask"][i])?.flat())?;
            let positions: Vec<f32> = new.iter().map(|&i| i as f32).collect();
            case.close(&format!("{key}/grown"), &positions, &flat(&want["grown"][i])?)?;
        }
    }
    Ok(())
}
