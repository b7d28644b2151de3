//! Patterns: what goes together.

mod block;
mod branch;
mod channel;
mod element;
mod nm;
mod row;

use crate::base::Result;
use crate::base::part::{Args, Part};
use crate::graph::Graph;
use crate::graph::couple::Group;

use super::facts::{Facts, RowUnits};
use super::target::Units;

/// A rule that groups the weights of a layer into units.
pub trait Pattern: Part {
    /// The units of a weight [out, in, ...].
    ///
    /// # Errors
    /// When the pattern does not fit the shape.
    fn units(&self, shape: &[usize], args: &Args) -> Result<Units>;

    /// Whether its values make sense together.
    ///
    /// # Errors
    /// When they do not; the error names the setting.
    fn check(&self, args: &Args) -> Result<()> {
        let _ = args;
        Ok(())
    }

    /// Whether a unit is a single weight, free of all others.
    fn single(&self) -> bool {
        false
    }

    /// Why it does not go with the other parts of a recipe.
    fn clash(&self, args: &Args, with: &Facts) -> Option<String> {
        let _ = (args, with);
        None
    }

    /// Units within rows, where its own are such.
    fn row_units(&self, args: &Args) -> Option<RowUnits> {
        let _ = args;
        None
    }

    /// Whether units are removed for real: coupled channels or whole branches.
    fn physical(&self) -> bool {
        false
    }

    /// Units of the whole network and not of a weight, in groups that compete, where there are such.
    ///
    /// # Errors
    /// When an operator refuses.
    fn groups_of(&self, graph: &Graph, args: &Args) -> Result<Vec<Group>> {
        let _ = (graph, args);
        Ok(Vec::new())
    }

    /// Whether whole layers leave, and the stream beside them goes on.
    fn bypasses(&self) -> bool {
        false
    }

    /// Whether a unit is a whole output channel.
    fn channelwise(&self) -> bool {
        false
    }

    /// The share that the pattern cuts by itself, whatever is asked for.
    fn sparsity(&self, args: &Args) -> Option<f32> {
        let _ = args;
        None
    }

    /// Widths are kept at multiples of this.
    fn round(&self, args: &Args) -> usize {
        let _ = args;
        1
    }

    /// N and M, if that is the rule.
    fn groups(&self, args: &Args) -> Option<(usize, usize)> {
        let _ = args;
        None
    }
}

/// All patterns.
pub static ALL: &[&dyn Pattern] = &[&element::Part, &nm::Part, &block::Part, &row::Part, &channel::Part, &branch::Part];
