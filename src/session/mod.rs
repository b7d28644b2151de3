//! Floor 5: a piece of work advanced in slices, so that a page, a command line and a test can drive it alike.

mod check;
mod compute;
pub mod event;
mod executors;
pub mod file;
mod gpu;
mod info;
mod job;
mod measure;
mod plan;
mod preview;
pub mod record;
mod report;
pub mod survey;
pub mod verdict;

use std::cell::OnceCell;
use std::collections::{BTreeMap, btree_map::Entry};

use crate::base::{Error, Result, clock, team};
use crate::compile::{Choose, Options, Plan, compile};
use crate::data::{self, Dataset, Task};
use crate::graph::{Graph, Masks, boosted};
use crate::io::origin::Origin;
use crate::kernel::simd::FUSED;
use crate::prune::split::trained_on;
use crate::prune::{Recipe, Settings};
use crate::train::eval::Tally;
use crate::zoo;

use event::Event;
use gpu::{Gpu, Uploaded};
use job::Job;
use record::Environment;
use survey::Survey;

pub use check::Check;
pub use info::{LayerInfo, LayerView, ModelInfo};
pub use plan::{Around, stages};
pub use preview::Preview;

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
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    tally: Tally,
    /// By batch size and threads.
    plans: BTreeMap<(usize, usize), Plan>,
    /// By batch size: the same network on the GPU.
    gpu: BTreeMap<usize, Uploaded>,
}

/// A job under way.
#[derive(Debug)]
enum Work {
    Run(Box<Job>),
    Survey(Box<Survey>),
}

