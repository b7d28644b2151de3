//! What a run will do, before anything is done: the recipe's phases, then evaluation and measurement.

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
    /// Where the GPU is slower, find the batch from which it is not.
    Cross,
}

/// Batches that are tried for it.
pub(super) const CROSSINGS: [usize; 3] = [8, 32, 128];

/// Test images of one evaluation step.
pub(super) const CHUNK: usize = 50;

/// All legs of a recipe with so many training images, or of the measurement of the dense network, for a place that has a GPU
/// or none.
pub(super) fn legs(recipe: &Recipe, run: bool, gpu: bool, images: usize) -> Vec<Leg> {
    let cross = gpu && recipe.running.executor == Asked::Faster;
    let mut legs = Vec::new();
    if run {
        legs.push(Leg::Own(Own::Before));
        legs.extend(expand(recipe, images).into_iter().map(Leg::Phase));
        legs.extend([Own::Compile, Own::After, Own::Measure].map(Leg::Own));
    } else {
        // Timing first: it is quick, and what a visitor waits for.
        legs.extend([Own::Compile, Own::Measure, Own::Before].map(Leg::Own));
    }
    legs.extend(cross.then_some(Leg::Own(Own::Cross)));
    legs
}

/// The legs of a run as a timeline, for a place that has a GPU or none.
pub fn stages(recipe: &Recipe, gpu: bool, images: usize) -> Vec<Stage> {
    legs(recipe, true, gpu, images).iter().map(|leg| stage(leg, 2000)).collect()
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
