//! Secateur prunes neural networks in a browser tab and measures, on the visitor's own device, what the cut costs and buys.
//!
//! Floors, lowest first; a file uses only lower ones: `base`; `kernel`, `data`; `graph`; `train`, `io`, `zoo`, `compile`;
//! `prune`; `session`; then the two faces, `wasm` and the command line. `docs/architecture.md` walks through them.
#![deny(missing_docs)]

#[macro_use]
pub mod base;
pub mod compile;
pub mod kernel;
pub mod graph;
pub mod data;
pub mod train;
pub mod io;
pub mod zoo;
