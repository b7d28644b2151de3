//! What parts do inside a training step, as [hooks](crate::train::hook::Hook) of the trainer.

mod exchange;

pub use exchange::exchanging;
