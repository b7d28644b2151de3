//! Which weights are kept. A mask holds 1 for kept and 0 for cut, in the shape of its weight.

use std::collections::BTreeMap;

use crate::base::{Flat, Result, Tensor};

use super::{Graph, ValueId};

/// Masks by weight; a weight without one is kept whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Masks(BTreeMap<ValueId, Vec<u8>>);

impl Masks {
    /// Keeps `keep[i] == 1`.
    pub fn set(&mut self, weight: ValueId, keep: Vec<u8>) {
        self.0.insert(weight, keep);
    }

    /// Keeps a weight whole.
    pub fn forget(&mut self, weight: ValueId) {
        self.0.remove(&weight);
    }

    /// The mask of a weight, if it has one.
    pub fn get(&self, weight: ValueId) -> Option<&[u8]> {
        self.0.get(&weight).map(Vec::as_slice)
    }

    /// All masks, by weight.
    pub fn iter(&self) -> impl Iterator<Item = (ValueId, &[u8])> {
        self.0.iter().map(|(&id, mask)| (id, mask.as_slice()))
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers of a parameter of `total` are kept.
    pub fn kept(&self, weight: ValueId, total: usize) -> usize {
        self.get(weight).map_or(total, |mask| mask.iter().filter(|&&m| m == 1).count())
    }

    /// Cuts what another set cuts, too.
    pub fn hold(&mut self, other: &Masks) {
        for (id, cut) in other.iter() {
            match self.0.get_mut(&id) {
                Some(mask) => mask.iter_mut().zip(cut).for_each(|(m, &c)| *m &= c),
                None => self.set(id, cut.to_vec()),
            }
        }
    }

    /// Sets what is cut to exactly zero.
    ///
    /// # Errors
    /// When a masked value is not a parameter.
    pub fn apply(&self, graph: &mut Graph) -> Result<()> {
        for (id, mask) in self.iter() {
            zero(graph.data_mut(id)?, mask);
        }
        Ok(())
    }
}

/// Sets the elements whose mask is 0 to zero: assigned, not multiplied, so no NaN or negative zero survives.
pub fn zero(data: &mut Tensor, mask: &[u8]) {
    for (x, &m) in data.flat_mut().iter_mut().zip(mask) {
        if m == 0 {
            *x = 0.0;
        }
    }
}
