//! Calibration passes of whole runs: what a GPU sees decides what a processor would, and what it leaves undone is done again.

use secateur::base::{Error, Flat, Result};
use secateur::io::safetensors;
use secateur::session::event::Event;
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

use super::drive;
use crate::gpu::device;
use crate::session::{open, run};

/// A watcher that acts when a stage of a kind has come to a step.
fn at(kind: &'static str, step: usize, act: impl Fn()) -> impl FnMut(&[Event]) {
    let mut now = String::new();
    move |events| {
        for event in events {
            match event {
                Event::Phase { kind, .. } => now.clone_from(kind),
                Event::Progress { done, .. } if now == kind && *done == step => act(),
                _ => {}
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_sees_what_the_processor_sees() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let cases = [
        // Four batches of gradients, and the same again after some steps.
        ("lenet-300-100", "criterion=taylor schedule=iterative schedule.rounds=2 recovery.steps=2 calibration=128"),
        // The last batch is a small one. Cut while training.
        ("lenet-300-100", "criterion=wanda schedule=cubic schedule.every=2 recovery.steps=4 calibration=80"),
        ("lenet-5", "criterion=apoz pattern=channel sparsity=0.3 recovery=none calibration=96"),
        ("resnet8", "sparsity=0.5 recovery=bn-recalibrate recovery.batches=2"),
    ];
    // A browser's software GPU would take a minute for the last.
    let there = cases.len() - usize::from(cfg!(target_arch = "wasm32"));
    for (model, recipe) in &cases[..there] {
        let mut session = open(model)?;
        session.attach(Ok(device.clone()), None);
        let (record, warnings) = drive(&mut session, &format!("{recipe} executor=gpu"), |_| {}).await?;
        assert!(warnings.is_empty(), "{recipe}: {warnings:?}");
        let took = &record.environment.gpu_took_part;
        assert!(took.iter().any(|part| part == "calibration"), "{recipe}: {took:?}");
        assert!(record.notes.iter().any(|note| note.contains("calibration")), "{recipe}: {:?}", record.notes);
        let (cpu, _) = run(model, &format!("{recipe} executor=cpu"))?;
        let [here, there] = [cpu.outcome(), session.outcome()].map(|outcome| outcome.expect("a finished run"));
        let (mut differ, mut all) = (0, 0);
        for ((_, here), (_, there)) in here.masks.iter().zip(there.masks.iter()) {
            differ += here.iter().zip(there).filter(|(a, b)| a != b).count();
            all += here.len();
        }
        assert!(all > 1000 && differ * 200 <= all, "{recipe}: {differ} of {all} weights were cut on one side only");
        if differ == 0 && recipe.contains("bn-recalibrate") {
            for (id, _) in here.masked.parameters() {
                let [here, there] = [here.masked.data(id)?.flat(), there.masked.data(id)?.flat()];
                let top = here.iter().fold(1e-6f32, |top, x| top.max(x.abs()));
                assert!(here.iter().zip(there).all(|(a, b)| (a - b).abs() <= 1e-3 * top), "{recipe}, value {id}");
            }
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_that_is_lost_in_calibration_costs_nothing_but_time() -> Result<()> {
    let cases = [
        ("lenet-300-100", "criterion=taylor recovery=none calibration=128", "prune"),
        ("resnet8", "sparsity=0.5 recovery=bn-recalibrate recovery.batches=3", "recalibrate"),
    ];
    for (model, recipe, kind) in cases {
        let Some(device) = device().await else { return Ok(()) };
        let (_, cpu) = run(model, &format!("{recipe} executor=cpu"))?;
        let mut session = open(model)?;
        session.attach(Ok(device.clone()), None);
        // It has been tried by then, and has done a batch.
        let watch = at(kind, 2, || device.destroy());
        let (record, warnings) = drive(&mut session, &format!("{recipe} executor=gpu"), watch).await?;
        assert_eq!(warnings.len(), 1, "{kind}: said once: {warnings:?}");
        assert!(record.notes.contains(&warnings[0]), "{:?}", record.notes);
        assert!(
            !record.environment.gpu_took_part.iter().any(|part| part == "calibration"),
            "{kind}: nothing of it counts"
        );
        assert_eq!((record.digest, record.accuracy.after), (cpu.digest, cpu.accuracy.after), "{kind}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_on_trial_sees_nothing_that_counts_unless_it_wins() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let recipe = "criterion=wanda recovery=none calibration=160";
    let (_, cpu) = run("lenet-300-100", &format!("{recipe} executor=cpu"))?;
    let mut session = open("lenet-300-100")?;
    session.attach(Ok(device), None);
    let (record, warnings) = drive(&mut session, recipe, |_| {}).await?;
    assert!(warnings.is_empty(), "{warnings:?}");
    let took = record.environment.gpu_took_part.iter().any(|part| part == "calibration");
    assert!(took || record.digest == cpu.digest, "it looked, and does not say so");
    Ok(())
}

/// Squares of what flows through this network overflow: the GPU's infinities are the processor's too, or do not count.
#[wasm_bindgen_test(unsupported = pollster::test)]
async fn what_is_no_number_is_the_processors_word() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut records = Vec::new();
    for lent in [None, Some(device)] {
        let mut graph = zoo::find("lenet-5")?.build(1)?;
        for (_, id) in graph.layers().collect::<Vec<_>>() {
            graph.data_mut(id)?.mapv_inplace(|w| w * 1e9);
        }
        let mut session = open("lenet-5")?;
        session.open("lenet-5", &safetensors::write(&graph, None)?)?;
        let executor = if lent.is_some() { "gpu" } else { "cpu" };
        session.attach(lent.ok_or_else(|| Error::unsupported("not here")), None);
        let recipe = format!("criterion=wanda recovery=none calibration=128 executor={executor}");
        let (record, warnings) = drive(&mut session, &recipe, |_| {}).await?;
        assert!(warnings.is_empty(), "{warnings:?}");
        records.push(record);
    }
    assert_eq!(records[0].digest, records[1].digest);
    let took = &records[1].environment.gpu_took_part;
    assert!(!took.iter().any(|part| part == "calibration"), "{took:?}");
    Ok(())
}
