//! What a run will do, before anything is done: the recipe's phases, then evaluation and measurement.

use crate::data::Task;
use crate::prune::expand::expand;
use crate::prune::phase::Phase;
use crate::prune::probe::see_examples;
use crate::prune::recipe::Recipe;
use crate::prune::running::Asked;
use crate::prune::told::Stage;

use super::measure::PAIRS;

/// A piece of a run.
#[derive(Debug)]
pub(super) enum Leg {
    /// A phase of the recipe.
    Phase(Box<dyn Phase>),
    /// What every run does around them.
    Own(Own),
}

/// What runs do besides their recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// Count right answers of the network as it was.
    Before,
    /// Pack and choose kernels for the pruned network.
    Compile,
    /// Count right answers of the pruned network.
    After,
    /// Time dense against pruned.
    Measure,
    /// Write on with both networks, where they say what comes next.
    Write,
    /// Time single images, where each runs a part of the network.
    Images,
    /// Where the GPU is slower, find the batch from which it is not.
    Cross,
}

/// Batches that are tried for it.
pub(super) const CROSSINGS: [usize; 3] = [8, 32, 128];

/// Some things that are done a few at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sliced {
    /// How many in all.
    pub all: usize,
    /// How many in a slice.
    pub each: usize,
}

impl Sliced {
    fn slices(self) -> usize {
        self.all.div_ceil(self.each)
    }
}

/// Test images that are timed one after another, where there are so many.
pub(super) const TIMED: Sliced = Sliced { all: 256, each: 16 };
/// Characters that a network writes.
pub(super) const WRITTEN: Sliced = Sliced { all: 240, each: 12 };

/// Test images of one evaluation step.
pub(super) const CHUNK: usize = 50;

/// What legs depend on besides the recipe.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// Whether there is a GPU.
    pub gpu: bool,
    /// Training examples.
    pub examples: usize,
    /// What is asked of the network.
    pub task: Task,
    /// Whether images choose what runs of it already.
    pub chooses: bool,
}

/// All legs of a recipe, or of the measurement of the dense network.
pub(super) fn legs(recipe: &Recipe, run: bool, around: Around) -> Vec<Leg> {
    let cross = around.gpu && recipe.running.executor == Asked::Faster;
    let mut legs = Vec::new();
    if run {
        legs.push(Leg::Own(Own::Before));
        legs.extend(expand(recipe, around.examples).into_iter().map(Leg::Phase));
        legs.extend([Own::Compile, Own::After, Own::Measure].map(Leg::Own));
        legs.extend((around.task == Task::NextToken).then_some(Leg::Own(Own::Write)));
        let runtime = &recipe.choice.runtime;
        let chooses = around.chooses || runtime.part.density(&runtime.args).is_some();
        legs.extend(chooses.then_some(Leg::Own(Own::Images)));
    } else {
        // Timing first: it is quick, and what a visitor waits for.
        legs.extend([Own::Compile, Own::Measure, Own::Before].map(Leg::Own));
    }
    legs.extend(cross.then_some(Leg::Own(Own::Cross)));
    legs
}

/// The legs of a run as a timeline.
pub fn stages(recipe: &Recipe, around: Around) -> Vec<Stage> {
    legs(recipe, true, around).iter().map(|leg| stage(leg, 2000)).collect()
}

/// A leg as an entry of the timeline; `n` test images.
pub(super) fn stage(leg: &Leg, n: usize) -> Stage {
    let chunks = n.div_ceil(CHUNK);
    match leg {
        Leg::Phase(phase) => phase.stage(),
        Leg::Own(Own::Before) => Stage::new("evaluate", "Test the network as it is", chunks),
        Leg::Own(Own::After) => Stage::new("evaluate", "Test the pruned network", chunks),
        Leg::Own(Own::Compile) => Stage::new("compile", "Choose a kernel for each layer", 1),
        Leg::Own(Own::Measure) => Stage::new("measure", "Time dense against pruned", PAIRS),
        Leg::Own(Own::Write) => Stage::new("evaluate", "Write on with both networks", WRITTEN.slices()),
        Leg::Own(Own::Images) => Stage::new("measure", "Time one image after another", TIMED.slices()),
        Leg::Own(Own::Cross) => Stage::new("measure", "See where the GPU catches up", CROSSINGS.len()),
    }
}

/// Whether a recipe looks at training images.
pub(super) fn needs_images(recipe: &Recipe) -> bool {
    recipe.running.int8()
        || recipe.choice.solver.part.solves()
        || see_examples(recipe.choice.criterion.part.probes())
        || expand(recipe, 0).iter().any(|phase| phase.needs_images())
}
