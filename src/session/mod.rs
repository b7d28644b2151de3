//! Floor 5: a piece of work advanced in slices, so that a page, a command line and a test can drive it alike.

pub mod event;
mod job;
mod measure;
mod plan;
mod preview;
pub mod record;
mod report;
pub mod verdict;

use std::collections::{BTreeMap, btree_map::Entry};

use serde::Serialize;

use crate::base::{Error, Flat, Result, clock};
use crate::compile::{Choose, Plan, compile};
use crate::data::{self, Dataset};
use crate::graph::{Graph, Masks, count};
use crate::io::safetensors;
use crate::prune::recipe::{AXES, parts};
use crate::prune::{Recipe, Settings};
use crate::train::eval::Tally;
use crate::zoo;

use event::Event;
use job::Job;
use record::{Environment, Stage};

pub use plan::stages;
pub use preview::Preview;

/// What a network is: layers and links, for the picture.
#[derive(Debug, Serialize)]
pub struct ModelInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Trained numbers.
    pub parameters: usize,
    /// Multiply-adds of one example.
    pub macs: u64,
    /// Shape of an example.
    pub input: Vec<usize>,
    /// Layers with weights, in order.
    pub layers: Vec<LayerInfo>,
    /// Residual links, by layer names.
    pub links: Vec<(String, String)>,
}

/// One layer with weights.
#[derive(Debug, Serialize)]
pub struct LayerInfo {
    /// Name.
    pub name: String,
    /// `conv`, `depthwise` or `linear`.
    pub kind: &'static str,
    /// Shape of the weight.
    pub shape: Vec<usize>,
    /// Shape of the output, without the batch.
    pub out: Vec<usize>,
    /// Weights.
    pub parameters: usize,
    /// Multiply-adds of one example.
    pub macs: u64,
    /// Whether it can be pruned.
    pub prunable: bool,
}

/// What a check of settings says.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Whether a run can start.
    pub ok: bool,
    /// What is wrong.
    pub errors: Vec<Error>,
    /// Parts that do not go with the rest, with reasons, by axis.
    pub disabled: BTreeMap<String, BTreeMap<String, String>>,
    /// The settings, completed.
    pub settings: Settings,
    /// What a run would do.
    pub timeline: Vec<Stage>,
    /// What is worth knowing beforehand.
    pub warnings: Vec<String>,
}

/// A layer's weight before and after a run, row-major.
#[derive(Debug)]
pub struct LayerView {
    /// Its shape, [out, in, ...].
    pub shape: Vec<usize>,
    /// The weights as they were.
    pub before: Vec<f32>,
    /// The weights as they are now.
    pub after: Vec<f32>,
    /// 1 for kept, 0 for cut.
    pub mask: Vec<u8>,
}

/// What a finished run leaves behind.
#[derive(Debug)]
pub struct Outcome {
    /// The network, masked but not sliced.
    pub masked: Graph,
    /// Its masks.
    pub masks: Masks,
    /// The network as it is stored: channels removed.
    pub network: Graph,
}

/// The network as it was, measured once.
#[derive(Debug)]
pub(crate) struct Baseline {
    tally: Tally,
    plans: BTreeMap<usize, Plan>,
}

/// A model, its data, and at most one job.
#[derive(Debug, Default)]
pub struct Session {
    model: Option<(&'static zoo::Model, Graph)>,
    test: Option<Dataset>,
    train: Option<Dataset>,
    baseline: Option<Baseline>,
    job: Option<Job>,
    outcome: Option<Outcome>,
    /// Where this runs; the face fills in what it knows.
    pub environment: Environment,
}

impl Session {
    /// Nothing loaded.
    pub fn new() -> Self {
        let environment = Environment {
            version: env!("CARGO_PKG_VERSION").into(),
            target: target().into(),
            simd: true,
            threads: 1,
            timer_step_us: clock::step_ms() * 1e3,
            ..Environment::default()
        };
        Self { environment, ..Self::default() }
    }

    /// Loads a network of the zoo with weights from a safetensors file. What was loaded before stays if this fails.
    ///
    /// # Errors
    /// When the file is damaged or of another network.
    pub fn open(&mut self, model: &str, weights: &[u8]) -> Result<ModelInfo> {
        self.idle("open a model")?;
        let model = zoo::find(model)?;
        let mut graph = model.build(zoo::SEED)?;
        safetensors::read(&mut graph, weights).map_err(|e| e.at(model.name))?;
        let info = info(model, &graph)?;
        if self.test.as_ref().is_some_and(|d| d.card.id != model.data) {
            (self.test, self.train) = (None, None);
        }
        self.model = Some((model, graph));
        (self.baseline, self.outcome) = (None, None);
        Ok(info)
    }

