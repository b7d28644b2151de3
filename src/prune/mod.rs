//! Floor 4: the axes of pruning. A method is a choice on each axis; an event is four lines.
//!
//! What goes together is a [`pattern`], which of it goes a [`criterion`], how much where an [`allocation`], when a
//! [`schedule`], what comes back a [`regrow`], what happens after a [`recovery`]. Each axis is a registry of parts.

pub mod allocation;
pub mod axis;
pub mod criterion;
pub mod event;
pub mod expand;
pub mod facts;
pub mod fusion;
pub mod gate;
pub mod gather;
pub mod hook;
pub mod layer;
pub mod method;
pub mod pattern;
pub mod penalty;
pub mod phase;
pub mod probe;
pub mod products;
pub mod reached;
pub mod recipe;
pub mod recovery;
pub mod regrow;
mod remarks;
pub mod rhythm;
pub mod running;
pub mod runtime;
pub mod schedule;
pub mod search;
pub mod solver;
pub mod split;
pub mod target;
pub mod told;
pub mod training;

pub use crate::base::part::Settings;
pub use phase::Phase;
pub use recipe::Recipe;
