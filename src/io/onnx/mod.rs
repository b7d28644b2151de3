//! ONNX: networks as files that other programs run.

mod boost;
mod model;
mod proto;
mod tokens;
mod write;

pub use write::write;
