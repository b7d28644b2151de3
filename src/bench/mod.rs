//! What the bench page measures; only in builds with the feature `bench`, the product's page does not carry it.
//!
//! [`network`] compiles layers and networks beside their description for the peers, [`pair`] two plans of one network,
//! [`learn`] trains, [`one_shot`] prunes, [`growth`] compiles and runs layers of any size.

mod cut;
mod describe;
mod growth;
mod learn;
mod network;
mod one_shot;
mod pair;

use wasm_bindgen::prelude::*;

use crate::base::{Error, Rng, Tensor, stats, tensor};
use crate::kernel::peak;

pub use growth::BenchGrowth;
pub use learn::BenchTraining;
pub use network::Bench;
pub use one_shot::BenchPruning;
pub use pair::BenchPair;

/// Runs multiply-adds in registers; gives how many: the rate that nothing can pass.
#[wasm_bindgen]
pub fn bench_peak(rounds: usize) -> f64 {
    peak::run(rounds) as f64
}

/// Ratio of the medians of two interleaved series, and the ends of its 95% interval.
#[wasm_bindgen]
pub fn bench_ratio(over: &[f64], under: &[f64]) -> Vec<f64> {
    let (ratio, interval) = stats::ratio(over, under, 1);
    vec![ratio, interval.low, interval.high]
}

fn thrown(error: Error) -> JsError {
    JsError::new(&error.to_string())
}

/// Examples of normal numbers, the same each time.
fn examples(count: usize, shape: &[usize]) -> Tensor {
    let shape: Vec<usize> = std::iter::once(count).chain(shape.iter().copied()).collect();
    let (mut x, mut rng) = (tensor::zeros(&shape), Rng::fork(1, "bench"));
    x.iter_mut().for_each(|x| *x = rng.normal());
    x
}
