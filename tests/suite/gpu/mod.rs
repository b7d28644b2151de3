//! The same programs on a GPU, against the plain interpreter. A GPU sums in another order and fuses as it likes: answers agree
//! within [`tolerance`] of the largest.
//!
//! A machine without a GPU skips these and says so, unless `SECATEUR_GPU` is `required`: software ones count.

mod kernels;
mod models;

use secateur::base::{Flat, Result, Tensor, clock, tensor};
use secateur::compile::{Choose, GroupRule, Options, program};
use secateur::gpu::{Device, Executor, Precision, probe};
use secateur::graph::{Graph, Masks, run};

use crate::plan::{cut, settled};

/// How far an answer may be off, as a share of the largest. Half precision has three digits, and layers follow one another.
fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::Single => 1e-4,
        Precision::Half => 2e-2,
    }
}

/// A network as it runs on the GPU.
struct Case<'a> {
    what: String,
    graph: &'a Graph,
    masks: &'a Masks,
    rules: &'a [GroupRule],
    x: &'a Tensor,
    choose: Choose,
    precision: Precision,
}

/// The precisions that a GPU has.
fn precisions(device: &Device) -> Vec<Precision> {
    // The software GPU of the tests has halves: there, losing them is a mistake.
    assert!(device.half() || !device.name.contains("llvmpipe"), "half precision was not asked for");
    let both = [Precision::Single, Precision::Half];
    both[..1 + usize::from(device.half())].to_vec()
}

/// Opens the GPU, or says that there is none.
fn device() -> Option<Device> {
    match pollster::block_on(Device::open()) {
        Ok(device) => Some(device),
        Err(error) if std::env::var("SECATEUR_GPU").is_ok_and(|v| v == "required") => panic!("{error}"),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// Runs a network on the GPU and compares it with the interpreter; gives the kernels that ran.
fn check(device: &Device, case: &Case) -> Result<Vec<String>> {
    let &Case { ref what, graph, masks, rules, x, choose, precision } = case;
    let mut masked = graph.clone();
    masks.apply(&mut masked)?;
    let want = run::run(&masked, x)?;
    let options = Options { batch: x.shape()[0], rules, choose, ..Options::default() };
    let program = program(graph, masks, &options)?;
    let got = pollster::block_on(async {
        let executor = Executor::new(device.clone(), program, choose, precision).await?;
        // Twice: buffers are reused, and what a run leaves behind must not show in the next.
        executor.run(&vec![1e3; x.len()]).await?;
        let kernels = executor.layers().iter().map(|layer| layer.why.candidates[0].kernel.clone()).collect();
        Ok((executor.run(x.flat()).await?, kernels))
    });
    let (got, kernels): (Vec<f32>, Vec<String>) = got.map_err(|error: secateur::base::Error| error.at(what))?;
    assert_eq!(got.len(), want.len(), "{what}");
    let top = want.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
    for (i, (g, w)) in got.iter().zip(want.flat()).enumerate() {
        assert!(
            (g - w).abs() <= tolerance(precision) * top,
            "{what}, {precision:?}: number {i} is {g}, not {w} (largest {top})"
        );
    }
    Ok(kernels)
}

#[test]
fn gpu_kernels_are_chosen_by_measurement() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let program = program(&graph, &cut(&graph, 0.9), &Options { batch: 4, ..Options::default() })?;
    let executor = pollster::block_on(Executor::new(device, program, Choose::Measure, Precision::Single))?;
    for layer in executor.layers() {
        assert!(layer.why.measured && layer.why.candidates.len() > 1, "{}", layer.name);
        assert!(layer.why.candidates.windows(2).all(|w| w[0].us <= w[1].us), "{:?}", layer.why);
    }
    Ok(())
}

/// A GPU's own clock counts less than one that also sees launch and readback, and more for more work.
#[test]
fn gpu_tells_what_its_kernels_take() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let mut took = Vec::new();
    for batch in [1, 16] {
        let program = program(&graph, &Masks::default(), &Options { batch, ..Options::default() })?;
        let executor = pollster::block_on(Executor::new(device.clone(), program, Choose::Predict, Precision::Single))?;
        pollster::block_on(executor.run(&vec![1.0; batch * 784]))?;
        let start = clock::now_ms();
        let ms = pollster::block_on(executor.arithmetic())?;
        let wall = clock::now_ms() - start;
        assert!(ms.is_none_or(|ms| ms > 0.0 && ms < wall), "{ms:?} ms of {wall} ms");
        took.push(ms);
    }
    // The software GPU of the tests has a clock: there, nothing measured is a mistake.
    assert!(took[1] > took[0] || took == [None; 2] && !device.name.contains("llvmpipe"), "{took:?} ms");
    Ok(())
}

/// What a GPU can do at best, next to what a convolution does.
#[test]
fn gpu_has_limits() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let limits = pollster::block_on(probe(&device, Precision::Single))?;
    let all = [limits.copy_gbs, limits.gflops, limits.dispatch_us, limits.readback_us];
    assert!(all.iter().all(|x| x.is_finite()) && limits.readback_us > limits.dispatch_us, "{limits:?}");
    // Slower than any processor, and faster than any GPU: neither is to be believed.
    assert!((0.1..1e5).contains(&limits.copy_gbs) && (0.1..1e7).contains(&limits.gflops), "{limits:?}");
    Ok(())
}

#[test]
fn a_gpu_that_fails_says_so() -> Result<()> {
    let Some(device) = device() else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let program = program(&graph, &Masks::default(), &Options { batch: 1, ..Options::default() })?;
    let wrong = pollster::block_on(device.kernel("wrong", "fn main() { let x: u32 = 1.5; }")).map(drop);
    assert!(wrong.is_err_and(|error| error.message.contains("wrong")), "a kernel that is not WGSL was taken");
    let executor = pollster::block_on(Executor::new(device.clone(), program, Choose::Predict, Precision::Single))?;
    let x = tensor::zeros(&[1, 1, 28, 28]);
    pollster::block_on(executor.run(x.flat()))?;
    assert!(pollster::block_on(executor.run(&[1.0])).is_err(), "a batch of one number was taken");
    device.destroy();
    let lost = pollster::block_on(executor.run(x.flat())).map(drop);
    assert!(lost.is_err_and(|error| error.hint.contains("processor")), "a GPU that is gone answered");
    Ok(())
}
