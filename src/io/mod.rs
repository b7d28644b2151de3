//! Floor 3: formats of files.

pub mod onnx;
pub mod safetensors;
