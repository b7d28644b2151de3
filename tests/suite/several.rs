//! Networks with several inputs and outputs, node by node.

use secateur::base::{Flat, Result, Rng, Tensor, tensor};
use secateur::compile::{Options, compile};
use secateur::graph::build::Square;
use secateur::graph::couple::{Unit, groups};
use secateur::graph::op::{self, Mode};
use secateur::graph::run::trace_all;
use secateur::graph::{Builder, Graph, Masks, slice};
use secateur::io::onnx;
use secateur::train::grad::{Backward, Slopes};
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::noise;

/// An image and a vector in, classes and values out; both outputs read what both inputs came to.
fn network() -> Result<Graph> {
    let mut b = Builder::new(&[2, 6, 6], 3);
    let (image, vector) = (b.input(), b.another_input("vector", &[5]));
    let a = b.conv("conv", image, Square { out: 8, kernel: 3, stride: 1, pad: 1 }, true)?;
    let a = b.node("relu", op::Relu, &[a])?;
    let a = b.node("pool", op::GlobalPool, &[a])?;
    let a = b.node("flat", op::Flatten, &[a])?;
    let v = b.linear("embed", vector, 8)?;
    let sum = b.node("sum", op::Add, &[a, v])?;
    let classes = b.linear("classes", sum, 4)?;
    let both = b.node("both", op::Concat { axis: 1 }, &[sum, v])?;
    let values = b.linear("values", both, 3)?;
    Ok(b.finish_with(vec![classes, values]))
}

fn answers(graph: &Graph, xs: &[Tensor; 2]) -> Result<Vec<Tensor>> {
    let trace = trace_all(graph, &[&xs[0], &xs[1]], Mode::EVAL)?;
    graph.outputs.iter().map(|&id| trace.get(graph, id).cloned()).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn gradients_come_from_all_outputs() -> Result<()> {
    let (graph, xs) = (network()?, [noise(&[2, 2, 6, 6], 1), noise(&[2, 5], 2)]);
    let trace = trace_all(&graph, &[&xs[0], &xs[1]], Mode::EVAL)?;
    let weigh =
        |at: usize| noise(trace.get(&graph, graph.outputs[at]).map(Tensor::shape).unwrap_or_default(), 5 + at as u64);
    let weights = [weigh(0), weigh(1)];
    let slopes: Slopes = graph.outputs.iter().copied().zip(weights.clone()).collect();
    let mut back = Backward::new(&graph, slopes, false);
    while !back.step(&graph, &trace, &Masks::default())? {}
    let grads = back.finish();
    let loss = |graph: &Graph| -> Result<f64> {
        let ys = answers(graph, &xs)?;
        let dot = |(y, w): (&Tensor, &Tensor)| -> f64 { y.iter().zip(w.iter()).map(|(y, w)| f64::from(y * w)).sum() };
        Ok(ys.iter().zip(&weights).map(dot).sum())
    };
    let mut rng = Rng::new(9);
    for (_, id) in graph.layers() {
        let at = rng.below(graph.data(id)?.len());
        let moved = |by: f32| -> Result<f64> {
            let mut graph = graph.clone();
            graph.data_mut(id)?.flat_mut()[at] += by;
            loss(&graph)
        };
        let want = (moved(1e-2)? - moved(-1e-2)?) / 2e-2;
        let got = f64::from(grads.get(id).map_or(f32::NAN, |grad| grad.flat()[at]));
        assert!((got - want).abs() <= 1e-2 * want.abs().max(0.1), "{}: {got}, not {want}", graph.values[id].name);
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn masked_equals_sliced_at_every_output() -> Result<()> {
    let (graph, xs) = (network()?, [noise(&[3, 2, 6, 6], 1), noise(&[3, 5], 2)]);
    let groups = groups(&graph)?;
    assert_eq!(groups.len(), 1, "the sum ties both inputs' channels, and no output's can go");
    let removed: Vec<&Unit> = groups[0].units.iter().step_by(3).collect();
    let mut silent = graph.clone();
    slice::silence(&mut silent, &removed)?;
    let small = slice::without(&graph, &removed)?;
    for (a, b) in answers(&silent, &xs)?.iter().zip(&answers(&small, &xs)?) {
        assert!(a.iter().zip(b.iter()).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} masked, {b:?} sliced");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn what_takes_one_says_so_and_a_file_names_all() -> Result<()> {
    let graph = network()?;
    let error = compile(&graph, &Masks::default(), &Options::default()).expect_err("a plan has one input");
    assert!(error.message.contains("2 and 2") && !error.hint.is_empty(), "{error}");
    let short = trace_all(&graph, &[&noise(&[1, 2, 6, 6], 1)], Mode::EVAL).expect_err("one batch is missing");
    assert!(short.message.contains("each input"), "{short}");
    let wrong = trace_all(&graph, &[&noise(&[1, 2, 6, 6], 1), &tensor::zeros(&[1, 4])], Mode::EVAL);
    assert!(wrong.is_err(), "the second has another width");
    let file = String::from_utf8_lossy(&onnx::write(&graph, "several", None)?).into_owned();
    assert!(["vector", "input", "classes", "values"].iter().all(|name| file.contains(name)));
    Ok(())
}
