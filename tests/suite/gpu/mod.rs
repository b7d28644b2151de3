//! The same programs on a GPU, against the plain interpreter. A GPU sums in another order and fuses as it likes: answers agree
//! within [`tolerance`] of the largest.
//!
//! A machine without a GPU skips these and says so, unless `SECATEUR_GPU` is `required`: software ones count.

mod kernels;
mod models;

use secateur::base::{Flat, Result, Tensor, clock, tensor};
use secateur::compile::{Choose, GroupRule, Options};
use secateur::gpu::{Device, Executor, Precision, probe};
use secateur::graph::{Graph, Masks, run};
use secateur::zoo::{self, Model};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::plan::{cut, settled};

/// Networks of the zoo that a GPU has kernels for; see [`gpu_refuses_tokens`] for the others. A browser's GPU in software takes
/// longer over a step of the largest two than a GPU may, and the others have all their kernels.
pub fn models() -> impl Iterator<Item = &'static Model> {
    let left_out: &[&str] = if cfg!(target_arch = "wasm32") {
        &["vit-small", "char-small", "resnet14", "vgg-small"]
    } else {
        &["vit-small", "char-small"]
    };
    zoo::ALL.iter().filter(move |model| !left_out.contains(&model.id))
}

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
    assert!(device.half() || !device.name().contains("llvmpipe"), "half precision was not asked for");
    let both = [Precision::Single, Precision::Half];
    both[..1 + usize::from(device.half())].to_vec()
}

/// Whether a GPU must be there. A browser has no environment: there, that of the compiler counts.
fn required() -> bool {
    let here = std::env::var("SECATEUR_GPU").ok();
    here.as_deref().or(option_env!("SECATEUR_GPU")) == Some("required")
}

/// Opens the GPU, or says that there is none.
pub(crate) async fn device() -> Option<Device> {
    match Device::open().await {
        Ok(device) => Some(device),
        Err(error) if required() => panic!("{error}"),
        Err(error) => {
            println!("skipped: no adapter ({error})");
            None
        }
    }
}

/// Runs a network on the GPU and compares it with the interpreter; gives the kernels that ran.
async fn check(device: &Device, case: &Case<'_>) -> Result<Vec<String>> {
    let &Case { ref what, graph, masks, rules, x, choose, precision } = case;
    let mut masked = graph.clone();
    masks.apply(&mut masked)?;
    let want = run::run(&masked, x)?;
    let options = Options { batch: x.shape()[0], rules, choose, ..Options::default() };
    let got = async {
        let executor = Executor::new(device.clone(), (graph, masks), &options, precision).await?;
        // Twice: buffers are reused, and what a run leaves behind must not show in the next.
        executor.run(&vec![1e3; x.len()]).await?;
        let kernels = executor.layers().iter().map(|layer| layer.why.candidates[0].kernel.clone()).collect();
        Ok((executor.run(x.flat()).await?, kernels))
    }
    .await;
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

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_kernels_are_chosen_by_measurement() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let options = Options { batch: 4, ..Options::default() };
    let executor = Executor::new(device, (&graph, &cut(&graph, 0.9)), &options, Precision::Single).await?;
    for layer in executor.layers() {
        assert!(layer.why.measured && layer.why.candidates.len() > 1, "{}", layer.name);
        assert!(layer.why.candidates.windows(2).all(|w| w[0].us <= w[1].us), "{:?}", layer.why);
    }
    Ok(())
}

/// A GPU's own clock counts less than one that also sees launch and readback.
#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_tells_what_its_kernels_take() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let mut took = Vec::new();
    for batch in [1, 16] {
        let options = Options { batch, choose: Choose::Predict, ..Options::default() };
        let network = (&graph, &Masks::default());
        let executor = Executor::new(device.clone(), network, &options, Precision::Single).await?;
        executor.run(&vec![1.0; batch * 784]).await?;
        let start = clock::now_ms();
        let ms = executor.arithmetic().await?;
        let wall = clock::now_ms() - start;
        assert!(ms.is_none_or(|ms| ms > 0.0 && ms < wall), "{ms:?} ms of {wall} ms");
        took.push(ms);
    }
    // The software GPU of the tests has a clock: there, nothing measured is a mistake.
    assert!(took.iter().all(Option::is_some) || !device.name().contains("llvmpipe"), "{took:?} ms");
    Ok(())
}

/// What a GPU can do at best, next to what a convolution does.
#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_has_limits() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let limits = probe(&device, Precision::Single).await?;
    let all = [limits.copy_gbs, limits.gflops, limits.dispatch_us, limits.readback_us];
    assert!(all.iter().all(|x| x.is_finite()) && limits.readback_us > 0.0, "{limits:?}");
    // Slower than any processor, and faster than any GPU: neither is to be believed.
    assert!((0.1..1e5).contains(&limits.copy_gbs) && (0.1..1e7).contains(&limits.gflops), "{limits:?}");
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_memory_has_a_limit_that_is_told() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let refused = device.room(1 << 29).map(drop);
    assert!(refused.is_err_and(|error| error.hint.contains("smaller batch")), "2 GiB were given");
    device.room(1 << 10)?;
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_that_fails_says_so() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let graph = settled("lenet-5")?;
    let options = Options { choose: Choose::Predict, ..Options::default() };
    let network = (&graph, &Masks::default());
    device.kernel("wrong", "fn main() { let x: u32 = 1.5; }".into());
    let wrong = device.settled().await;
    assert!(wrong.is_err_and(|error| error.message.contains("wrong")), "a kernel that is not WGSL was taken");
    let executor = Executor::new(device.clone(), network, &options, Precision::Single).await?;
    let x = tensor::zeros(&[1, 1, 28, 28]);
    executor.run(x.flat()).await?;
    assert!(executor.run(&[1.0]).await.is_err(), "a batch of one number was taken");
    device.destroy();
    let lost = executor.run(x.flat()).await.map(drop);
    assert!(lost.is_err_and(|error| error.hint.contains("processor")), "a GPU that is gone answered");
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_refuses_tokens() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let (graph, masks) = (settled("vit-small")?, Masks::default());
    let error = Executor::new(device, (&graph, &masks), &Options::default(), Precision::Single).await.err();
    let error = error.expect("no kernel takes tokens");
    assert!(error.message.contains("Tokens") && error.hint.contains("processor"), "{error}");
    Ok(())
}
