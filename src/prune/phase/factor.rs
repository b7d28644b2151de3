//! Layers that become two thinner ones.

use crate::base::svd::{Directions, Svd, rank};
use crate::base::{Flat, Result};
use crate::graph::{ValueId, factor};
use crate::prune::event::spared;
use crate::prune::remarks::percent;
use crate::prune::told::{Stage, Told};
use crate::train::State;

use super::{Desk, Phase, Progress, Soon};

/// Numbers that are turned in one slice.
const SLICE: usize = 8_000_000;

/// Gives each layer the fewest directions that hold a share of its energy.
#[derive(Debug)]
pub struct Factor {
    energy: f64,
    /// Weights that can become two, and those of them that are done; empty before the first slice.
    layers: Vec<ValueId>,
    done: usize,
    under_way: Option<Svd>,
    /// Layers that became two, and their numbers before and after.
    split: usize,
    numbers: [usize; 2],
}

impl Factor {
    /// A share of the energy.
    pub fn new(energy: f64) -> Self {
        Self { energy, layers: Vec::new(), done: 0, under_way: None, split: 0, numbers: [0; 2] }
    }

    fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        if self.layers.is_empty() {
            let spared = spared(&state.graph, &desk.recipe.spare)?;
            // A layer that comes with zeros keeps them: two full layers would not have them.
            let whole = |id: ValueId| state.masks.get(id).is_none_or(|mask| !mask.contains(&0));
            let fits = |id: &ValueId| !spared.contains(id) && whole(*id) && factor::matrix(&state.graph, *id).is_some();
            self.layers = state.graph.layers().map(|(_, id)| id).filter(fits).collect();
        }
        let total = self.layers.len();
        let Some(&id) = self.layers.get(self.done) else {
            (desk.tell)(Told::Note(
                "No layer could become two: each is spared, comes with zeros or is two already.".into(),
            ));
            return Ok(Progress { done: 1, total: 1 });
        };
        let Some(shape) = factor::matrix(&state.graph, id) else { return Ok(Progress { done: total, total }) };
        if self.under_way.is_none() {
            self.under_way = Some(Svd::new(state.graph.data(id)?.flat(), shape));
        }
        if let Some(svd) = self.under_way.as_mut()
            && !svd.step(SLICE)
        {
            return Ok(Progress { done: self.done, total });
        }
        if let Some(svd) = self.under_way.take() {
            self.put(state, id, shape, &svd.directions())?;
        }
        self.done += 1;
        if self.done == total {
            let [before, after] = self.numbers;
            let left = 100.0 * (1.0 - after as f64 / before.max(1) as f64);
            let note =
                format!("{} of {total} layers became two. {left:.1}% of all their weights are gone.", self.split);
            (desk.tell)(Told::Note(note));
        }
        Ok(Progress { done: self.done, total })
    }

    /// Puts two layers in place of one, if they have fewer numbers.
    fn put(&mut self, state: &mut State, id: ValueId, shape: [usize; 2], found: &Directions) -> Result<()> {
        let (rank, [rows, columns]) = (rank(&found.values, self.energy), shape);
        let before = rows * columns;
        let saves = (1..=factor::most(shape)).contains(&rank);
        if saves {
            let (low, high) = halves(found, rank, rows);
            factor::split(&mut state.graph, id, rank, low, high)?;
            state.masks.forget(id);
            self.split += 1;
        }
        self.numbers[0] += before;
        self.numbers[1] += if saves { rank * (rows + columns) } else { before };
        Ok(())
    }
}

/// √S_r Vᵀ_r, and U_r √S_r, row by row: trained on, two layers of like scale do better than one of length 1 before one that has
/// all of the strength.
pub fn halves(found: &Directions, rank: usize, rows: usize) -> (Vec<f32>, Vec<f32>) {
    let roots: Vec<f64> = found.values[..rank].iter().map(|value| value.sqrt()).collect();
    let low = found.right.iter().zip(&roots).flat_map(|(v, root)| v.iter().map(move |v| (root * v) as f32)).collect();
    let at = |k: usize| (roots[k % rank] * found.left[k % rank][k / rank]) as f32;
    (low, (0..rows * rank).map(at).collect())
}

impl Phase for Factor {
    fn stage(&self) -> Stage {
        Stage::new("fuse", format!("Split each layer in two with {} of its energy", percent(self.energy as f32)), 1)
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(std::future::ready(self.slice(state, desk)))
    }
}