    /// Takes in a split of a data set.
    ///
    /// # Errors
    /// When a file is damaged, or the set is not what the model reads.
    pub fn data(&mut self, id: &str, split: &str, images: &[u8], labels: &[u8]) -> Result<usize> {
        self.idle("load data")?;
        let card = data::find(id)?;
        let (model, _) = self.network()?;
        if card.shape != model.input || card.classes.len() != model.classes {
            return Err(Error::setting("data", format!("{} is not what {} reads", card.name, model.name))
                .hint(format!("load {}", model.data)));
        }
        let set = Dataset::read(card, images, labels)?;
        let n = set.len();
        match split {
            "test" => {
                self.test = Some(set);
                self.baseline = None;
            }
            "train" => self.train = Some(set),
            other => return Err(Error::setting("split", format!("unknown split '{other}'")).hint("use test or train")),
        }
        Ok(n)
    }

    fn network(&self) -> Result<(&'static zoo::Model, &Graph)> {
        let (model, graph) =
            self.model.as_ref().ok_or_else(|| Error::state("no model is open").hint("open a model first"))?;
        Ok((model, graph))
    }

    fn idle(&self, what: &str) -> Result<()> {
        match self.job {
            Some(_) => {
                Err(Error::state(format!("cannot {what} while a run is going on")).hint("wait for it, or cancel it"))
            }
            None => Ok(()),
        }
    }

    /// Checks settings, says what does not go together and what a run would do.
    pub fn check(&self, settings: &Settings) -> Check {
        let mut check = Check {
            ok: true,
            errors: Vec::new(),
            disabled: disabled(settings),
            settings: settings.clone(),
            timeline: Vec::new(),
            warnings: Vec::new(),
        };
        match self.read(settings) {
            Ok(recipe) => {
                check.settings.extend(recipe.settings());
                if let Ok((model, _)) = self.network() {
                    check.settings.entry("model".into()).or_insert_with(|| model.id.into());
                    check.settings.entry("data".into()).or_insert_with(|| model.data.into());
                }
                check.timeline = stages(&recipe);
                if recipe.sparsity == 0.0 {
                    check
                        .warnings
                        .push("A sparsity of 0 cuts nothing: the run shows what the recovery alone does.".into());
                }
                if recipe.min_keep == 0 {
                    check
                        .warnings
                        .push("With nothing kept at least, a layer may be emptied and the network cut through.".into());
                }
            }
            Err(error) => {
                check.ok = false;
                check.errors.push(error);
            }
        }
        check
    }

    /// Settings as a recipe, if the model can serve it.
    fn read(&self, settings: &Settings) -> Result<Recipe> {
        if let Some(id) = settings.get("model") {
            zoo::find(id)?;
        }
        if let Some(id) = settings.get("data") {
            data::find(id)?;
        }
        let recipe = Recipe::read(settings)?;
        if let (Ok((model, graph)), true) = (self.network(), recipe.criterion.part.reads_norms())
            && !graph.nodes.iter().any(|n| matches!(n.op, crate::graph::op::Kind::BatchNorm(_)))
        {
            return Err(Error::setting(
                "criterion",
                format!("{} has no batch norm for this criterion to look at", model.name),
            )
            .hint("choose another criterion, or a model with batch norm"));
        }
        Ok(recipe)
    }

    /// Whether a run wants the training images.
    ///
    /// # Errors
    /// When the settings are wrong.
    pub fn needs_training_images(&self, settings: &Settings) -> Result<bool> {
        Ok(plan::needs_images(&self.read(settings)?))
    }

    /// Begins a job: `baseline` measures the network as it is, `run` prunes it.
    ///
    /// # Errors
    /// When the settings are wrong, something is not loaded, or a job is going on.
    pub fn start(&mut self, job: &str, settings: &Settings) -> Result<()> {
        self.idle("start")?;
        let recipe = self.read(settings)?;
        let (model, graph) = self.network()?;
        for (key, here) in [("model", model.id), ("data", model.data)] {
            if let Some(asked) = settings.get(key).filter(|asked| *asked != here) {
                return Err(Error::setting(key, format!("{key}={asked} is asked for and {here} is open"))
                    .hint(format!("open {asked} first, or leave {key} out")));
            }
        }
        if self.test.is_none() {
            return Err(Error::state("no test images are loaded").hint("load the test split first"));
        }
        let run = match job {
            "baseline" => false,
            "run" => true,
            other => return Err(Error::setting("job", format!("unknown job '{other}'")).hint("use baseline or run")),
        };
        if run && plan::needs_images(&recipe) && self.train.is_none() {
            return Err(Error::state("this recipe trains or calibrates, and no training images are loaded")
                .hint("load the training split first"));
        }
        let mut settings = settings.clone();
        settings.extend(recipe.settings());
        settings.insert("model".into(), model.id.into());
        settings.insert("data".into(), model.data.into());
        self.job = Some(Job::new(run, recipe, settings, graph.clone()));
        Ok(())
    }

