//! Every kernel of the GPU by name, on small layers of odd extents.

use secateur::base::{Result, Rng, Tensor, tensor};
use secateur::compile::{Choose, GroupRule};
use secateur::gpu::Precision;
use secateur::graph::build::Square;
use secateur::graph::{Builder, Graph, Masks, op};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{Case, check, device, precisions};
use crate::plan::{cut, noise};

/// One convolution of odd extents with bias, residual and ReLU.
fn layer(rng: &mut Rng) -> Result<(Graph, Tensor)> {
    let mut of = |choices: &[usize]| choices[rng.below(choices.len())];
    let (n, c, out, kernel, stride) =
        (of(&[1, 2, 5]), of(&[1, 2, 3, 8]), of(&[1, 2, 5, 9]), of(&[1, 2, 3]), of(&[1, 1, 2, 3]));
    let (h, w) = (kernel + of(&[0, 1, 4, 9]), kernel + of(&[0, 2, 5, 70]));
    let mut build = Builder::new(&[c, h, w], 3);
    let square = Square { out, kernel, stride, pad: kernel / 2 };
    let input = build.input();
    let (a, b) = (build.conv("a", input, square, true)?, build.conv("b", input, square, true)?);
    let b = build.node("b.relu", op::Relu, &[b])?;
    let sum = build.node("sum", op::Add, &[a, b])?;
    let y = build.node("relu", op::Relu, &[sum])?;
    Ok((build.finish(y), noise(&[n, c, h, w], 4)))
}

fn shapes(graph: &Graph) -> String {
    format!("{:?}", graph.values.iter().map(|v| v.shape.as_slice()).collect::<Vec<_>>())
}

/// The row kernels.
const ROWS: [&str; 11] = [
    "gpu dense 4x2",
    "gpu dense 8x1",
    "gpu dense 8x4",
    "gpu dense 1x4",
    "gpu block 4x1",
    "gpu block 4x2",
    "gpu block 4x4",
    "gpu block 2x2",
    "gpu element 1",
    "gpu element 4",
    "gpu element 8",
];

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_kernels_equal_the_interpreter_on_odd_shapes() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut rng = Rng::new(8);
    for (name, precision) in ROWS.into_iter().flat_map(|name| precisions(&device).into_iter().map(move |p| (name, p))) {
        let mut ran = 0;
        for _ in 0..8 {
            let (graph, x) = layer(&mut rng)?;
            let masks = cut(&graph, [0.3, 0.9, 1.0][rng.below(3)]);
            let what = format!("{name}, {}", shapes(&graph));
            let (rules, choose) = (&[], Choose::Named(name));
            let case = Case { what, graph: &graph, masks: &masks, rules, x: &x, choose, precision };
            let kernels = check(&device, &case).await?;
            ran += kernels.iter().filter(|kernel| *kernel == name).count();
        }
        // Layers without a zero have no sparse forms.
        assert!(ran >= 8, "{name} ran {ran} times of 16");
    }
    Ok(())
}

