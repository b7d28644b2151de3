//! Runs that remove whole channels: what is left is a smaller network that answers as the masked one does.

use secateur::base::Result;
use secateur::graph::{count, run};
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::noise;
use super::session;

#[wasm_bindgen_test(unsupported = test)]
fn channels_leave_for_real() -> Result<()> {
    let (session, record) = session::run("resnet8", "method=l1-filters recovery.steps=2 sparsity=0.5")?;
    let outcome = session.outcome().expect("a network");
    let small = count::parameters(&outcome.network);
    assert!(small * 3 < record.size.parameters, "{small} of {} parameters are left", record.size.parameters);
    assert!(record.macs.pruned * 3 < record.macs.dense);
    // What is exported is the small network, and it answers as the masked one does.
    let x = noise(&[3, 1, 28, 28], 4);
    let (a, b) = (run::run(&outcome.masked, &x)?, run::run(&outcome.network, &x)?);
    let top = a.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4 * top));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn widths_are_rounded() -> Result<()> {
    for (round, sparsity) in [(4, 0.5), (8, 0.37), (16, 0.9)] {
        let recipe = format!("method=l1-filters recovery=none pattern.round={round} sparsity={sparsity}");
        let (session, _) = session::run("resnet8", &recipe)?;
        let outcome = session.outcome().expect("a network");
        let widths: Vec<usize> = outcome.network.layers().map(|(_, id)| outcome.network.values[id].shape[0]).collect();
        let (answers, channels) = widths.split_last().expect("layers");
        assert_eq!(*answers, 10, "classes stay");
        assert!(channels.iter().all(|w| w % round == 0 && *w > 0), "{widths:?} are multiples of {round}");
    }
    Ok(())
}
