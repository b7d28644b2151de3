//! Floor 1: y = act(W x + b) on slices, many ways. Nothing here knows a graph.

pub mod block;
pub mod conv;
pub mod depthwise;
pub mod element;
pub mod flat;
pub mod gemm;
pub mod gemv;
pub mod geometry;
pub mod int8;
pub mod lines;
pub mod naive;
pub mod nm;
pub mod peak;
pub mod pool;
pub mod rows;
pub mod simd;
pub mod store;
