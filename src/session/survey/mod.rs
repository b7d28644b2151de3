//! Where sparsity pays on this device: single layers, cut more and more, each against the fastest dense kernel for it.
//!
//! Layers are timed alone, in the layout that a network hands them, so a ratio is what the layer's kernel gains and not what
//! a whole network gains. Dense and sparse take turns; a ratio comes with its bootstrap interval. Where there is a GPU, the same
//! layers are timed on it too, against its own dense kernels.

mod on_gpu;
mod rig;
pub mod table;

use crate::base::stats::{midmean, ratio};
use crate::base::{Result, clock};
use crate::compile::GroupRule;
use crate::compile::choose::dense as dense_kernel;
use crate::compile::forms::Form;
use crate::gpu::Device;
use crate::graph::{Builder, Graph, Masks, build::Square};
use crate::prune::event::cut;
use crate::prune::probe::Evidence;
use crate::prune::told::Stage;
use crate::prune::{Recipe, Settings};

use super::event::Event;
use super::record::Environment;
use on_gpu::OnGpu;
use rig::Rig;
use table::{Row, Table};

/// A layer that is surveyed.
#[derive(Clone, Copy, Debug)]
struct Layer {
    id: &'static str,
    name: &'static str,
    channels: usize,
    outputs: usize,
    kernel: usize,
    side: usize,
}

const fn layer(id: &'static str, name: &'static str, channels: usize, outputs: usize, place: [usize; 2]) -> Layer {
    Layer { id, name, channels, outputs, kernel: place[0], side: place[1] }
}

/// Shapes of the zoo and of networks that browsers run; the last is a linear layer for one example.
const LAYERS: [Layer; 6] = [
    layer("conv3-64-14", "3x3 convolution, 64 channels, 14 x 14", 64, 64, [3, 14]),
    layer("conv3-32-28", "3x3 convolution, 32 channels, 28 x 28", 32, 32, [3, 28]),
    layer("conv3-96-7", "3x3 convolution, 96 channels, 7 x 7", 96, 96, [3, 7]),
    layer("conv1-128-14", "1x1 convolution, 128 channels, 14 x 14", 128, 128, [1, 14]),
    layer("conv1-256-7", "1x1 convolution, 256 channels, 7 x 7", 256, 256, [1, 7]),
    layer("linear-784-300", "Linear layer, 784 to 300, one example", 784, 300, [0, 1]),
];

/// A way to cut: its name for people and its settings; without any, outputs leave for real.
const SERIES: [(&str, &str); 4] = [
    ("single weights", "pattern=element"),
    ("blocks 4x1", "pattern=block pattern.rows=4 pattern.columns=1"),
    ("2:4", "pattern=n:m"),
    ("whole channels", ""),
];

/// What the last stage does, where there is a GPU.
const ON_GPU: &str = "The same layers on the GPU";

const SPARSITIES: [f64; 7] = [0.2, 0.35, 0.5, 0.7, 0.8, 0.9, 0.95];

/// A survey under way.
#[derive(Debug)]
pub struct Survey {
    points: Vec<(Layer, usize, f64)>,
    at: usize,
    rows: Vec<Row>,
    started: f64,
    step: f64,
    /// The layer at hand and its fastest dense form.
    rig: Option<(Rig, Form)>,
    gpu: Option<OnGpu>,
}

impl Survey {
    /// All points, none measured yet; `step` is the clock's, in milliseconds.
    pub fn new(step: f64, device: Option<Device>) -> Self {
        let mut points = Vec::new();
        for layer in LAYERS {
            for series in 0..SERIES.len() {
                // Two of four is half, whatever is asked for, and has no form for a vector.
                let shares: &[f64] = match SERIES[series].0 {
                    "2:4" if layer.kernel == 0 => &[],
                    "2:4" => &[0.5],
                    _ => &SPARSITIES,
                };
                points.extend(shares.iter().map(|&share| (layer, series, share)));
            }
        }
        let gpu = device.map(OnGpu::new);
        Self { points, at: 0, rows: Vec::new(), started: clock::now_ms(), step, rig: None, gpu }
    }

    /// Measures one point; true when all are.
    ///
    /// # Errors
    /// When a layer does not fit together, which it does.
    pub async fn slice(&mut self, events: &mut Vec<Event>) -> Result<bool> {
        let Some(&(layer, series, sparsity)) = self.points.get(self.at) else { return self.on_gpu(events).await };
        let of = |id: &str| self.points.iter().filter(|(l, ..)| l.id == id).count();
        if self.at == 0 {
            let stage = |l: &Layer| Stage::new("measure", l.name, of(l.id));
            let last = Stage::new("gpu", ON_GPU, on_gpu::points());
            let phases = LAYERS.iter().map(stage).chain(self.gpu.is_some().then_some(last));
            events.push(Event::Timeline { phases: phases.collect() });
        }
        let phase = LAYERS.iter().position(|l| l.id == layer.id).unwrap_or(0);
        let before = self.points.iter().position(|(l, ..)| l.id == layer.id).unwrap_or(0);
        if self.at == before {
            let mut rig = Rig::new(layer);
            let dense = rig.fastest(rig.forms(&network(layer)?, &[], layer.outputs)?)?;
            self.rig = Some((rig, dense));
            events.push(Event::Phase { index: phase, label: layer.name.into(), kind: "measure".into() });
        }
        if let Some((rig, dense)) = &mut self.rig {
            let row = measure(rig, dense, layer, (series, sparsity), self.step)?;
            self.rows.push(row.clone());
            events.push(Event::Measured { row });
        }
        self.at += 1;
        events.push(Event::Progress { phase, done: self.at - before, total: of(layer.id) });
        Ok(self.at == self.points.len() && self.gpu.is_none())
    }