/// Keeps at most n of every m neighbouring input channels of each tap.
fn groups(graph: &Graph, n: usize, m: usize, rng: &mut Rng) -> (Masks, Vec<GroupRule>) {
    let (mut masks, mut rules) = (Masks::default(), Vec::new());
    for (_, weight) in graph.layers() {
        let shape = &graph.values[weight].shape;
        let taps: usize = shape[2..].iter().product();
        let mut mask = vec![0; tensor::count(shape)];
        for first in (0..mask.len()).filter(|i| (i / taps).is_multiple_of(m)) {
            (0..n).for_each(|_| mask[first + rng.below(m) * taps] = 1);
        }
        masks.set(weight, mask);
        rules.push(GroupRule { weight, n, m });
    }
    (masks, rules)
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_n_m_kernels_equal_the_interpreter() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut rng = Rng::new(5);
    for (i, (n, m)) in [(2, 4), (1, 4), (3, 4), (1, 2), (4, 8), (8, 16), (2, 4), (1, 4)].into_iter().enumerate() {
        let name = ["gpu n:m 4", "gpu n:m 8"][i % 2];
        let (channels, kernel, stride) = (m * [1, 3, 5][i % 3], 1 + i % 3, 1 + i % 2);
        let mut build = Builder::new(&[channels, 5, 7], 3);
        let square = |out| Square { out, kernel, stride, pad: kernel / 2 };
        let a = build.conv("a", build.input(), square(2 * m), true)?;
        let a = build.node("relu", op::Relu, &[a])?;
        let b = build.conv("b", a, Square { stride: 1, ..square(9) }, true)?;
        let graph = build.finish(b);
        let (masks, rules) = groups(&graph, n, m, &mut rng);
        let x = &noise(&[1 + i % 2, channels, 5, 7], 4);
        let what = format!("{name} {n}:{m}, {}", shapes(&graph));
        let (choose, precision) = (Choose::Named(name), Precision::Single);
        let case = Case { what: what.clone(), graph: &graph, masks: &masks, rules: &rules, x, choose, precision };
        for precision in precisions(&device) {
            let case = Case { what: what.clone(), precision, ..case };
            assert_eq!(check(&device, &case).await?, [name; 2], "{n}:{m}");
        }
        // Promised and not kept: some groups have more.
        let (broken, _) = groups(&graph, m, m, &mut rng);
        let what = format!("{name} {n}:{m}, broken");
        let kernels = check(&device, &Case { what, masks: &broken, ..case }).await?;
        assert!(!kernels.iter().any(|kernel| kernel == name), "{n}:{m} ran on {kernels:?}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_n_m_kernels_run_linear_layers() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut build = Builder::new(&[24], 3);
    let y = build.linear("fc", build.input(), 7)?;
    let graph = build.finish(y);
    let (masks, rules) = groups(&graph, 2, 4, &mut Rng::new(2));
    for (batch, want) in [(1, "gpu dense"), (5, "gpu n:m 4")] {
        let x = &noise(&[batch, 24], 4);
        let (choose, precision) = (Choose::Named("gpu n:m 4"), Precision::Single);
        let what = format!("linear 2:4, batch {batch}");
        let kernels =
            check(&device, &Case { what, graph: &graph, masks: &masks, rules: &rules, x, choose, precision }).await?;
        assert_eq!(kernels, [want], "batch {batch}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_depthwise_kernels_equal_the_interpreter() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    for (i, name) in ["gpu depthwise 2", "gpu depthwise 4"].into_iter().cycle().take(12).enumerate() {
        let (channels, kernel, stride, times) = ([1, 3, 4][i % 3], [3, 2, 1, 5][i % 4], 1 + i / 2 % 3, 1 + i / 5 % 2);
        let size = [kernel + [0, 3, 6][i % 3], kernel + [9, 0, 4][i % 3]];
        let mut build = Builder::new(&[channels, size[0], size[1]], 3);
        let square = Square { out: channels * times, kernel, stride, pad: kernel / 2 };
        let a = build.depthwise("a", build.input(), square)?;
        let b = build.depthwise("b", build.input(), square)?;
        let b = build.node("b.relu", op::Relu, &[b])?;
        let sum = build.node("sum", op::Add, &[a, b])?;
        let graph = build.finish(sum);
        let masks = cut(&graph, [0.0, 0.5][i % 2]);
        let x = &noise(&[1 + i % 3, channels, size[0], size[1]], 4);
        let what = format!("{name}, stride {stride}, {}", shapes(&graph));
        for precision in precisions(&device) {
            let (what, rules, choose) = (what.clone(), &[], Choose::Named(name));
            let case = Case { what, graph: &graph, masks: &masks, rules, x, choose, precision };
            assert_eq!(check(&device, &case).await?, [name; 2]);
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_softmax_equals_the_interpreter() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    for (batch, precision) in [1, 2, 70].into_iter().flat_map(|n| precisions(&device).into_iter().map(move |p| (n, p)))
    {
        let mut build = Builder::new(&[6], 3);
        let scores = build.linear("fc", build.input(), 9)?;
        let shares = build.node("softmax", op::Softmax, &[scores])?;
        let graph = build.finish(shares);
        // Scores above a hundred: powers of them would overflow. Halves of that size are too coarse to be powers at all.
        let scale = if precision == Precision::Single { 40.0 } else { 2.0 };
        let x = &noise(&[batch, 6], 4).mapv(|x| scale * x);
        let (what, masks) = (format!("softmax, batch {batch}"), &Masks::default());
        check(&device, &Case { what, graph: &graph, masks, rules: &[], x, choose: Choose::Predict, precision }).await?;
    }
    Ok(())
}
