//! Secateur prunes neural networks in a browser tab and measures, on the visitor's own device, what the cut costs and buys.
//!
//! Floors, lowest first; a file uses only lower ones: `base`; `kernel`, `data`; `graph`; `train`, `io`, `zoo`, `compile`;
//! `prune`, `gpu`; `session`; then the two faces, `wasm` and the command line. `docs/architecture.md` walks through them.
//!
//! Words that have one meaning here:
//!
//! - *graph*: a network as data, made of *values* and *nodes*; a *layer* is a node with weights, an *operator* what a node does.
//! - *mask*: which weights of a layer are kept; a *unit* is the least that a *pattern* keeps or cuts as a whole.
//! - *recipe*: a choice on every *axis*, made from *settings*; a *method* is a recipe that was published; a *part* is one choice.
//! - *phase*: a piece of a recipe (prune, train, rewind); a *task* is a piece of a run, phases and measurements alike; a *stage*
//!   is a task as the timeline shows it; a *slice* is what is done before the page may breathe again.
//! - *event*: where masks change: evidence, scores, allocation, selection. What a session tells is a session event.
//! - *plan*: a network compiled for the processor, with a *form* (a packed layout and its *kernel*) for each layer; an *executor* is
//!   the same on a GPU, a *runner* either of them. *Epilogue*: what a kernel does with a sum: bias, residual, activation.
//! - *run*: what a visitor starts, and its *record*; *dense*: the network as it was before the run, whatever a file cut of it.
//! - *step*: one move of all weights in training. A plan's are *plan steps*, a GPU program's *program steps*.
#![deny(missing_docs)]

#[macro_use]
pub mod base;
#[cfg(all(feature = "bench", target_arch = "wasm32"))]
pub mod bench;
pub mod catalog;
pub mod compile;
pub mod data;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "gpu/absent.rs"]
pub mod gpu;
pub mod graph;
pub mod io;
pub mod kernel;
pub mod prune;
pub mod session;
pub mod train;
pub mod zoo;

#[cfg(target_arch = "wasm32")]
pub mod wasm;
