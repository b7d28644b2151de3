//! ONNX: networks as files that other programs run.

mod model;
mod proto;
mod write;

pub use write::write;
