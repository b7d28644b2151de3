//! Calibration passes on a GPU against those of the processor. Rounding flips a ReLU here and there, and one of these is one
//! pixel's share of a gradient; otherwise what was seen agrees as gradients of training do.

use std::collections::BTreeMap;

use secateur::base::error::ErrorKind;
use secateur::base::{Flat, Result, Tensor};
use secateur::gpu::{Calibrator, Device};
use secateur::graph::op::{self, Mode};
use secateur::graph::{Builder, Graph, ValueId};
use secateur::train::Loss;
use secateur::train::look::{Look, Seen, look};
use secateur::train::optim::Optimizer;
use wasm_bindgen_test::wasm_bindgen_test;

use super::gradient::around;
use super::{Batch, Processor, close, small};
use crate::gpu::{device, models};
use crate::plan::{cut, noise, settled};

/// Everything there is to see, in a mode.
fn all(mode: Mode) -> Look {
    let loss = Loss { temperature: 2.0, ..Loss::CROSS_ENTROPY };
    let squared = !mode.train;
    Look {
        grad: true,
        grad_squared: squared,
        inputs: true,
        zeros: true,
        statistics: mode.train,
        ..Look::none(mode, loss)
    }
}

fn same<T>(what: &str, got: &BTreeMap<ValueId, T>, want: &BTreeMap<ValueId, T>, each: impl Fn(&str, &T, &T)) {
    assert!(got.keys().eq(want.keys()), "{what}: {:?}, not {:?}", got.keys(), want.keys());
    got.iter().zip(want.values()).for_each(|((id, got), want)| each(&format!("{what} of value {id}"), got, want));
}

fn agree(what: &str, got: &Seen, want: &Seen, tolerance: f32) {
    let tensors = |what: &str, got: &Tensor, want: &Tensor| close(what, got, want, tolerance);
    let numbers = |what: &str, got: &Vec<f64>, want: &Vec<f64>| {
        let top = want.iter().fold(1e-6f64, |top, x| top.max(x.abs()));
        assert_eq!(got.len(), want.len(), "{what}");
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() <= f64::from(tolerance) * top, "{what}: {got}, not {want} (largest {top})");
        }
    };
    same(&format!("{what}, gradient"), &got.grad, &want.grad, tensors);
    same(&format!("{what}, squared gradient"), &got.grad_squared, &want.grad_squared, tensors);
    same(&format!("{what}, statistic"), &got.statistics, &want.statistics, tensors);
    same(&format!("{what}, input"), &got.inputs, &want.inputs, numbers);
    same(&format!("{what}, zeros"), &got.zeros, &want.zeros, numbers);
}

/// Two batches after one another, the second with other weights.
async fn check(what: &str, device: &Device, graph: &Graph, n: usize, wanted: Look, tolerance: f32) -> Result<()> {
    let mut processor = Processor::new(graph.clone(), 0.0, Optimizer::sgd(0.0, 0.0))?;
    let mut calibrator = Calibrator::new(device.clone(), graph, &wanted, n).await.map_err(|error| error.at(what))?;
    for seed in [31, 32] {
        let Batch { x, labels, .. } = processor.batch(n, seed);
        let seen = calibrator.look(&x, &labels).await?;
        let what = format!("{what}, {n} of {seed}, {:?}", wanted.mode);
        let want = look(&processor.graph, &x, &labels, &wanted)?;
        let moves = want.grad.values().any(|g| g.flat().iter().any(|&g| g != 0.0));
        assert!(moves || !wanted.grad, "{what}: no gradient");
        agree(&what, &seen, &want, tolerance);
        cut(&processor.graph, 0.3).apply(&mut processor.graph)?;
        calibrator.push(&processor.graph)?;
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_looks_at_every_model_of_the_zoo() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    for model in models() {
        let graph = settled(model.id)?;
        let (eval, train) = (all(Mode::EVAL), all(Mode::train(0)));
        // One example at a time takes a software GPU long.
        let few = model.id.starts_with("lenet");
        let n = if cfg!(target_arch = "wasm32") { 1 } else { 3 };
        check(model.id, &device, &graph, n, Look { grad_squared: few, ..eval }, 1e-2).await?;
        check(model.id, &device, &graph, n, Look { grad: false, ..train }, 1e-4).await?;
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_looks_at_odd_networks() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    for n in [1, 2, 7] {
        let tried = |build: &mut Builder, x| {
            let x = build.batch_norm("norm", x)?;
            let x = build.node("six", op::Relu6, &[x])?;
            build.node("pool", op::MaxPool { window: op::Window { kernel: [3, 2], stride: [1, 3], pad: [1, 0] } }, &[x])
        };
        let odd = around([5, 7, 9], tried)?.graph;
        for mode in [Mode::EVAL, Mode::train(0)] {
            check("residual", &device, &small()?, n, all(mode), 1e-3).await?;
            check("odd", &device, &odd, n, all(mode), 1e-3).await?;
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_looks_only_at_what_fits() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let graph = small()?;
    let mut calibrator = Calibrator::new(device.clone(), &graph, &all(Mode::EVAL), 2).await?;
    let x = noise(&[2, 1, 8, 8], 1);
    calibrator.look(&x, &[0, 3]).await?;
    assert!(calibrator.look(&x, &[0, 4]).await.is_err_and(|e| e.message.contains("label 4")));
    assert!(calibrator.look(&x, &[0]).await.is_err());
    assert!(calibrator.look(&noise(&[3, 1, 8, 8], 1), &[0, 1, 2]).await.is_err());
    // What training drops at random, the processor draws.
    let dropped = around([4, 3, 3], |build, x| build.node("drop", op::Dropout { p: 0.5 }, &[x]))?.graph;
    let refused = Calibrator::new(device.clone(), &dropped, &all(Mode::train(0)), 2).await.err();
    assert!(refused.is_some_and(|error| error.kind == ErrorKind::Unsupported), "dropout in training");
    let both = Look { grad_squared: true, ..all(Mode::train(0)) };
    let refused = Calibrator::new(device.clone(), &graph, &both, 2).await.err();
    assert!(
        refused.is_some_and(|error| error.kind == ErrorKind::Unsupported),
        "running statistics and the batch's at once"
    );
    check("dropout", &device, &dropped, 2, all(Mode::EVAL), 1e-3).await?;
    device.destroy();
    assert!(calibrator.look(&x, &[0, 3]).await.is_err_and(|error| error.kind == ErrorKind::State));
    Ok(())
}