    /// Works for about `ms` milliseconds and tells what happened. After an error the job is gone; what was loaded stays.
    ///
    /// # Errors
    /// When no job is going on, or training diverges.
    pub fn advance(&mut self, ms: f64) -> Result<Vec<Event>> {
        let mut job = self.job.take().ok_or_else(|| Error::state("no run is going on").hint("start one first"))?;
        let start = clock::now_ms();
        let mut events = Vec::new();
        loop {
            match job.slice(self, &mut events)? {
                None => {
                    if clock::now_ms() - start >= ms {
                        self.job = Some(job);
                        return Ok(events);
                    }
                }
                Some(outcome) => {
                    self.outcome = outcome;
                    events.push(Event::Done);
                    return Ok(events);
                }
            }
        }
    }

    /// Drops the job, if there is one.
    pub fn cancel(&mut self) {
        self.job = None;
    }

    /// What the last finished run left behind.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// A layer's weight before and after the last finished run.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn layer(&self, name: &str) -> Result<LayerView> {
        let (_, graph) = self.network()?;
        let found = graph.layers().find(|&(node, _)| graph.nodes[node].name == name);
        let (_, id) = found.ok_or_else(|| {
            Error::setting("layer", format!("there is no layer '{name}'"))
                .hint("take a name from the layers of the model")
        })?;
        let before = graph.data(id)?.flat().to_vec();
        let shape = graph.values[id].shape.clone();
        let mut view = LayerView { shape, mask: vec![1; before.len()], after: before.clone(), before };
        if let Some(outcome) = &self.outcome {
            view.after = outcome.masked.data(id)?.flat().to_vec();
            if let Some(mask) = outcome.masks.get(id) {
                view.mask = mask.to_vec();
            }
        }
        Ok(view)
    }

    /// A test image: rows and columns, and grey values.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn image(&self, index: usize) -> Result<([usize; 2], &[u8])> {
        match self.test.as_ref().filter(|set| index < set.len()) {
            Some(set) => Ok(([set.card.shape[1], set.card.shape[2]], set.image(index))),
            None => Err(Error::setting("image", format!("there is no test image {index}"))),
        }
    }

    /// The network of the last finished run, or the open one, as a safetensors file.
    ///
    /// # Errors
    /// When nothing is open.
    pub fn weights(&self) -> Result<Vec<u8>> {
        safetensors::write(self.current()?)
    }

    /// The network of the last finished run, or the open one.
    ///
    /// # Errors
    /// When nothing is open.
    pub fn current(&self) -> Result<&Graph> {
        match &self.outcome {
            Some(outcome) => Ok(&outcome.network),
            None => Ok(self.network()?.1),
        }
    }

    /// The dense plan for a batch size, compiled once.
    fn dense_plan(&mut self, batch: usize) -> Result<&mut Plan> {
        let graph = &self.model.as_ref().ok_or_else(|| Error::state("no model is open"))?.1;
        let baseline =
            self.baseline.get_or_insert_with(|| Baseline { tally: Tally::default(), plans: BTreeMap::new() });
        match baseline.plans.entry(batch) {
            Entry::Occupied(plan) => Ok(plan.into_mut()),
            Entry::Vacant(none) => Ok(none.insert(compile(graph, &Masks::default(), &[], batch, Choose::Measure)?)),
        }
    }
}

/// Instruction set of this build.
fn target() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") { "x86_64 avx2" } else { "x86_64 sse2" }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        if cfg!(target_arch = "wasm32") { "wasm32 simd128" } else { "portable" }
    }
}

/// For each axis, the parts that would clash with the other choices, and why.
fn disabled(settings: &Settings) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for axis in AXES {
        let mut reasons = BTreeMap::new();
        for part in parts(axis.id) {
            let mut trial: Settings = settings.clone();
            trial.retain(|key, _| !key.starts_with(&format!("{}.", axis.id)));
            trial.insert(axis.id.into(), part.id.into());
            if let Err(error) = Recipe::read(&trial) {
                // Only clashes count: a value out of range elsewhere is not this part's fault.
                if error.key.as_deref().is_some_and(|key| AXES.iter().any(|a| a.id == key))
                    && Recipe::read(settings).is_ok()
                {
                    reasons.insert(part.id.to_string(), error.message);
                }
            }
        }
        if !reasons.is_empty() {
            out.insert(axis.id.to_string(), reasons);
        }
    }
    out
}

/// The picture of a network.
fn info(model: &zoo::Model, graph: &Graph) -> Result<ModelInfo> {
    let layers = graph.layers().map(|(index, id)| {
        let node = &graph.nodes[index];
        let shape = graph.values[id].shape.clone();
        let channels = graph.values[node.ins[0]].shape[1];
        let kind = if shape.len() == 2 {
            "linear"
        } else if shape[1] == 1 && channels > 1 {
            "depthwise"
        } else {
            "conv"
        };
        LayerInfo {
            name: node.name.clone(),
            kind,
            out: graph.values[node.out].shape[1..].to_vec(),
            parameters: shape.iter().product(),
            macs: count::macs_of(graph, node),
            prunable: true,
            shape,
        }
    });
    Ok(ModelInfo {
        id: model.id.into(),
        name: model.name.into(),
        parameters: count::parameters(graph),
        macs: count::macs(graph, &Masks::default()),
        input: model.input.to_vec(),
        layers: layers.collect(),
        links: preview::links(graph),
    })
}