    /// One point on the GPU. A GPU that fails ends the survey early, with a note.
    async fn on_gpu(&mut self, events: &mut Vec<Event>) -> Result<bool> {
        let Some(gpu) = &mut self.gpu else { return Ok(true) };
        let phase = LAYERS.len();
        if gpu.done() == 0 {
            events.push(Event::Phase { index: phase, label: ON_GPU.into(), kind: "gpu".into() });
        }
        match gpu.next(&self.rows, self.step).await {
            Ok(row) => {
                self.rows.extend(row.clone());
                events.extend(row.map(|row| Event::Measured { row }));
            }
            Err(error) => {
                let message = format!("The GPU was left out: {}.", error.message);
                events.push(Event::Note { level: "warn", message });
                return Ok(true);
            }
        }
        events.push(Event::Progress { phase, done: gpu.done(), total: on_gpu::points() });
        Ok(gpu.done() == on_gpu::points())
    }

    /// What was measured, and where.
    pub fn table(self, here: &Environment) -> Table {
        Table {
            peak_gflops: rig::gflops(self.step),
            rows: self.rows,
            timer_step_us: self.step * 1e3,
            threads: here.threads,
            relaxed_simd: here.relaxed_simd,
            gpu: here.gpu.clone().filter(|_| self.gpu.is_some()),
            simd: here.target.clone(),
            isolated: here.isolated,
            seconds: (clock::now_ms() - self.started) / 1e3,
        }
    }
}

fn measure(rig: &mut Rig, dense: &Form, layer: Layer, (series, sparsity): (usize, f64), step: f64) -> Result<Row> {
    let (_, recipe) = SERIES[series];
    let left = if recipe.is_empty() {
        let outputs = layer.outputs - (sparsity * layer.outputs as f64).round() as usize;
        rig.forms(&network(layer)?, &[], outputs)?
    } else {
        let (graph, rules) = pruned(layer, recipe, sparsity)?;
        let all = rig.forms(&graph, &rules, layer.outputs)?;
        all.into_iter().filter(|form| !dense_kernel(form.name)).collect()
    };
    let sparse = rig.fastest(left)?;
    let times = rig.race([dense, &sparse], step);
    Ok(Row::new("cpu", layer, (series, sparsity), &times, step / rig::length(step), sparse.name.into()))
}

impl Row {
    /// A point from samples of both sides, dense and cut, in ms; `unseen` is the share of a sample that the clock rounds away.
    fn new(
        executor: &'static str,
        layer: Layer,
        (series, sparsity): (usize, f64),
        [dense, cut]: &[Vec<f64>; 2],
        unseen: f64,
        kernel: String,
    ) -> Self {
        let (ratio, interval) = ratio(dense, cut, 1);
        let interval = interval.widened(unseen);
        Self {
            executor,
            layer: layer.id,
            layer_name: layer.name,
            series: SERIES[series].0,
            sparsity,
            us: 1e3 * midmean(cut),
            dense_us: 1e3 * midmean(dense),
            ratio,
            low: interval.low,
            high: interval.high,
            kernel,
            pixels: layer.side * layer.side,
            weights: layer.channels * layer.outputs * layer.kernel.max(1).pow(2),
        }
    }
}

/// The layer as a network of its own, its weights drawn.
fn network(layer: Layer) -> Result<Graph> {
    narrower(layer, layer.outputs)
}

/// The layer with fewer outputs.
fn narrower(layer: Layer, outputs: usize) -> Result<Graph> {
    let mut build;
    let out = if layer.kernel == 0 {
        build = Builder::new(&[layer.channels], 1);
        build.linear("layer", build.input(), outputs)?
    } else {
        build = Builder::new(&[layer.channels, layer.side, layer.side], 1);
        let square = Square { out: outputs, kernel: layer.kernel, stride: 1, pad: layer.kernel / 2 };
        build.conv("layer", build.input(), square, true)?
    };
    Ok(build.finish(out))
}

/// The layer cut by magnitude.
fn pruned(layer: Layer, recipe: &str, sparsity: f64) -> Result<(Graph, Vec<GroupRule>)> {
    let mut settings = Settings::new();
    let rest = format!("{recipe} allocation=layer recovery=none sparsity={sparsity}");
    for (key, value) in rest.split(' ').filter_map(|pair| pair.split_once('=')) {
        settings.insert(key.into(), value.into());
    }
    by_magnitude(network(layer)?, &settings).map(|(graph, _, rules)| (graph, rules))
}

/// A network cut in one go as settings say, its masks, and the rules that its zeros follow.
///
/// # Errors
/// When the settings are wrong.
pub fn by_magnitude(mut graph: Graph, settings: &Settings) -> Result<(Graph, Masks, Vec<GroupRule>)> {
    let recipe = Recipe::read(settings)?;
    let masks = cut(&graph, &recipe, Evidence::default(), &Masks::default(), recipe.sparsity)?;
    masks.apply(&mut graph)?;
    let groups = recipe.choice.pattern.part.groups(&recipe.choice.pattern.args);
    let rules = graph.layers().filter_map(|(_, weight)| groups.map(|(n, m)| GroupRule { weight, n, m }));
    let rules = rules.collect();
    Ok((graph, masks, rules))
}
