//! Networks that were pruned before they were opened: their zeros are held or given up by choice, and the dense side of a
//! measurement computes with them.

use secateur::base::{Flat, Result};
use secateur::compile::choose::dense;
use secateur::graph::Graph;
use secateur::prune::Settings;
use secateur::session::Session;
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{finish, open, run, settings};

/// A session with a network of which nine tenths were cut and saved.
fn pruned_before(model: &str) -> Result<Session> {
    let (first, _) = run(model, "sparsity=0.9 recovery=none")?;
    let mut session = open(model)?;
    session.open(model, first.file().expect("a finished run leaves a file"))?;
    Ok(session)
}

fn zeros(graph: &Graph) -> usize {
    let of =
        |(_, id): (usize, usize)| graph.data(id).map_or(0, |data| data.flat().iter().filter(|x| **x == 0.0).count());
    graph.layers().map(of).sum()
}

#[wasm_bindgen_test(unsupported = test)]
fn zeros_that_a_network_comes_with_are_held_or_freed() -> Result<()> {
    for (text, held) in [("", true), ("zeros=hold", true), ("zeros=free", false)] {
        let mut session = pruned_before("lenet-5")?;
        session.start("run", &settings(&format!("sparsity=0.5 recovery.steps=3 {text}")))?;
        let (record, _) = finish(&mut session)?;
        let outcome = session.outcome().expect("a network");
        let (left, all) = record.layers.iter().fold((0, 0), |(k, t), layer| (k + layer.kept, t + layer.total));
        let gone = zeros(&outcome.masked) as f64 / all as f64;
        let told =
            record.notes.iter().any(|note| note.contains("not the 50% asked for: more than that was zero before"));
        assert_eq!((gone > 0.89, told), (held, held), "{text}: {gone}, {:?}", record.notes);
        // What is freed and learns nothing is zero and kept all the same.
        let apart = 1.0 - left as f64 / all as f64 - gone;
        assert!(if held { apart.abs() < 0.01 } else { apart < 0.0 }, "{text}: the record counts {left} of {all}");
        // What is counted is what the file holds.
        let trained: usize = outcome
            .network
            .trained()
            .map(|id| outcome.network.data(id).map_or(0, |data| data.flat().iter().filter(|x| **x != 0.0).count()))
            .sum();
        assert_eq!(record.size.nonzero, trained, "{text}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn held_zeros_survive_every_way_to_begin_anew() -> Result<()> {
    for text in [
        "schedule=before criterion=random recovery.steps=2",
        "recovery=rewind recovery.steps=2",
        "recovery=rewind recovery.to=2 recovery.steps=2",
        "pattern=row criterion=l2-norm recovery=none",
        "pattern=n:m allocation=layer recovery=none",
        "spare=first recovery=none",
    ] {
        let mut session = pruned_before("lenet-5")?;
        let before = session.zeros().clone();
        session.start("run", &settings(&format!("sparsity=0.5 {text}")))?;
        finish(&mut session).map_err(|e| e.at(text))?;
        let outcome = session.outcome().expect("a network");
        for (id, mask) in before.iter() {
            let data = outcome.masked.data(id)?.flat();
            let back = data.iter().zip(mask).filter(|(x, m)| **m == 0 && **x != 0.0).count();
            assert_eq!(back, 0, "{text}: {back} weights come back");
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn the_dense_side_runs_on_dense_kernels() -> Result<()> {
    let mut session = pruned_before("resnet8")?;
    session.start("baseline", &Settings::new())?;
    let (record, _) = finish(&mut session)?;
    for layer in &record.layers {
        assert!(dense(&layer.kernel), "{} runs on {}", layer.name, layer.kernel);
        assert!(layer.candidates.iter().all(|candidate| dense(&candidate.kernel)), "{layer:?}");
    }
    Ok(())
}
