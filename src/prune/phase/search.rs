//! A search for shares: layers are timed at rising sparsity, shares are chosen, and the budget is corrected by the time of the whole
//! network.

use std::collections::BTreeMap;

use crate::base::{Result, order};
use crate::graph::{Graph, Masks};
use crate::prune::allocation::given;
use crate::prune::event;
use crate::prune::probe::Evidence;
use crate::prune::recipe::Recipe;
use crate::prune::search::{LayerTimes, share_out};
use crate::prune::target::Target;
use crate::prune::told::{Stage, Told};
use crate::train::State;

use super::{Desk, Phase, Progress, Soon, Timed};

/// Shares at which layers are timed.
const SHARES: [f32; 12] = [0.0, 0.3, 0.5, 0.6, 0.7, 0.78, 0.84, 0.88, 0.92, 0.95, 0.97, 0.99];
/// A whole network that is this near to what is wanted needs no correction.
const CLOSE: f64 = 0.02;

/// Finds shares and leaves them in the state.
#[derive(Debug)]
pub struct Seek {
    /// How many times faster the network is to be.
    target: f64,
    /// How often the budget may be corrected.
    corrections: usize,
    layers: BTreeMap<String, LayerTimes>,
    /// Slices that are done.
    done: usize,
    /// Microseconds that the layers may take, once they are timed.
    budget: Option<f64>,
    /// How far off the best trial was, as a share of the target.
    nearest: f64,
}

impl Seek {
    /// A search for a network so many times faster, with so many corrections.
    pub fn new(target: f32, corrections: usize) -> Self {
        Self {
            target: target.into(),
            corrections,
            layers: BTreeMap::new(),
            done: 0,
            budget: None,
            nearest: f64::INFINITY,
        }
    }

    fn total(&self) -> usize {
        SHARES.len() + 1 + self.corrections
    }

    async fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        self.done += 1;
        let total = self.total();
        let targets = event::candidates(&state.graph, desk.recipe)?;
        if self.done <= SHARES.len() {
            let share = SHARES[self.done - 1];
            let masks = masks(state, desk.recipe, &vec![share; targets.len()])?;
            let times = desk.compute.layers(&state.graph, &masks).await?;
            for (name, us) in times {
                let layer = self.layers.entry(name).or_default();
                layer.shares.push(share);
                layer.us.push(us);
            }
            return Ok(Progress { done: self.done, total });
        }
        let evidence = Evidence::of_masks(&state.masks);
        let scored = event::score(&state.graph, &targets, &desk.recipe.choice.criterion, &evidence, desk.recipe.seed)?;
        let mut layers = Vec::new();
        for (target, scored) in targets.iter().zip(scored) {
            let mut layer = self.layers.get(&name(&state.graph, target)).cloned().unwrap_or_default();
            layer.scores = order::falling(&scored.scores).into_iter().map(|i| scored.scores[i]).collect();
            layers.push(layer);
        }
        let dense: f64 = layers.iter().filter_map(|layer| layer.us.first()).sum();
        let budget = *self.budget.get_or_insert(dense / self.target);
        let shares = share_out(&layers, budget);
        let masks = masks(state, desk.recipe, &shares)?;
        let Timed { ratio, low, high } = desk.compute.race(desk.start.dense, (&state.graph, &masks)).await?;
        let text = given::text(&shares);
        (desk.tell)(Told::Tried { shares: text.clone(), ratio, low, high });
        let off = (ratio / self.target - 1.0).abs();
        if off < self.nearest {
            (self.nearest, state.shares) = (off, Some(text));
        }
        if off <= CLOSE || self.done >= total {
            return Ok(Progress { done: self.done, total: self.done });
        }
        // What layers take is a part of what the network takes: the rest stays, and the part makes up for it.
        self.budget = Some(budget * ratio / self.target);
        Ok(Progress { done: self.done, total })
    }
}

/// The name of the layer that a target is of.
fn name(graph: &Graph, target: &Target) -> String {
    match target {
        Target::Weight { node, .. } => graph.nodes[*node].name.clone(),
        Target::Channels(_) => target.name(graph),
    }
}

fn masks(state: &State, recipe: &Recipe, shares: &[f32]) -> Result<Masks> {
    let recipe = recipe.with_shares(&given::text(shares))?;
    event::cut(&state.graph, &recipe, Evidence::default(), &state.masks, recipe.sparsity)
}

impl Phase for Seek {
    fn stage(&self) -> Stage {
        Stage::new("search", format!("Time layers, share out for {:.1}× faster", self.target), self.total())
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(self.slice(state, desk))
    }
}
