//! What a run will do, before anything is done: the recipe's phases, then evaluation and measurement.

use crate::prune::expand::expand;
use crate::prune::phase::Phase;
use crate::prune::recipe::Recipe;
use crate::prune::running::Asked;

use super::measure::PAIRS;
use super::record::Stage;

/// A stage with what it does.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// A phase of the recipe.
    Phase(Phase),
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
/// Images of one calibration batch.
pub(super) const CALIBRATION: usize = 32;

/// All tasks of a recipe with so many training images, or of the measurement of the dense network, for a place that has a GPU
/// or none.
pub(super) fn tasks(recipe: &Recipe, run: bool, gpu: bool, images: usize) -> Vec<Task> {
    let mut tasks = vec![Task::Before];
    if run {
        tasks.extend(expand(recipe, images).into_iter().map(Task::Phase));
        tasks.extend([Task::Compile, Task::After, Task::Measure]);
    } else {
        // Timing first: it is quick, and what a visitor waits for.
        tasks = vec![Task::Compile, Task::Measure, Task::Before];
    }
    tasks.extend((gpu && recipe.running.executor == Asked::Faster).then_some(Task::Cross));
    tasks
}

/// The tasks of a run as a timeline, for a place that has a GPU or none.
pub fn stages(recipe: &Recipe, gpu: bool, images: usize) -> Vec<Stage> {
    tasks(recipe, true, gpu, images).iter().map(|task| stage(task, recipe, 2000)).collect()
}

/// A task as an entry of the timeline; `n` test images.
pub(super) fn stage(task: &Task, recipe: &Recipe, n: usize) -> Stage {
    let stage = |kind: &str, label: String, steps: usize| Stage { kind: kind.into(), label, steps, sparsity: None };
    let chunks = n.div_ceil(CHUNK);
    let criterion = recipe.choice.criterion.part.meta().name;
    match task {
        Task::Before => stage("evaluate", "Test the network as it is".into(), chunks),
        Task::After => stage("evaluate", "Test the pruned network".into(), chunks),
        Task::Compile => stage("compile", "Choose a kernel for each layer".into(), 1),
        Task::Measure => stage("measure", "Time dense against pruned".into(), PAIRS),
        Task::Cross => stage("measure", "See where the GPU catches up".into(), CROSSINGS.len()),
        Task::Phase(Phase::Reinit) => stage("reinit", "Draw new weights".into(), 1),
        Task::Phase(Phase::Rewind) => match recipe.choice.recovery.part.early(&recipe.choice.recovery.args) {
            Some(step) => stage("rewind", format!("Back to the weights of step {step}"), 1),
            None => stage("rewind", "Back to the first weights".into(), 1),
        },
        Task::Phase(Phase::Early(train)) => {
            stage("train", "Train the dense network from its first weights".into(), train.stop.unwrap_or(train.steps))
        }
        Task::Phase(Phase::Recalibrate { batches }) => stage("recalibrate", "Recalibrate batch norm".into(), *batches),
        Task::Phase(Phase::Train(train)) => {
            let label = match (&train.ramp, &train.distil) {
                (Some(ramp), _) => format!("Train while cutting to {:.1}%", 100.0 * ramp.sparsity),
                (None, Some(_)) => "Train with the unpruned network as teacher".into(),
                (None, None) => "Train what is left".into(),
            };
            Stage { sparsity: train.ramp.map(|r| r.sparsity), ..stage("train", label, train.steps) }
        }
        Task::Phase(Phase::Prune { sparsity }) => {
            let label = format!("Score by {criterion}, cut to {:.1}%", 100.0 * sparsity);
            let rounds = recipe.choice.criterion.part.rounds(&recipe.choice.criterion.args);
            Stage { sparsity: Some(*sparsity), ..stage("prune", label, rounds) }
        }
    }
}

/// Whether a recipe looks at training images.
pub(super) fn needs_images(recipe: &Recipe) -> bool {
    let looks = |phase: &Phase| matches!(phase, Phase::Train(_) | Phase::Recalibrate { .. });
    recipe.running.int8() || recipe.choice.criterion.part.needs().data() || expand(recipe, 0).iter().any(looks)
}
