//! The kernels of training on odd shapes: one step on the GPU, one on the processor.

use secateur::base::{Error, Result, Rng, tensor};
use secateur::gpu::Device;
use secateur::graph::build::Square;
use secateur::graph::op::{self, Window};
use secateur::graph::{Builder, Role, ValueId};
use secateur::train::optim::{Optimizer, UpdateRule};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{GRADIENT, LOSS, Processor, close, masked, near};
use crate::gpu::device;
use crate::plan::noise;

/// One step here and there, then compares the gradients, parameters and statistics.
async fn check(what: &str, device: &Device, mut here: Processor, n: usize) -> Result<()> {
    let batch = here.batch(n, 5);
    let mut there = here.clone();
    let mut learner = there.upload(device, n).await.map_err(|error| error.at(what))?;
    let learnt = learner.step(&batch.x, &batch.labels, None, 0.1).await?;
    learner.pull(&mut there.graph, &mut there.optimizer).await?;
    near(what, learnt.loss, here.step(&batch, 0.1)?, LOSS);
    for (id, value) in here.graph.parameters() {
        let name = format!("{what}, {}", value.name);
        // The first momentum is the gradient.
        if value.role != Role::Stat {
            let memory = |p: &Processor| p.optimizer.memory(id).map(|[m, _]| m.clone());
            let (got, want) = (memory(&there), memory(&here));
            let missing = || Error::state(format!("{name} has no momentum"));
            close(&name, &got.ok_or_else(missing)?, &want.ok_or_else(missing)?, GRADIENT);
        }
        close(&name, there.graph.data(id)?, here.graph.data(id)?, GRADIENT);
    }
    masked(what, &there)
}

