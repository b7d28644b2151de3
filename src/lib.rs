//! Secateur prunes neural networks in a browser tab and measures, on the visitor's own device, what the cut costs and buys.
//!
//! Floors, lowest first; a file uses only lower ones: `base`; `kernel`, `data`; `graph`; `train`, `io`, `zoo`, `compile`;
//! `prune`, `gpu`; `session`; then the two faces, `wasm` and the command line. `docs/architecture.md` walks through them.
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
