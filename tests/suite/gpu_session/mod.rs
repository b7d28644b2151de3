//! Whole runs in a session that has a GPU: what is chosen, what is told, and what happens when the GPU goes away.

mod calibration;

use secateur::base::Result;
use secateur::session::record::Record;
use secateur::session::{Session, event::Event};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::gpu::device;
use crate::session::{open, run, settings};

/// Runs a recipe a slice at a time; `watch` sees each slice's events, and may do something to the GPU.
async fn drive(session: &mut Session, text: &str, mut watch: impl FnMut(&[Event])) -> Result<(Record, Vec<String>)> {
    session.start("run", &settings(text))?;
    let mut warnings = Vec::new();
    loop {
        let events = session.advance(0.0).await?;
        watch(&events);
        for event in events {
            match event {
                Event::Note { message, .. } => warnings.push(message),
                Event::Result { record } => return Ok((*record, warnings)),
                _ => {}
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_and_processor_are_both_timed_and_both_told() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut session = open("lenet-300-100")?;
    session.attach(Ok(device), Some("a GPU for tests".into()));
    let (record, warnings) = drive(&mut session, "recovery=none", |_| {}).await?;
    assert!(warnings.is_empty(), "{warnings:?}");
    let [cpu, gpu] = record.speed.by_executor.as_slice() else { panic!("{:?}", record.speed) };
    assert_eq!((cpu.executor.as_str(), gpu.executor.as_str()), ("cpu", "gpu"));
    assert!(gpu.pruned_ms > 0.0 && gpu.cold_ms > 0.0 && gpu.dispatches >= 3 && gpu.samples >= 5, "{gpu:?}");
    assert!(gpu.gain_low <= gpu.gain && gpu.gain <= gpu.gain_high, "{gpu:?}");
    // The faster one is taken, and by more than chance.
    let faster = if gpu.gain_low > 1.0 { "gpu" } else { "cpu" };
    assert_eq!((record.speed.executor.as_str(), record.environment.executor.as_str()), (faster, faster));
    let best = if faster == "gpu" { gpu.pruned_ms } else { cpu.pruned_ms };
    assert_eq!(record.speed.pruned_ms, best);
    assert!(
        record.notes.iter().any(|note| note.starts_with("The GPU is ") || note.starts_with("WebGPU is ")),
        "{:?}",
        record.notes
    );
    assert_eq!(record.environment.gpu.as_deref(), Some("a GPU for tests"));
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_that_is_asked_for_does_all_it_can() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut session = open("lenet-5")?;
    session.attach(Ok(device), None);
    let recipe = "sparsity=0.8 recovery.steps=3 executor=gpu seed=5";
    let (record, warnings) = drive(&mut session, recipe, |_| {}).await?;
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(record.environment.gpu_took_part, ["answers", "timing", "training"]);
    assert_eq!((record.speed.executor.as_str(), record.speed.dense_executor.as_str()), ("gpu", "gpu"));
    assert!(record.notes.iter().any(|note| note.starts_with("Not bit-exact")), "{:?}", record.notes);
    assert!(record.layers.iter().all(|layer| layer.kernel.starts_with("gpu ")), "{:?}", record.layers);
    let outcome = session.outcome().expect("a finished run");
    for (id, mask) in outcome.masks.iter() {
        let weights = outcome.masked.data(id)?;
        assert!(weights.iter().zip(mask).all(|(w, &kept)| kept == 1 || *w == 0.0), "a cut weight has moved");
    }
    // The same batches, the same losses but for rounding.
    let (_, cpu) = run("lenet-5", "sparsity=0.8 recovery.steps=3 executor=cpu seed=5")?;
    assert!(cpu.environment.gpu_took_part.is_empty() && cpu.speed.by_executor.len() == 1);
    for (ours, theirs) in record.curve.iter().zip(&cpu.curve) {
        assert!((ours.loss - theirs.loss).abs() <= 1e-3 * theirs.loss.abs(), "{ours:?} {theirs:?}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_on_trial_changes_no_bit_unless_it_wins() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let recipe = "sparsity=0.8 recovery.steps=6 seed=5";
    let (_, cpu) = run("lenet-300-100", &format!("{recipe} executor=cpu"))?;
    let mut session = open("lenet-300-100")?;
    session.attach(Ok(device), None);
    let (record, warnings) = drive(&mut session, recipe, |_| {}).await?;
    assert!(warnings.is_empty(), "{warnings:?}");
    let took = |part: &str| record.environment.gpu_took_part.iter().any(|other| other == part);
    assert!(took("training") || record.digest == cpu.digest, "it trained, and does not say so");
    assert!(took("answers") || record.accuracy.after == cpu.accuracy.after || took("training"), "it answered");
    assert_eq!(record.curve.len(), 6);
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_that_is_lost_costs_nothing_but_time() -> Result<()> {
    let Some(_) = device().await else { return Ok(()) };
    let recipe = "sparsity=0.8 recovery.steps=4 seed=5";
    let (_, cpu) = run("lenet-5", &format!("{recipe} executor=cpu"))?;
    // In a browser, where a software GPU takes a minute for each, those that lose it in the midst of learning and of answering.
    let all = ["train", "evaluate", "prune", "compile", "measure"];
    for &kind in if cfg!(target_arch = "wasm32") { &all[..2] } else { &all[..] } {
        let Some(device) = device().await else { return Ok(()) };
        let mut session = open("lenet-5")?;
        session.attach(Ok(device.clone()), None);
        let (mut phase, mut steps) = (String::new(), 0);
        let watch = |events: &[Event]| {
            for event in events {
                match event {
                    Event::Phase { kind, .. } => phase.clone_from(kind),
                    Event::Train { .. } => steps += 1,
                    _ => {}
                }
            }
            // In the middle of training, and at the beginning of everything else.
            if phase == kind && (kind != "train" || steps == 2) {
                device.destroy();
            }
        };
        let (record, warnings) = drive(&mut session, &format!("{recipe} executor=gpu"), watch).await?;
        assert_eq!(warnings.len(), 1, "said once: {warnings:?}");
        assert!(record.notes.contains(&warnings[0]), "{:?}", record.notes);
        assert_eq!(record.curve.iter().map(|p| p.step).collect::<Vec<_>>(), [1, 2, 3, 4], "{kind}");
        assert_eq!((record.speed.executor.as_str(), record.accuracy.n), ("cpu", 100), "{kind}");
        if ["prune", "train"].contains(&kind) {
            // Whatever the GPU had learned was learned again, to the bit.
            assert_eq!(record.digest, cpu.digest, "{kind}");
            assert_eq!(record.accuracy.after, cpu.accuracy.after, "{kind}");
        }
        let (again, warnings) = drive(&mut session, &format!("{recipe} executor=gpu"), |_| {}).await?;
        assert!(warnings.is_empty(), "said again: {warnings:?}");
        assert_eq!(again.digest, cpu.digest);
        assert!(again.notes.iter().any(|note| note.starts_with("A GPU was asked for")), "{:?}", again.notes);
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_is_left_alone_where_it_cannot_or_must_not_be_used() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut session = open("lenet-5")?;
    session.attach(Ok(device), None);
    let (record, _) = drive(&mut session, "recovery=none executor=cpu", |_| {}).await?;
    assert!(record.environment.gpu_took_part.is_empty() && record.speed.by_executor.len() == 1);
    let (record, _) = drive(&mut session, "recovery=none executor=gpu precision=int8", |_| {}).await?;
    assert!(record.environment.gpu_took_part.is_empty() && record.speed.executor == "cpu");
    assert!(record.notes.iter().any(|note| note.contains("8-bit integers")), "{:?}", record.notes);
    let mut session = open("lenet-5")?;
    let (record, _) = drive(&mut session, "recovery=none executor=gpu", |_| {}).await?;
    assert!(record.notes.iter().any(|note| note.starts_with("A GPU was asked for")), "{:?}", record.notes);
    let check = session.check(&settings("executor=gpu"));
    assert!(check.ok && check.warnings.iter().any(|warning| warning.contains("GPU")), "{:?}", check.warnings);
    Ok(())
}
