//! Compiled plans against the plain interpreter: every model, batch size and kernel.

use secateur::base::{Flat, Result, Rng, Tensor, team, tensor};
use secateur::compile::{Choose, Options, compile};
use secateur::graph::build::Square;
use secateur::graph::bypass::branches;
use secateur::graph::op::{self, Mode, OpKind};
use secateur::graph::{Builder, Graph, Masks, run};
use secateur::kernel::simd::FUSED;
use secateur::prune::{Settings, pattern};
use secateur::session::survey::by_magnitude;
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

/// A model with running statistics that are not 0 and 1, so that folding has something to do.
pub fn settled(id: &str) -> Result<Graph> {
    let mut graph = zoo::find(id)?.build(3)?;
    let t = run::trace(&graph, &examples(&graph, 8, 5), Mode::train(0))?;
    for (id, data) in t.updates {
        *graph.data_mut(id)? = data;
    }
    Ok(graph)
}

/// What a network may be given: noise, or tokens.
pub fn examples(graph: &Graph, n: usize, seed: u64) -> Tensor {
    let shape = [&[n][..], &graph.values[graph.input()].shape[1..]].concat();
    let table =
        graph.readers(graph.input()).find(|node| matches!(node.op, OpKind::Embedding(_))).map(|node| node.ins[1]);
    let Some(table) = table else { return noise(&shape, seed) };
    let (mut rng, mut x) = (Rng::new(seed), tensor::zeros(&shape));
    x.iter_mut().for_each(|x| *x = rng.below(graph.values[table].shape[0]) as f32);
    x
}

/// Normal numbers.
pub fn noise(shape: &[usize], seed: u64) -> Tensor {
    let mut rng = Rng::new(seed);
    let mut x = tensor::zeros(shape);
    x.iter_mut().for_each(|v| *v = rng.normal());
    x
}

/// Cuts a share of each weight at random.
pub fn cut(graph: &Graph, share: f32) -> Masks {
    let mut rng = Rng::new(9);
    let mut masks = Masks::default();
    for (_, id) in graph.layers() {
        let n = tensor::count(&graph.values[id].shape);
        masks.set(id, (0..n).map(|_| u8::from(rng.uniform() >= share)).collect());
    }
    masks
}

pub fn close(what: &str, got: &Tensor, want: &Tensor) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    let top = want.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 2e-4 * top, "{what}: {g} is not {w} (largest {top})");
    }
}