/// A model, its data, and at most one job.
#[derive(Debug, Default)]
pub struct Session {
    model: Option<(&'static zoo::Model, Graph)>,
    test: Option<Dataset>,
    train: Option<Dataset>,
    baseline: Option<Baseline>,
    job: Option<Work>,
    outcome: Option<Outcome>,
    /// What is cut already of the network that is open: the masks of its file, and the exact zeros of each weight that has at
    /// least a twentieth of them. Whether a run holds them is its recipe's business.
    pub(crate) zeros: Masks,
    /// Where the open network comes from, if a run saved it.
    origin: Option<Origin>,
    /// Digest of its weights.
    source: String,
    /// Whether channels are gone from it.
    slim: bool,
    /// What the last finished job measured, as a file.
    file: Option<Vec<u8>>,
    gpu: Gpu,
    /// Multiply-adds in double precision that a millisecond of an exact solver does; measured when first asked for.
    pace: OnceCell<f64>,
    /// Whether speed is timed no longer than it takes to say anything.
    hurried: bool,
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
            relaxed_simd: FUSED,
            threads: 1,
            cores: team::cores(),
            timer_step_us: clock::find_step() * 1e3,
            ..Environment::default()
        };
        Self { environment, ..Self::default() }
    }

    /// Times speed no longer than it takes to say anything, whatever the interval then is: for tests, which ask for other things.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Loads a network of the zoo with weights from a safetensors file, plain or compact. What was loaded before stays if this
    /// fails.
    ///
    /// # Errors
    /// When the file is damaged or of another network.
    pub fn open(&mut self, model: &str, weights: &[u8]) -> Result<ModelInfo> {
        self.idle("open a model")?;
        let model = zoo::find(model)?;
        let loaded = file::load(model, weights)?;
        let info = info::info(model, &loaded)?;
        if self.test.as_ref().is_some_and(|d| d.card.id != model.data) {
            (self.test, self.train) = (None, None);
        }
        (self.baseline, self.outcome, self.file) = (None, None, None);
        self.gpu.paced(None);
        (self.zeros, self.origin, self.source) = (loaded.zeros, loaded.origin, loaded.digest);
        (self.model, self.slim) = (Some((model, loaded.graph)), loaded.slim);
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
        self.model.as_ref().map(|(model, graph)| (*model, graph)).ok_or_else(no_model)
    }

    /// Training images that a run learns from: those loaded, or as many as are shipped with the page's data set.
    fn learnt_from(&self) -> usize {
        let shipped =
            || self.network().ok().and_then(|(model, _)| data::find(model.data).ok()).map_or(0, |card| card.train);
        trained_on(self.train.as_ref().map_or_else(shipped, Dataset::len))
    }

    /// What legs depend on besides a recipe.
    fn around(&self, recipe: &Recipe) -> Around {
        let open = self.network().ok();
        let card = open.and_then(|(model, _)| data::find(model.data).ok());
        let task = card.map_or(Task::Classes, |card| card.task);
        let chooses = open.is_some_and(|(_, graph)| boosted::boosts(graph).next().is_some());
        Around { gpu: self.gpu.serves(recipe), examples: self.learnt_from(), task, chooses }
    }

    fn idle(&self, what: &str) -> Result<()> {
        match self.job {
            Some(_) => {
                Err(Error::state(format!("cannot {what} while a run is going on")).hint("wait for it, or cancel it"))
            }
            None => Ok(()),
        }
    }

    /// Begins a job: `baseline` measures the network as it is, `run` prunes it, `survey` measures single layers at rising
    /// sparsity and needs nothing loaded.
    ///
    /// # Errors
    /// When the settings are wrong, something is not loaded, or a job is going on.
    pub fn start(&mut self, job: &str, settings: &Settings) -> Result<()> {
        self.idle("start")?;
        if job == "survey" {
            self.job =
                Some(Work::Survey(Box::new(Survey::new(self.environment.timer_step_us * 1e-3, self.gpu.device()))));
            return Ok(());
        }
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
            other => {
                return Err(Error::setting("job", format!("unknown job '{other}'")).hint("use baseline, run or survey"));
            }
        };
        if run && plan::needs_images(&recipe) && self.train.is_none() {
            return Err(Error::state("this recipe trains or calibrates, and no training images are loaded")
                .hint("load the training split first"));
        }
        let settings = self.complete(settings, &recipe)?;
        self.job = Some(Work::Run(Box::new(Job::new(run, recipe, settings, graph.clone(), self))));
        Ok(())
    }

    /// Works for about `ms` milliseconds and tells what happened. After an error the job is gone; what was loaded stays.
    ///
    /// # Errors
    /// When no job is going on, or training diverges. A GPU that fails is no error: the job goes on without it and says so.
    pub async fn advance(&mut self, ms: f64) -> Result<Vec<Event>> {
        let mut job = self.job.take().ok_or_else(|| Error::state("no run is going on").hint("start one first"))?;
        let start = clock::now_ms();
        let mut events = Vec::new();
        loop {
            let over = match &mut job {
                Work::Run(job) => job.slice(self, &mut events).await?,
                Work::Survey(survey) => survey.slice(&mut events).await?,
            };
            if over {
                break;
            }
            if clock::now_ms() - start >= ms {
                self.job = Some(job);
                return Ok(events);
            }
        }
        events.push(match job {
            Work::Run(job) => Event::Result { record: Box::new(self.finish(&job)?) },
            Work::Survey(survey) => Event::Survey { survey: Box::new(survey.table(&self.environment)) },
        });
        events.push(Event::Done);
        Ok(events)
    }

    /// Drops the job, if there is one.
    pub fn cancel(&mut self) {
        self.job = None;
    }

    /// What the last finished run left behind.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// A test image: rows and columns, and grey values.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn image(&self, index: usize) -> Result<([usize; 2], &[u8])> {
        match self.test.as_ref().filter(|set| index < set.len() && set.card.task == Task::Classes) {
            Some(set) => Ok(([set.card.shape[1], set.card.shape[2]], set.image(index))),
            None => Err(Error::setting("image", format!("there is no test image {index}"))),
        }
    }

    /// The beginning of the test text, if the network reads text.
    pub fn passage(&self, characters: usize) -> Option<String> {
        self.test.as_ref()?.passage(characters)
    }

    /// The dense plans for a batch size, one for each number of threads that is tried up to one, and the same network on the
    /// GPU if it was uploaded. Plans are compiled once; those of another batch size are let go.
    fn dense(&mut self, batch: usize, threads: usize) -> Result<(Vec<&mut Plan>, Option<&Uploaded>)> {
        let graph = &self.model.as_ref().ok_or_else(no_model)?.1;
        let baseline = self.baseline.get_or_insert_default();
        baseline.plans.retain(|&(other, _), _| other == batch);
        let gone = self.gpu.device().is_none();
        baseline.gpu.retain(|&other, _| other == batch && !gone);
        for threads in team_sizes(threads) {
            if let Entry::Vacant(none) = baseline.plans.entry((batch, threads)) {
                let options = Options { batch, threads, choose: Choose::Dense, ..Options::default() };
                none.insert(compile(graph, &Masks::default(), &options)?);
            }
        }
        let allowed = baseline.plans.iter_mut().filter(|((_, own), _)| *own <= threads);
        Ok((allowed.map(|(_, plan)| plan).collect(), baseline.gpu.get(&batch)))
    }
}

/// The error where nothing is open.
fn no_model() -> Error {
    Error::state("no model is open").hint("open a model first")
}

/// Numbers of threads that are tried where so many are allowed: a run that few share may be faster than one that all do.
fn team_sizes(threads: usize) -> impl Iterator<Item = usize> {
    let powers = std::iter::successors(Some(1), |n| Some(2 * n)).take_while(move |&n| n < threads);
    powers.chain(std::iter::once(threads.max(1)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::safetensors;

    #[test]
    fn plans_of_other_batch_sizes_are_let_go() -> Result<()> {
        let (mut session, graph) = (Session::new(), zoo::find("lenet-300-100")?.build(1)?);
        session.open("lenet-300-100", &safetensors::write(&graph, None)?)?;
        for batch in [1, 8, 3, 1] {
            assert_eq!(session.dense(batch, 3)?.0.len(), 3, "one plan each for one, two and three threads");
            let kept: Vec<usize> =
                session.baseline.iter().flat_map(|b| b.plans.keys()).map(|(batch, _)| *batch).collect();
            assert_eq!(kept, [batch; 3]);
        }
        Ok(())
    }

    #[test]
    fn a_run_is_tried_on_few_threads_too() {
        let sizes = |threads| team_sizes(threads).collect::<Vec<usize>>();
        assert_eq!((sizes(1), sizes(2), sizes(4), sizes(6)), (vec![1], vec![1, 2], vec![1, 2, 4], vec![1, 2, 4, 6]));
    }
}
