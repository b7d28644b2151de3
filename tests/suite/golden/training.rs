//! Losses, learning rates, optimizers and schedules.

use secateur::base::{Error, Flat, Result, tensor};
use secateur::graph::{Builder, Masks};
use secateur::prune::regrow;
use secateur::prune::rhythm::RampShape;
use secateur::train::grad::backward;
use secateur::train::loss::{Loss, LossTarget};
use secateur::train::lr::{Rate, RateShape};
use secateur::train::optim::{Optimizer, UpdateRule};

use super::case::Case;
use super::layers::flat;

pub fn loss(case: &Case) -> Result<()> {
    let logits = case.tensor("logits").or_else(|_| case.tensor("student_logits"))?;
    let labels = case.list("attrs/targets")?;
    let teacher = case.tensor("attrs/teacher_logits").ok();
    let distil = case.number("attrs/alpha").zip(case.number("attrs/T"));
    let loss = Loss { smoothing: case.number("attrs/label_smoothing").unwrap_or(0.0), temperature: 1.0, distil };
    let (value, grad) = loss.at(&logits, &LossTarget { labels: &labels, teacher: teacher.as_ref() })?;
    case.meets("output", &[value as f32])?;
    case.meets(if distil.is_some() { "grad_student_logits" } else { "grad_logits" }, grad.flat())
}

pub fn rate(case: &Case) -> Result<()> {
    let steps = case.list("steps")?;
    let gamma = case.number("gamma").unwrap_or(0.1);
    let whole = |key: &str| case.number(key).map(|x| x as usize);
    let base = case.number("base_lr").unwrap_or(0.1);
    let (shape, total) = match (whole("T_max"), whole("step_size"), case.list("milestones")) {
        (Some(total), ..) => (RateShape::Cosine { floor: case.number("eta_min").unwrap_or(0.0) / base }, total),
        (_, Some(every), _) => (RateShape::Step { every, gamma }, 0),
        (.., Ok(at)) => (RateShape::Milestones { at, gamma }, 0),
        _ => return Err(Error::unsupported("an unknown shape of learning rate")),
    };
    let rate = Rate { base, shape, warmup: 0 };
    case.meets("lr", &steps.iter().map(|&step| rate.at(step, total)).collect::<Vec<f32>>())
}

pub fn optimizer(case: &Case) -> Result<()> {
    let number = |key: &str| case.number(key).unwrap_or(0.0);
    let nesterov = case.given("nesterov").and_then(serde_json::Value::as_bool) == Some(true);
    let rule = if case.name.starts_with("opt_adam") {
        let betas = case.tensor("betas")?;
        UpdateRule::Adam {
            betas: [betas[[0]], betas[[1]]],
            epsilon: number("eps"),
            decoupled: case.name.starts_with("opt_adamw"),
        }
    } else {
        UpdateRule::Sgd { momentum: number("momentum"), dampening: number("dampening"), nesterov }
    };
    let (start, grads) = (case.tensor("w0")?, case.tensor("grads")?);
    let (rows, columns) = (start.shape()[0], start.shape()[1]);
    let mut b = Builder::new(&[columns], 1);
    let x = b.input();
    let y = b.linear("fc", x, rows)?;
    let mut graph = b.finish(y);
    let id = graph.find("fc.weight").ok_or_else(|| Error::state("no weight"))?;
    *graph.data_mut(id)? = start;
    let mut optimizer = Optimizer::new(rule, number("weight_decay"));
    for step in 0..grads.shape()[0] {
        let grad = grads.index_axis(ndarray::Axis(0), step).to_owned();
        // The gradient of Σ y ∘ g at x = e_i is row by row that of the weight: feed the identity.
        let mut eye = tensor::zeros(&[columns, columns]);
        (0..columns).for_each(|i| eye[[i, i]] = 1.0);
        let trace = secateur::graph::run::trace(&graph, &eye, secateur::graph::op::Mode::EVAL)?;
        let slope = grad.t().as_standard_layout().into_owned().into_dyn();
        let grads = backward(&graph, &trace, slope, false, &Masks::default())?;
        optimizer.step(&mut graph, &grads, &Masks::default(), number("lr"))?;
        case.close("w_after_step", graph.data(id)?.flat(), &flat(&case.want("w_after_step")?[step])?)?;
    }
    Ok(())
}

pub fn cubic(case: &Case) -> Result<()> {
    let number = |key: &str| case.number(key).unwrap_or(0.0);
    let share = |from: f32| -> Result<Vec<f32>> {
        let steps = case.list("steps")?;
        Ok(steps
            .iter()
            .map(|&t| RampShape::Cubic.share(t as f32, number("start"), number("end"), from, number("target")))
            .collect())
    };
    case.meets("zhu_gupta_from_0", &share(0.0)?)?;
    case.meets("zhu_gupta_from_initial", &share(number("initial_for_second"))?)
}

pub fn cosine(case: &Case) -> Result<()> {
    let number = |key: &str| case.number(key).unwrap_or(0.0);
    let at = |t: &usize| regrow::cosine(number("alpha"), *t as f32, number("T_end"));
    case.meets("drop_fraction", &case.list("steps")?.iter().map(at).collect::<Vec<f32>>())
}
