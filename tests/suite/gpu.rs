//! The same programs on a GPU, against the plain interpreter. A GPU sums in another order and fuses as it likes: answers agree
//! within `TOLERANCE` of the largest.
//!
//! A machine without a GPU skips these and says so, unless `SECATEUR_GPU` is `required`: software ones count.

use secateur::base::{Flat, Result, Rng, Tensor, tensor};
use secateur::compile::{Choose, Options, program};
use secateur::gpu::{Device, Executor};
use secateur::graph::build::Square;
use secateur::graph::{Builder, Graph, Masks, op, run};
use secateur::prune::Settings;
use secateur::session::survey::by_magnitude;
use secateur::zoo;

use crate::plan::{cut, noise, settled};

const TOLERANCE: f32 = 1e-4;

/// Opens the GPU, or says that there is none.
pub(crate) fn device() -> Option<Device> {
    match pollster::block_on(Device::open()) {
        Ok(device) => Some(device),
        Err(error) if std::env::var("SECATEUR_GPU").is_ok_and(|v| v == "required") => panic!("{error}"),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// Runs a graph on the GPU and compares it with the interpreter; gives the kernels that ran.
fn check(what: &str, device: &Device, graph: &Graph, masks: &Masks, x: &Tensor, how: Choose) -> Result<Vec<String>> {
    let mut masked = graph.clone();
    masks.apply(&mut masked)?;
    let want = run::run(&masked, x)?;
    let options = Options { batch: x.shape()[0], choose: how, ..Options::default() };
    let program = program(graph, masks, &options)?;
    let got = pollster::block_on(async {
        let executor = Executor::new(device.clone(), program, how).await?;
        // Twice: buffers are reused, and what a run leaves behind must not show in the next.
        executor.run(&vec![1e3; x.len()]).await?;
        let kernels = executor.layers().iter().map(|layer| layer.why.candidates[0].kernel.clone()).collect();
        Ok((executor.run(x.flat()).await?, kernels))
    });
    let (got, kernels): (Vec<f32>, Vec<String>) = got.map_err(|error: secateur::base::Error| error.at(what))?;
    assert_eq!(got.len(), want.len(), "{what}");
    let top = want.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
    for (i, (g, w)) in got.iter().zip(want.flat()).enumerate() {
        assert!((g - w).abs() <= TOLERANCE * top, "{what}: number {i} is {g}, not {w} (largest {top})");
    }
    Ok(kernels)
}

#[test]
fn gpu_runs_every_model_dense_and_sparse() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    for model in zoo::ALL {
        let graph = settled(model.id)?;
        for (batch, share) in [(1, 0.0), (1, 0.9), (3, 0.9)] {
            let masks = if share > 0.0 { cut(&graph, share) } else { Masks::default() };
            let what = format!("{}, batch {batch}, sparsity {share}", model.id);
            check(&what, &device, &graph, &masks, &noise(&[batch, 1, 28, 28], 6), Choose::Predict)?;
        }
    }
    Ok(())
}

#[test]
fn gpu_runs_every_pattern() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    for pattern in ["pattern=block pattern.rows=4", "pattern=n:m", "pattern=row", "pattern=channel"] {
        for id in ["resnet8", "mobilenet-small"] {
            let text = format!("{pattern} allocation=layer recovery=none sparsity=0.5");
            let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
            let settings: Settings = pairs.map(|(key, value)| (key.into(), value.into())).collect();
            let (graph, masks, _) = by_magnitude(settled(id)?, &settings)?;
            check(&format!("{id} {pattern}"), &device, &graph, &masks, &noise(&[2, 1, 28, 28], 6), Choose::Predict)?;
        }
    }
    Ok(())
}

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

#[test]
fn gpu_kernels_equal_the_interpreter_on_odd_shapes() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let mut rng = Rng::new(8);
    for name in ROWS {
        let mut ran = 0;
        for _ in 0..8 {
            let (graph, x) = layer(&mut rng)?;
            let masks = cut(&graph, [0.3, 0.9, 1.0][rng.below(3)]);
            let what = format!("{name}, {:?}", graph.values.iter().map(|v| v.shape.clone()).collect::<Vec<_>>());
            let kernels = check(&what, &device, &graph, &masks, &x, Choose::Named(name))?;
            ran += kernels.iter().filter(|kernel| *kernel == name).count();
        }
        // Layers without a zero have no sparse forms.
        assert!(ran >= 8, "{name} ran {ran} times of 16");
    }
    Ok(())
}

#[test]
fn gpu_kernels_are_chosen_by_measurement() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let program = program(&graph, &cut(&graph, 0.9), &Options { batch: 4, ..Options::default() })?;
    let executor = pollster::block_on(Executor::new(device, program, Choose::Measure))?;
    for layer in executor.layers() {
        assert!(layer.why.measured && layer.why.candidates.len() > 1, "{}", layer.name);
        assert!(layer.why.candidates.windows(2).all(|w| w[0].us <= w[1].us), "{:?}", layer.why);
    }
    Ok(())
}

#[test]
fn a_gpu_that_fails_says_so() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let program = program(&graph, &Masks::default(), &Options { batch: 1, ..Options::default() })?;
    let wrong = pollster::block_on(device.kernel("wrong", "fn main() { let x: u32 = 1.5; }")).map(drop);
    assert!(wrong.is_err_and(|error| error.message.contains("wrong")), "a kernel that is not WGSL was taken");
    let executor = pollster::block_on(Executor::new(device.clone(), program, Choose::Predict))?;
    let x = tensor::zeros(&[1, 1, 28, 28]);
    pollster::block_on(executor.run(x.flat()))?;
    assert!(pollster::block_on(executor.run(&[1.0])).is_err(), "a batch of one number was taken");
    device.destroy();
    let lost = pollster::block_on(executor.run(x.flat())).map(drop);
    assert!(lost.is_err_and(|error| error.hint.contains("processor")), "a GPU that is gone answered");
    Ok(())
}