fn check(id: &str, batch: usize, share: f32, how: Choose) -> Result<()> {
    let graph = settled(id)?;
    let masks = if share > 0.0 { cut(&graph, share) } else { Masks::default() };
    let x = examples(&graph, 5, 6);
    let mut masked = graph.clone();
    masks.apply(&mut masked)?;
    let want = run::run(&masked, &x)?;
    let got = compile(&graph, &masks, &Options { batch, choose: how, ..Options::default() })?.answers(&x)?;
    close(&format!("{id}, batch {batch}, sparsity {share}, {how:?}"), &got, &want);
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn kernels_run_every_model_dense_and_sparse() -> Result<()> {
    for model in zoo::ALL {
        for batch in [1, 3] {
            for share in [0.0, 0.9] {
                check(model.id, batch, share, Choose::Predict)?;
            }
        }
    }
    Ok(())
}

/// Every pattern on every network, its weights cut by magnitude: with what the pattern promises to kernels, and without.
#[wasm_bindgen_test(unsupported = test)]
fn kernels_run_every_pattern_of_every_model() -> Result<()> {
    for (model, part) in zoo::ALL.iter().flat_map(|model| pattern::ALL.iter().map(move |part| (model, part))) {
        let id = part.meta().id;
        let pairs = [("pattern", id), ("allocation", "layer"), ("recovery", "none"), ("sparsity", "0.6")];
        let settings: Settings = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let dense = settled(model.id)?;
        if part.bypasses() && branches(&dense, 1).is_none() {
            continue;
        }
        let (graph, masks, rules) = by_magnitude(dense, &settings)?;
        let x = examples(&graph, 3, 6);
        let want = run::run(&graph, &x)?;
        for how in [Choose::Predict, Choose::Named("n:m")] {
            let options = Options { batch: 3, rules: &rules, choose: how, ..Options::default() };
            close(&format!("{} {id} {how:?}", model.id), &compile(&graph, &masks, &options)?.answers(&x)?, &want);
        }
    }
    Ok(())
}

/// What a run leaves in buffers must not show in the next: strides that do not divide the size leave pixels unwritten.
#[wasm_bindgen_test(unsupported = test)]
fn kernels_forget_the_last_run() -> Result<()> {
    for (size, stride) in [(3, 2), (7, 2), (7, 3), (8, 3), (9, 2)] {
        let mut build = Builder::new(&[1, size, size], 3);
        let square = Square { out: 5, kernel: 3, stride, pad: 1 };
        let input = build.input();
        let (a, b) = (build.conv("a", input, square, true)?, build.conv("b", input, square, true)?);
        let b = build.node("b.relu", op::Relu, &[b])?;
        let sum = build.node("sum", op::Add, &[a, b])?;
        let features = build.node("flatten", op::Flatten, &[sum])?;
        let graph = build.finish(features);
        let x = noise(&[1, 1, size, size], 4);
        let mut plan = compile(&graph, &Masks::default(), &Options { choose: Choose::Predict, ..Options::default() })?;
        plan.answers(&x.mapv(|_| 1e3))?;
        close(&format!("size {size}, stride {stride}"), &plan.answers(&x)?, &run::run(&graph, &x)?);
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn every_kernel() -> Result<()> {
    for name in
        ["dense 6x1", "dense 4x1", "dense 2x1", "dense 1x1", "element", "block 4x1", "block 2x1", "block 8x1", "dense"]
    {
        for id in ["resnet8", "mobilenet-small", "lenet-5"] {
            check(id, 1, 0.7, Choose::Named(name))?;
            check(id, 2, 0.7, Choose::Named(name))?;
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn threads_share_kernels_and_change_no_bit() -> Result<()> {
    team::hire(3);
    for (model, batch) in [("lenet-300-100", 1), ("resnet8", 1), ("resnet8", 7), ("mobilenet-small", 2), ("lenet-5", 9)]
    {
        let graph = settled(model)?;
        let (masks, x) = (cut(&graph, 0.6), noise(&[batch, 1, 28, 28], 6));
        let alone = Options { batch, choose: Choose::Predict, ..Options::default() };
        let want = compile(&graph, &masks, &alone)?.answers(&x)?;
        for threads in [2, 3, 8] {
            let mut plan = compile(&graph, &masks, &Options { threads, ..alone })?;
            for _ in 0..20 {
                assert!(plan.answers(&x)? == want, "{model}, batch {batch}, {threads} threads");
            }
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn measuring_keeps_every_kernel_and_the_same_answers() -> Result<()> {
    let graph = settled("lenet-300-100")?;
    let masks = cut(&graph, 0.9);
    let x = noise(&[4, 1, 28, 28], 6);
    let mut measured = compile(&graph, &masks, &Options { batch: 4, ..Options::default() })?;
    let mut predicted = compile(&graph, &masks, &Options { batch: 4, choose: Choose::Predict, ..Options::default() })?;
    let (a, b) = (measured.answers(&x)?, predicted.answers(&x)?);
    close("another choice of kernels", &a, &b);
    assert!(FUSED || a.flat() == b.flat(), "kernels differ in bits");
    for layer in measured.layers() {
        assert!(layer.why.candidates.len() >= 4 && layer.why.measured, "{}", layer.name);
        assert!(layer.why.candidates.windows(2).all(|w| w[0].us <= w[1].us), "{:?}", layer.why);
    }
    Ok(())
}
