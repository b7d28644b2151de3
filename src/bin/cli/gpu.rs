//! `secateur gpu`: networks on this machine's GPU and on one thread of its processor, side by side.

use clap::Args;
use secateur::base::stats::{median, ratio};
use secateur::base::{Error, Flat, Result, Rng, clock, tensor};
use secateur::compile::{Options as Compile, compile};
use secateur::gpu::{Device, Executor, Precision};
use secateur::io::safetensors;
use secateur::prune::Settings;
use secateur::session::survey::by_magnitude;
use secateur::zoo;
use serde::Serialize;

use super::files;
use super::roofline::{self, Wanted};
use super::say;

/// Options of `gpu`.
#[derive(Args)]
pub struct Options {
    /// Networks to run; all of them unless named.
    models: Vec<String>,
    /// Share of single weights that is cut.
    #[arg(long, default_value_t = 0.9)]
    sparsity: f32,
    /// Examples of a run: 1, 8 and 64 unless said, and 64 for the roofline.
    #[arg(long, value_delimiter = ',')]
    batch: Vec<usize>,
    /// Calculate in half precision on the GPU.
    #[arg(long)]
    half: bool,
    /// Measure what this GPU can do at best, and the convolutions of ResNet-18 against that.
    #[arg(long)]
    roofline: bool,
    /// Rows and columns of the images that the roofline's convolutions begin from.
    #[arg(long, default_value_t = 224)]
    side: usize,
    /// Print all figures as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// What the GPU calculates in.
    fn precision(&self) -> Precision {
        if self.half { Precision::Half } else { Precision::Single }
    }
}

/// A network at a batch size.
#[derive(Serialize)]
struct Row {
    model: &'static str,
    sparsity: f32,
    batch: usize,
    gpu: String,
    half: bool,
    dispatches: usize,
    /// The first run: what a visitor waits for once.
    cold_ms: f64,
    gpu_ms: f64,
    /// Of that, what the kernels take by the GPU's own clock, where it has one.
    arithmetic_ms: Option<f64>,
    processor_ms: f64,
    /// Time of the processor over that of the GPU, and the ends of its interval.
    ratio: f64,
    low: f64,
    high: f64,
}

/// Interleaved samples of each side; each lasts at least so long, in milliseconds.
const SAMPLES: usize = 15;
const LEAST_MS: f64 = 5.0;

/// Measures and prints.
pub fn run(options: &Options) -> Result<()> {
    let device = pollster::block_on(Device::open())?;
    if options.roofline {
        let (batch, precision) = (options.batch.as_slice(), options.precision());
        return roofline::run(&device, &Wanted { batch, precision, side: options.side, json: options.json });
    }
    let batches = if options.batch.is_empty() { &[1, 8, 64][..] } else { &options.batch };
    let mut rows = Vec::new();
    for id in zoo::ALL.iter().map(|model| model.id) {
        if !options.models.is_empty() && !options.models.iter().any(|name| name == id) {
            continue;
        }
        for &batch in batches {
            let row = measure(&device, id, options, batch)?;
            if !options.json {
                say::line(words(&row))?;
            }
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(Error::setting("model", "no such network").hint("`secateur catalog` lists them"));
    }
    if options.json {
        say::json(&rows)?;
    }
    Ok(())
}

fn words(row: &Row) -> String {
    let Row { model, batch, dispatches, gpu_ms, processor_ms, ratio, low, high, cold_ms, gpu, .. } = row;
    let arithmetic = row.arithmetic_ms.map_or_else(String::new, |ms| format!(", {ms:.3} ms of arithmetic"));
    let verdict = match () {
        () if *low <= 1.0 && *high >= 1.0 => "no difference".to_string(),
        () if *ratio > 1.0 => format!("{gpu} is {ratio:.2}x faster ({low:.2}-{high:.2})"),
        () => format!("{gpu} is {:.2}x slower ({:.2}-{:.2})", 1.0 / ratio, 1.0 / high, 1.0 / low),
    };
    format!(
        "{model}, batch {batch}: {gpu_ms:.3} ms in {dispatches} dispatches{arithmetic} ({cold_ms:.1} ms at first), \
         {processor_ms:.3} ms on one thread: {verdict}"
    )
}

fn measure(device: &Device, id: &str, options: &Options, batch: usize) -> Result<Row> {
    let (model, sparsity) = (zoo::find(id)?, options.sparsity);
    let mut graph = model.build(1)?;
    let file = files::assets().join("models").join(format!("{id}.safetensors"));
    safetensors::read(&mut graph, &files::read(&file)?)?;
    let pairs = [("sparsity", sparsity.to_string()), ("recovery", "none".into()), ("allocation", "layer".into())];
    let settings: Settings = pairs.into_iter().map(|(key, value)| (key.into(), value)).collect();
    let (graph, masks, _) = by_magnitude(graph, &settings)?;
    let how = Compile { batch, ..Compile::default() };
    let mut plan = compile(&graph, &masks, &how)?;
    let executor = pollster::block_on(Executor::new(device.clone(), (&graph, &masks), &how, options.precision()))?;
    let shape: Vec<usize> = std::iter::once(batch).chain(model.input.iter().copied()).collect();
    let (mut x, mut rng) = (tensor::zeros(&shape), Rng::new(1));
    x.iter_mut().for_each(|x| *x = rng.normal());
    let start = clock::now_ms();
    pollster::block_on(executor.run(x.flat()))?;
    let cold_ms = clock::now_ms() - start;
    let mut on_gpu = |times: usize| -> Result<f64> {
        let start = clock::now_ms();
        for _ in 0..times {
            pollster::block_on(executor.run(x.flat()))?;
        }
        Ok(clock::now_ms() - start)
    };
    let mut on_processor = |times: usize| -> Result<f64> {
        let start = clock::now_ms();
        for _ in 0..times {
            plan.run(x.flat())?;
        }
        Ok(clock::now_ms() - start)
    };
    let times = [enough(&mut on_gpu)?, enough(&mut on_processor)?];
    let (mut gpu, mut processor, mut arithmetic) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        gpu.push(on_gpu(times[0])? / times[0] as f64);
        processor.push(on_processor(times[1])? / times[1] as f64);
        arithmetic.extend(pollster::block_on(executor.arithmetic())?);
    }
    let (ratio, interval) = ratio(&processor, &gpu, 1);
    Ok(Row {
        model: model.id,
        sparsity,
        batch,
        gpu: device.name().into(),
        half: options.half,
        dispatches: executor.dispatches(),
        cold_ms,
        gpu_ms: median(&gpu),
        arithmetic_ms: (!arithmetic.is_empty()).then(|| median(&arithmetic)),
        processor_ms: median(&processor),
        ratio,
        low: interval.low,
        high: interval.high,
    })
}

/// Warms a side up; gives how many runs fill a sample.
fn enough(side: &mut impl FnMut(usize) -> Result<f64>) -> Result<usize> {
    let mut times = 1;
    while side(times)? < LEAST_MS {
        times *= 2;
    }
    Ok(times)
}