/// A 1x1 layer, what is to be tried, and a linear layer: gradients come from behind and go on to the front.
pub fn around(
    [c, h, w]: [usize; 3],
    tried: impl FnOnce(&mut Builder, ValueId) -> Result<ValueId>,
) -> Result<Processor> {
    let mut build = Builder::new(&[2, h, w], 3);
    let x = build.input();
    let x = build.conv("front", x, Square { out: c, kernel: 1, stride: 1, pad: 0 }, false)?;
    let x = tried(&mut build, x)?;
    let x = build.node("flatten", op::Flatten, &[x])?;
    let x = build.linear("back", x, 3)?;
    Processor::new(
        build.finish(x),
        0.3,
        Optimizer::new(UpdateRule::Sgd { momentum: 0.9, dampening: 0.2, nesterov: false }, 0.0),
    )
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_gradients_of_convolutions_on_odd_shapes() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut rng = Rng::new(8);
    async {
        for _ in 0..24 {
            let mut any = |choices: &[usize]| choices[rng.below(choices.len())];
            let (n, groups) = (any(&[1, 2, 5]), any(&[1, 1, 2, 3]));
            let (depth, each) = (any(&[1, 2, 5]), any(&[1, 2, 3, 9]));
            let kernel = [any(&[1, 2, 3, 5]), any(&[1, 2, 3, 5])];
            let conv = op::Conv {
                stride: [any(&[1, 2, 3]), any(&[1, 2, 3])],
                pad: [any(&[0, 1, 2]), any(&[0, 1, 2])],
                dilation: [any(&[1, 1, 2]), any(&[1, 1, 2])],
            };
            let size: [usize; 2] = std::array::from_fn(|a| (kernel[a] - 1) * conv.dilation[a] + 1 + any(&[0, 1, 4, 9]));
            let weight = noise(&[groups * each, depth, kernel[0], kernel[1]], 7);
            let processor = around([groups * depth, size[0], size[1]], |build, x| {
                let bias = noise(&[groups * each], 9);
                let w = build.parameter("tried.weight".into(), Role::Weight, weight);
                let b = build.parameter("tried.bias".into(), Role::Bias, bias);
                build.node("tried", conv, &[x, w, b])
            })?;
            let what = format!("{n} x {size:?}, {groups} groups, {depth} to {each}, kernel {kernel:?}, {conv:?}");
            check(&what, &device, processor, n).await?;
        }
        Ok(())
    }
    .await
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_gradients_of_pools_and_activations() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let windows =
        [([2, 2], [2, 2], [0, 0]), ([3, 3], [2, 2], [1, 1]), ([3, 2], [1, 3], [1, 0]), ([1, 4], [2, 1], [0, 2])];
    async {
        for (kernel, stride, pad) in windows {
            let window = Window { kernel, stride, pad };
            let kinds: [op::OpKind; 3] = [
                op::MaxPool { window }.into(),
                op::AvgPool { window, count_pad: false }.into(),
                op::AvgPool { window, count_pad: true }.into(),
            ];
            for (kind, n) in kinds.into_iter().zip([1, 3, 5]) {
                let what = format!("{kind:?}");
                let tried = |build: &mut Builder, x| build.node("tried", kind, &[x]);
                check(&what, &device, around([3, 7, 6], tried)?, n).await?;
            }
            // All that a window sees is zero, and what it came from differs: the first is to get the gradient.
            let tried = |build: &mut Builder, x| {
                let w = build.parameter("zero.weight".into(), Role::Weight, tensor::zeros(&[3, 3, 1, 1]));
                let x = build.node("zero", op::Conv { stride: [1; 2], pad: [0; 2], dilation: [1; 2] }, &[x, w])?;
                build.node("tried", op::MaxPool { window }, &[x])
            };
            check(&format!("ties, {window:?}"), &device, around([3, 7, 6], tried)?, 2).await?;
        }
        let kinds: [op::OpKind; 4] = [op::Relu.into(), op::Relu6.into(), op::GlobalPool.into(), op::Identity.into()];
        for kind in kinds {
            let what = format!("{kind:?}");
            // Four times as large: some are beyond six.
            let tried = |build: &mut Builder, x| {
                let x = build.node("double", op::Add, &[x, x])?;
                let x = build.node("again", op::Add, &[x, x])?;
                build.node("tried", kind, &[x])
            };
            check(&what, &device, around([5, 3, 7], tried)?, 3).await?;
        }
        Ok(())
    }
    .await
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_gradients_of_norms_and_sums() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    async {
        for (n, size) in [(3, [1, 5, 3]), (5, [4, 1, 1]), (2, [3, 20, 19])] {
            let tried = |build: &mut Builder, x| {
                let y = build.batch_norm("tried", x)?;
                build.node("relu", op::Relu, &[y])
            };
            check(&format!("norm of {n} x {size:?}"), &device, around(size, tried)?, n).await?;
        }
        // What is read once, twice by one layer, by several, and behind a change of extents.
        let tried = |build: &mut Builder, x| {
            let square = Square { out: 4, kernel: 3, stride: 1, pad: 1 };
            let a = build.conv("a", x, square, true)?;
            let twice = build.node("twice", op::Add, &[a, a])?;
            let b = build.conv("b", twice, square, true)?;
            let c = build.node("c", op::Add, &[b, x])?;
            let d = build.node("d", op::Add, &[twice, c])?;
            let (d, flat) = (build.node("d.flat", op::Flatten, &[d])?, build.node("x.flat", op::Flatten, &[x])?);
            let d = build.node("e", op::Add, &[d, flat])?;
            build.linear("f", d, 5)
        };
        check("sums", &device, around([4, 5, 3], tried)?, 3).await
    }
    .await
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_gradients_of_linear_layers() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    async {
        for (n, inputs, width, classes) in [(1, 1, 1, 2), (5, 40, 17, 3), (2, 16, 33, 10), (20, 3, 16, 2)] {
            let mut build = Builder::new(&[inputs], 3);
            let x = build.input();
            let x = build.linear("a", x, width)?;
            let x = build.node("relu", op::Relu, &[x])?;
            let x = build.linear("b", x, classes)?;
            let processor = Processor::new(build.finish(x), 0.4, Optimizer::sgd(0.9, 1e-2))?;
            check(&format!("{n} x {inputs} to {width} to {classes}"), &device, processor, n).await?;
        }
        Ok(())
    }
    .await
}
