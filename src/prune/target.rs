//! Targets: what competes. One weight with its units, or one group of coupled channels or branches.

use crate::base::tensor;
use crate::graph::couple::Group;
use crate::graph::slice::positions;
use crate::graph::{Graph, Masks, Role, ValueId};

/// How many units may be kept, beyond their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectRule {
    /// Any.
    Free,
    /// N of every M consecutive units.
    Groups {
        /// Units kept of a group.
        n: usize,
        /// Size of a group.
        m: usize,
    },
    /// The same number in each of so many equal runs of units.
    Rows(usize),
}

/// Which weights go together: by weight, its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// By flat position of the weight: its unit.
    pub of: Vec<u32>,
    /// Number of units.
    pub count: usize,
    /// What else holds.
    pub rule: SelectRule,
}

impl Units {
    /// Mean of the scores of each unit's weights.
    pub fn mean(&self, scores: &[f32]) -> Vec<f32> {
        let mut sums = vec![(0.0f64, 0usize); self.count];
        for (&unit, &score) in self.of.iter().zip(scores) {
            let (sum, n) = &mut sums[unit as usize];
            *sum += f64::from(score);
            *n += 1;
        }
        sums.into_iter().map(|(sum, n)| (sum / n.max(1) as f64) as f32).collect()
    }

    /// Weights of each unit.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        self.of.iter().for_each(|&unit| sizes[unit as usize] += 1);
        sizes
    }
}

/// What competes with each other.
#[derive(Clone, Debug)]
pub enum Target {
    /// One weight.
    Weight {
        /// Index of its node.
        node: usize,
        /// The weight.
        id: ValueId,
        /// Its units.
        units: Units,
        /// Parameters with one number for each unit, which go with it: where a unit is a whole output channel, its bias,
        /// and scale and shift of the norm behind it. A channel without weights would still send on what these add.
        along: Vec<ValueId>,
    },
    /// Channels that live and die together across layers, or branches.
    Channels(Group),
}

impl Target {
    /// Number of units.
    pub fn units(&self) -> usize {
        match self {
            Self::Weight { units, .. } => units.count,
            Self::Channels(group) => group.units.len(),
        }
    }

    /// Masks of the kept units, into `masks`.
    pub fn mask(&self, graph: &Graph, keep: &[bool], masks: &mut Masks) {
        match self {
            Self::Weight { id, units, along, .. } => {
                masks.set(*id, units.of.iter().map(|&u| u8::from(keep[u as usize])).collect());
                along.iter().for_each(|&id| masks.set(id, keep.iter().map(|&keep| u8::from(keep)).collect()));
            }
            Self::Channels(group) => {
                for (unit, _) in group.units.iter().zip(keep).filter(|(_, keep)| !**keep) {
                    for &(id, axis, index) in &unit.slices {
                        let shape = &graph.values[id].shape;
                        let mut mask = masks.get(id).map_or_else(|| vec![1; tensor::count(shape)], <[u8]>::to_vec);
                        positions(shape, axis, index, |i| mask[i] = 0);
                        masks.set(id, mask);
                    }
                }
            }
        }
    }

    /// Units that a mask keeps.
    pub fn kept(&self, graph: &Graph, masks: &Masks) -> Vec<bool> {
        match self {
            Self::Weight { id, units, .. } => match masks.get(*id) {
                None => vec![true; units.count],
                Some(mask) => {
                    let mut keep = vec![false; units.count];
                    units.of.iter().zip(mask).for_each(|(&u, &m)| keep[u as usize] |= m == 1);
                    keep
                }
            },
            Self::Channels(group) => {
                let made = |unit: &crate::graph::couple::Unit| {
                    unit.slices.iter().filter(|s| s.1 == 0 && graph.values[s.0].role == Role::Weight).any(
                        |&(id, axis, index)| {
                            let Some(mask) = masks.get(id) else { return true };
                            let mut any = false;
                            positions(&graph.values[id].shape, axis, index, |i| any |= mask[i] == 1);
                            any
                        },
                    )
                };
                group.units.iter().map(made).collect()
            }
        }
    }

    /// Name of the layer, or of the layers that make the channels.
    pub fn name(&self, graph: &Graph) -> String {
        let layer = |id: ValueId| graph.values[id].name.trim_end_matches(".weight").to_string();
        match self {
            Self::Weight { id, .. } => layer(*id),
            Self::Channels(group) if group.bypasses() => "branches".into(),
            Self::Channels(group) => group.makers.iter().map(|&id| layer(id)).collect::<Vec<_>>().join(" + "),
        }
    }
}
