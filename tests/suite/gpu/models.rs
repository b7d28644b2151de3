//! Networks of the zoo on the GPU: dense, cut, and cut in every pattern.

use secateur::base::Result;
use secateur::compile::Choose;
use secateur::gpu::Precision;
use secateur::graph::Masks;
use secateur::prune::Settings;
use secateur::session::survey::by_magnitude;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{Case, check, device, models, precisions};
use crate::plan::{cut, noise, settled};

/// Batch sizes, shares that are cut, and precisions.
const RUNS: [(usize, f32, Precision); 5] = [
    (1, 0.0, Precision::Single),
    (1, 0.9, Precision::Single),
    (3, 0.9, Precision::Single),
    (1, 0.0, Precision::Half),
    (3, 0.9, Precision::Half),
];

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_runs_every_model_dense_and_sparse() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    for model in models() {
        let graph = settled(model.id)?;
        for (batch, share, precision) in RUNS {
            if !precisions(&device).contains(&precision) {
                continue;
            }
            let masks = &if share > 0.0 { cut(&graph, share) } else { Masks::default() };
            let what = format!("{}, batch {batch}, sparsity {share}", model.id);
            let x = &noise(&[batch, 1, 28, 28], 6);
            let choose = Choose::Predict;
            check(&device, &Case { what, graph: &graph, masks, rules: &[], x, choose, precision }).await?;
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_runs_every_pattern() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    for pattern in ["pattern=block pattern.rows=4", "pattern=n:m", "pattern=row", "pattern=channel"] {
        for id in ["resnet8", "mobilenet-small"] {
            let text = format!("{pattern} allocation=layer recovery=none sparsity=0.5");
            let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
            let settings: Settings = pairs.map(|(key, value)| (key.into(), value.into())).collect();
            let (graph, masks, rules) = by_magnitude(settled(id)?, &settings)?;
            let (what, x) = (format!("{id} {pattern}"), &noise(&[2, 1, 28, 28], 6));
            let (choose, precision) = (Choose::Predict, Precision::Single);
            let case = Case { what, graph: &graph, masks: &masks, rules: &rules, x, choose, precision };
            check(&device, &case).await?;
            if pattern == "pattern=n:m" {
                let kernels = check(&device, &Case { choose: Choose::Named("gpu n:m 4"), ..case }).await?;
                assert!(kernels.iter().any(|kernel| kernel == "gpu n:m 4"), "{id} ran on {kernels:?}");
            }
        }
    }
    Ok(())
}
