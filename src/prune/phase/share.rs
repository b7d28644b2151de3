//! Kept weights that share numbers, layer by layer.

use crate::base::lloyd::Lloyd;
use crate::base::{Flat, Result};
use crate::graph::ValueId;
use crate::prune::told::{Stage, Told};
use crate::train::State;

use super::{Desk, Phase, Progress, Soon};

/// Weights that are put to a centroid in one slice.
const SLICE: usize = 2_000_000;

/// A layer under way.
#[derive(Debug)]
struct Layer {
    id: ValueId,
    /// Where its kept weights lie.
    places: Vec<usize>,
    weights: Vec<f32>,
    lloyd: Lloyd,
}

/// Puts the kept weights of each layer to so many centroids.
#[derive(Debug)]
pub struct Share {
    count: usize,
    /// Layers that are done.
    done: usize,
    under_way: Option<Layer>,
}

impl Share {
    /// So many centroids a layer.
    pub fn new(count: usize) -> Self {
        Self { count, done: 0, under_way: None }
    }

    /// The kept weights of a layer; `None` if they are no more numbers than centroids.
    fn begin(&self, state: &State, id: ValueId) -> Result<Option<Layer>> {
        let (data, mask) = (state.graph.data(id)?.flat(), state.masks.get(id));
        let places: Vec<usize> = (0..data.len()).filter(|&i| mask.is_none_or(|mask| mask[i] == 1)).collect();
        let weights: Vec<f32> = places.iter().map(|&i| data[i]).collect();
        let lloyd = Lloyd::new(&weights, self.count);
        Ok((weights.len() > self.count).then_some(Layer { id, places, weights, lloyd }))
    }

    fn slice(&mut self, state: &mut State, desk: &mut Desk<'_>) -> Result<Progress> {
        let layers = state.graph.layers().count();
        let Some((_, id)) = state.graph.layers().nth(self.done) else {
            return Ok(Progress { done: layers, total: layers });
        };
        if self.under_way.is_none() {
            self.under_way = self.begin(state, id)?;
        }
        if let Some(Layer { id, places, weights, lloyd }) = &mut self.under_way {
            let rounds = (SLICE / weights.len()).max(1);
            if !(0..rounds).any(|_| lloyd.step(weights)) {
                return Ok(Progress { done: self.done, total: layers });
            }
            let data = state.graph.data_mut(*id)?.flat_mut();
            places.iter().zip(&lloyd.nearest).for_each(|(&i, &k)| data[i] = lloyd.centroids[usize::from(k)] as f32);
        }
        self.under_way = None;
        self.done += 1;
        if self.done == layers {
            let note = format!(
                "The kept weights of each layer share at most {} numbers. Files are smaller for it; what runs is no faster.",
                self.count
            );
            (desk.tell)(Told::Note(note));
        }
        Ok(Progress { done: self.done, total: layers })
    }
}

impl Phase for Share {
    fn stage(&self) -> Stage {
        Stage::new("fuse", format!("Share {} numbers a layer", self.count), 1)
    }

    fn step<'a>(&'a mut self, state: &'a mut State, desk: &'a mut Desk<'_>) -> Soon<'a, Progress> {
        Box::pin(std::future::ready(self.slice(state, desk)))
    }
}
