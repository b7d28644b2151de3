//! Coupling and slicing: masked to zero effect = sliced away.

use secateur::base::{Flat, Result, Rng, Tensor};
use secateur::graph::build::Square;
use secateur::graph::couple::{Unit, groups};
use secateur::graph::op::{self, Window};
use secateur::graph::{Builder, Graph, run, slice};
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::{examples, noise, settled};

/// Removes a random half of each group, by silence and for real, and compares the answers.
pub fn same_both_ways(what: &str, graph: &Graph, x: &Tensor, seed: u64) -> Result<usize> {
    let mut rng = Rng::new(seed);
    let groups = groups(graph)?;
    let mut removed: Vec<&Unit> = Vec::new();
    for group in &groups {
        // One of each weight stays in any case: an empty layer is refused elsewhere.
        let makes = |unit: &Unit, id: usize| unit.slices.iter().any(|s| s.0 == id && s.1 == 0);
        let firsts: Vec<&Unit> =
            group.makers.iter().filter_map(|&id| group.units.iter().find(|u| makes(u, id))).collect();
        removed.extend(group.units.iter().filter(|u| !firsts.contains(u)).filter(|_| rng.below(2) == 0));
    }
    let mut silent = graph.clone();
    slice::silence(&mut silent, &removed)?;
    let small = slice::without(graph, &removed)?;
    let (a, b) = (run::run(&silent, x)?, run::run(&small, x)?);
    let top = a.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
    for (a, b) in a.flat().iter().zip(b.flat()) {
        assert!((a - b).abs() <= 1e-4 * top, "{what}: {a} masked, {b} sliced");
    }
    Ok(removed.len())
}

#[wasm_bindgen_test(unsupported = test)]
fn masked_equals_sliced_for_every_model() -> Result<()> {
    for model in zoo::ALL {
        let graph = settled(model.id)?;
        for seed in 0..3 {
            let removed = same_both_ways(model.id, &graph, &examples(&graph, 2, 4), seed)?;
            assert!(removed > 0, "{} has nothing to remove", model.id);
        }
    }
    Ok(())
}

/// A network with every operator that channels pass through.
fn everything() -> Result<Graph> {
    let mut b = Builder::new(&[2, 9, 9], 7);
    let x = b.input();
    let square = |out, kernel, stride| Square { out, kernel, stride, pad: kernel / 2 };
    let a = b.conv("a", x, square(8, 3, 1), true)?;
    let a = b.batch_norm("a.bn", a)?;
    let a = b.node("a.silu", op::Silu, &[a])?;
    let c = b.conv("c", x, square(4, 1, 1), true)?;
    let c = b.node("c.leaky", op::LeakyRelu { slope: 0.1 }, &[c])?;
    let mut y = b.node("cat", op::Concat { axis: 1 }, &[a, c])?;
    let d = b.depthwise("d", y, Square { out: 24, kernel: 3, stride: 2, pad: 1 })?;
    y = b.node("d.gelu", op::Gelu { tanh: false }, &[d])?;
    y = grouped(&mut b, "g", y)?;
    y = b.node("g.relu6", op::Relu6, &[y])?;
    let e = b.conv("e", y, square(12, 3, 1), false)?;
    y = b.node("add", op::Add, &[e, y])?;
    // Attention over channels: a pooled branch multiplies all pixels.
    let s = b.node("s.pool", op::GlobalPool, &[y])?;
    let s = b.conv("s", s, square(12, 1, 1), true)?;
    let s = b.node("s.sigmoid", op::Sigmoid, &[s])?;
    y = b.node("mul", op::Mul, &[y, s])?;
    y = b.node("max", op::MaxPool { window: Window::square(2) }, &[y])?;
    y = b.node(
        "avg",
        op::AvgPool { window: Window { kernel: [2, 2], stride: [1, 1], pad: [1, 1] }, count_pad: false },
        &[y],
    )?;
    y = b.node("swish", op::HardSwish, &[y])?;
    y = b.node("drop", op::Dropout { p: 0.5 }, &[y])?;
    y = b.node("same", op::Identity, &[y])?;
    y = b.node("flat", op::Flatten, &[y])?;
    y = b.linear("f1", y, 10)?;
    y = b.node("tanh", op::Tanh, &[y])?;
    y = b.linear("f2", y, 6)?;
    // A reshape whose extents are fixed: what passes it stays.
    y = b.node("reshape", op::Reshape { shape: vec![6, 1, 1] }, &[y])?;
    y = b.node("back", op::Flatten, &[y])?;
    y = b.linear("f3", y, 5)?;
    y = b.node("softmax", op::Softmax, &[y])?;
    Ok(b.finish(y))
}

/// A convolution in two groups.
fn grouped(b: &mut Builder, name: &str, x: usize) -> Result<usize> {
    let w =
        b.parameter(format!("{name}.weight"), secateur::graph::Role::Weight, noise(&[12, b.shape(x)[1] / 2, 3, 3], 8));
    b.node(name, op::Conv { stride: [1, 1], pad: [1, 1], dilation: [1, 1] }, &[x, w])
}

#[wasm_bindgen_test(unsupported = test)]
fn masked_equals_sliced_through_every_operator() -> Result<()> {
    let graph = everything()?;
    for seed in 0..8 {
        same_both_ways("everything", &graph, &noise(&[2, 2, 9, 9], 4), seed)?;
    }
    let makers: Vec<String> =
        groups(&graph)?.iter().flat_map(|g| g.makers.iter().map(|&id| graph.values[id].name.clone())).collect();
    assert!(
        !makers.iter().any(|name| name == "f2.weight" || name == "f3.weight"),
        "fixed widths are offered: {makers:?}"
    );
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn the_last_channel_cannot_be_removed() -> Result<()> {
    let graph = settled("lenet-5")?;
    let groups = groups(&graph)?;
    let all: Vec<&Unit> = groups[0].units.iter().collect();
    let error = slice::without(&graph, &all).expect_err("nothing would be left");
    assert!(error.message.contains("last channel"), "{error}");
    Ok(())
}
