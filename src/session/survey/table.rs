//! What a survey found.

use serde::Serialize;
use ts_rs::TS;

/// One measured point.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(rename = "SurveyRow")]
pub struct Row {
    /// What ran it: `cpu` or `gpu`.
    pub executor: &'static str,
    /// Id of the layer.
    pub layer: &'static str,
    /// The layer, for people.
    pub layer_name: &'static str,
    /// What is cut, for people.
    pub series: &'static str,
    /// Share of the weights that is cut.
    pub sparsity: f64,
    /// Time of the best form for what is left, in µs.
    pub us: f64,
    /// Time of the fastest dense form, in µs.
    pub dense_us: f64,
    /// dense / sparse.
    pub ratio: f64,
    /// Lower end of its 95% interval.
    pub low: f64,
    /// Upper end of its 95% interval.
    pub high: f64,
    /// Name of the form.
    pub kernel: String,
    /// Output pixels.
    pub pixels: usize,
    /// Weights of the dense layer.
    pub weights: usize,
}

/// A finished survey.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(rename = "Survey")]
pub struct Table {
    /// All points.
    pub rows: Vec<Row>,
    /// Multiply-adds that one thread can do at best, in 10⁹ floating-point operations a second.
    pub peak_gflops: f64,
    /// Step of the clock, in µs.
    pub timer_step_us: f64,
    /// Threads used.
    pub threads: usize,
    /// Whether multiply-adds are fused.
    pub relaxed_simd: bool,
    /// The GPU's name for itself, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub gpu: Option<String>,
    /// Instruction set.
    pub simd: String,
    /// Whether the page is isolated.
    pub isolated: bool,
    /// How long it took.
    pub seconds: f64,
}
