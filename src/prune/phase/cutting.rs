//! A pruning event under way, a slice at a time: a batch of evidence, or a cut. Events that are phases of their own and those
//! between training steps are the same.

use crate::base::{Error, Result, Tensor};
use crate::graph::op::Mode;
use crate::graph::{Graph, Masks};
use crate::prune::event;
use crate::prune::gather::{Gatherer, How};
use crate::prune::probe::{Batch, see_examples};
use crate::prune::recipe::Recipe;
use crate::prune::rhythm::geometric_share;
use crate::prune::solver::Toward;
use crate::prune::split::{BATCH, calibration};
use crate::prune::told::{Told, kept};
use crate::train::State;

use super::propagation::{Propagation, affordable};
use super::{Desk, Looked, Looking, Purpose};

/// Images that walk through a network together while it is solved: products of their patches are what a slice takes time for.
const FEW: usize = 8;

/// A pruning event in so many rounds.
#[derive(Debug)]
pub struct Cutting {
    sparsity: f32,
    rounds: usize,
    /// Rounds of scores and cuts that are done.
    done: usize,
    batches: Vec<Batch>,
    gatherer: Gatherer,
    /// Nothing of the network as it is was looked at yet.
    first: bool,
    /// The network and its masks before the event, for a solver.
    before: Option<(Graph, Masks)>,
    /// Masks that are not in force yet, and the solver's way through the network.
    solving: Option<(Masks, Propagation)>,
}

impl Cutting {
    /// An event that has done nothing yet.
    pub fn new(sparsity: f32, rounds: usize, state: &State, desk: &Desk) -> Self {
        let probes = desk.recipe.choice.criterion.part.probes();
        let batches = match desk.data.filter(|_| see_examples(probes)) {
            Some(data) => calibration(data.len(), desk.recipe.calibration, desk.recipe.seed)
                .chunks(BATCH)
                .map(|picks| data.labelled(picks))
                .collect(),
            None => Vec::new(),
        };
        let before = solves(desk.recipe).then(|| (state.graph.clone(), state.masks.clone()));
        let gatherer = gatherer(state, desk);
        Self { sparsity, rounds, done: 0, batches, gatherer, first: true, before, solving: None }
    }

    /// Slices that it takes.
    pub fn steps(&self) -> usize {
        let solving = self.solving.as_ref().map_or(0, |(_, way)| way.steps());
        self.rounds * (self.gatherer.steps(self.batches.len()) + 1) + solving
    }

    /// One slice; says whether the last cut is made.
    pub async fn step(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<bool> {
        if let Some((masks, way)) = &mut self.solving {
            if !way.step(&mut state.graph, masks)? {
                return Ok(false);
            }
            state.masks = std::mem::take(masks);
            state.masks.apply(&mut state.graph)?;
            tell_masks(state, desk);
            return Ok(true);
        }
        if !self.gatherer.is_done(self.batches.len()) {
            self.gather(state, desk).await?;
            return Ok(false);
        }
        let next = gatherer(state, desk);
        let evidence = std::mem::replace(&mut self.gatherer, next).finish();
        self.first = true;
        self.done += 1;
        let share = geometric_share(self.done, self.rounds, self.sparsity);
        let found = state.shares.as_deref().map(|shares| desk.recipe.with_shares(shares)).transpose()?;
        let recipe = found.as_ref().unwrap_or(desk.recipe);
        let masks = event::cut(&state.graph, recipe, evidence, &state.masks, share)?;
        if let Some(before) = self.before.take_if(|_| self.done >= self.rounds) {
            let graph = before.0.clone();
            let batches = examples(&graph, desk)?;
            self.solving = Some((masks, Propagation::new(desk.recipe, before, batches)));
            state.graph = graph;
            return Ok(false);
        }
        state.masks = masks;
        state.masks.apply(&mut state.graph)?;
        tell_masks(state, desk);
        Ok(self.done >= self.rounds)
    }

    async fn gather(&mut self, state: &State, desk: &mut Desk<'_>) -> Result<()> {
        let n = self.batches.len();
        let Some(index) = self.gatherer.looks_at(n) else { return self.gatherer.step(&state.graph, &self.batches) };
        let looking = Looking {
            batch: &self.batches[index],
            what: &self.gatherer.look(),
            purpose: Purpose::Evidence,
            first: std::mem::take(&mut self.first),
        };
        match desk.compute.look(&state.graph, looking).await? {
            Looked::Part => {}
            Looked::Seen(seen) => self.gatherer.add(seen, n),
            Looked::Anew => (self.gatherer, self.first) = (gatherer(state, desk), true),
        }
        Ok(())
    }
}

/// Whether what is kept is solved for.
fn solves(recipe: &Recipe) -> bool {
    recipe.choice.solver.part.solves()
}

/// The examples that a solver sees, in batches: as many as there is room for.
fn examples(graph: &Graph, desk: &mut Desk<'_>) -> Result<Vec<Tensor>> {
    let Some(data) = desk.data else {
        return Err(
            Error::state("a solver looks at training images, and none are loaded").hint("load the training split")
        );
    };
    let solver = &desk.recipe.choice.solver;
    let mut picks = calibration(data.len(), desk.recipe.calibration, desk.recipe.seed);
    let most = affordable(graph, solver.part.toward(&solver.args) == Toward::Dense, picks.len());
    if most < picks.len() {
        let (name, asked) = (solver.part.meta().name, picks.len());
        (desk.tell)(Told::Note(format!(
            "{name} looks at {most} images, not {asked}: more would take too much memory."
        )));
        picks.truncate(most);
    }
    Ok(picks.chunks(FEW).map(|picks| data.batch(picks)).collect())
}

/// Nothing gathered yet, of the network as it is.
fn gatherer(state: &State, desk: &Desk) -> Gatherer {
    // What was never trained has no running statistics worth using.
    let mode = if state.fresh { Mode::train(desk.recipe.seed) } else { Mode::EVAL };
    let criterion = &desk.recipe.choice.criterion;
    let temperature = criterion.part.temperature(&criterion.args);
    Gatherer::new(How { probes: criterion.part.probes(), mode, temperature })
}

/// Says what is cut now.
pub fn tell_masks(state: &State, desk: &mut Desk<'_>) {
    let State { graph, masks, .. } = state;
    (desk.tell)(Told::Masks { sparsity: event::sparsity(graph, masks), layers: kept(graph, masks) });
}
