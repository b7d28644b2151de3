//! A program whose values have places: what a plan is made from, and what a GPU is given.

use crate::graph::ValueId;

use super::lower::LoweredLayer;
use super::place::Place;

/// A step of a placed program.
#[derive(Debug)]
pub enum PlacedStep {
    /// A layer.
    Layer(Box<LoweredLayer>),
    /// Rows and columns sorted into phases for a strided convolution.
    Split {
        /// What is split.
        from: ValueId,
        /// The phases.
        to: ValueId,
        /// The stride.
        stride: [usize; 2],
    },
}

/// A program with places.
#[derive(Debug)]
pub struct Placed {
    /// Batch size.
    pub batch: usize,
    /// Steps in order.
    pub steps: Vec<PlacedStep>,
    /// Places, by value. Those of parameters are never used.
    pub places: Vec<Place>,
    /// Where examples enter.
    pub input: ValueId,
    /// Where answers leave.
    pub output: ValueId,
}
