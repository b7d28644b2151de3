//! Solvers in whole runs: what is kept is what was allocated, what is cut is zero, and answers come nearer to the dense network's.

use secateur::base::{Flat, Result};
use secateur::data::{self, Dataset};
use secateur::graph::Graph;
use secateur::graph::run::run as answers;
use secateur::io::safetensors;
use secateur::prune::solver;
use secateur::session::record::Record;
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::settled;
use super::session::{self, bars, finish, open, run, settings};

/// Networks and what is cut of them: mostly the one whose layers are narrow, for exact solutions grow with the third power of the width.
const CASES: [(&str, &str); 7] = [
    ("mobilenet-small", "pattern=element"),
    ("mobilenet-small", "pattern=n:m allocation=layer"),
    ("mobilenet-small", "pattern=block pattern.rows=1 pattern.columns=2"),
    ("mobilenet-small", "pattern=row criterion=l1-norm sparsity=0.4"),
    ("mobilenet-small", "pattern=channel criterion=l1-norm sparsity=0.4"),
    ("resnet8", "pattern=channel criterion=l1-norm sparsity=0.4"),
    ("vit-small", "pattern=row criterion=l1-norm sparsity=0.4"),
];

#[wasm_bindgen_test(unsupported = test)]
fn every_solver_keeps_what_was_allocated() -> Result<()> {
    let kept = |record: &Record| -> Vec<usize> { record.layers.iter().map(|layer| layer.kept).collect() };
    let mut ran = 0;
    for (model, text) in CASES {
        let all = format!("sparsity=0.6 {text} recovery=none calibration=16");
        let (_, plain) = run(model, &all)?;
        for part in solver::ALL.iter().filter(|part| part.solves()) {
            let mut session = open(model)?;
            let solved = format!("{all} solver={}", part.meta().id);
            // Which refusals are right is the contract tests' business.
            if session.start("run", &settings(&solved)).is_err() {
                continue;
            }
            let (record, _) = finish(&mut session)?;
            // The last block of a row may be narrower than the others.
            let slack = |b: usize| if text.contains("block") { 8.max(b / 40) } else { 0 };
            for (a, b) in kept(&record).into_iter().zip(kept(&plain)) {
                assert!(a.abs_diff(b) <= slack(b), "{model} {solved}: {a} weights of a layer are kept, not {b}");
            }
            let outcome = session.outcome().expect("a run leaves a network");
            for (id, mask) in outcome.masks.iter() {
                let mut cut = outcome.masked.data(id)?.flat().iter().zip(mask).filter(|(_, m)| **m == 0);
                assert!(cut.all(|(x, _)| x.to_bits() == 0), "{model} {solved}: what is cut is not zero");
            }
            assert_ne!(record.digest, plain.digest, "{model} {solved}: nothing was written");
            ran += 1;
        }
    }
    assert!(ran == 26, "only {ran} runs");
    Ok(())
}

/// Summed squared difference of two networks' answers to the same examples.
fn off(a: &Graph, b: &Graph) -> Result<f64> {
    let (images, labels) = bars(24, 9);
    let x = Dataset::read(data::find("fashion-mnist")?, &images, &labels)?.batch(&(0..24).collect::<Vec<usize>>());
    let (a, b) = (answers(a, &x)?, answers(b, &x)?);
    Ok(a.flat().iter().zip(b.flat()).map(|(a, b)| f64::from(a - b) * f64::from(a - b)).sum())
}

/// On examples that no solver saw, the answers of a solved network are nearer to the dense network's.
#[wasm_bindgen_test(unsupported = test)]
fn what_is_solved_answers_more_like_the_dense_network() -> Result<()> {
    let dense = settled("mobilenet-small")?;
    let mut found = Vec::new();
    for solver in ["none", "bias", "least-squares", "sparsegpt"] {
        let mut session = open("mobilenet-small")?;
        session.open("mobilenet-small", &safetensors::write(&dense, None)?)?;
        session::data(&mut session, "mobilenet-small")?;
        session.start("run", &settings(&format!("solver={solver} recovery=none sparsity=0.5 calibration=128")))?;
        finish(&mut session)?;
        found.push(off(&session.outcome().expect("a run leaves a network").masked, &dense)?);
    }
    assert!(found[2..].iter().all(|solved| *solved < found[0]), "{found:?}");
    Ok(())
}
