//! Whole runs: what they reach, what stays zero, that they repeat bit for bit on every target, and what goes wrong well.

use std::collections::BTreeMap;

use pollster::block_on;
use secateur::base::error::ErrorKind;
use secateur::base::{Result, Rng};
use secateur::data::{self, Task, idx};
use secateur::io::safetensors;
use secateur::prune::Settings;
use secateur::session::Session;
use secateur::session::event::Event;
use secateur::session::record::Record;
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

/// Pictures with a bright bar whose place is the class: easy, and made here.
pub fn bars(n: usize, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut rng = Rng::new(seed);
    let (mut pixels, mut labels) = (vec![0u8; n * 784], Vec::new());
    for image in pixels.chunks_mut(784) {
        let class = rng.below(10);
        labels.push(class as u8);
        for (i, p) in image.iter_mut().enumerate() {
            let on = i / 28 / 3 == class;
            *p = (rng.below(60) + if on { 180 } else { 0 }) as u8;
        }
    }
    (idx::write(&[n, 28, 28], &pixels), idx::write(&[n], &labels))
}

/// Sentences of a few words: easy, and made here.
fn sentences(characters: usize, seed: u64) -> Vec<u8> {
    let (mut rng, mut text) = (Rng::new(seed), String::new());
    while text.len() < characters {
        let [who, does, what] = [["Emma", "She", "Mr. Darcy"], ["saw", "heard", "knew"], ["it", "nothing", "him"]]
            .map(|words| words[rng.below(words.len())]);
        text += &format!("{who} {does} {what}. ");
    }
    text.truncate(characters);
    text.into_bytes()
}

pub fn open(model: &str) -> Result<Session> {
    open_with(model, 100, 400)
}

/// A session with so many test and training images.
pub fn open_with(model: &str, test: usize, train: usize) -> Result<Session> {
    let mut session = Session::new();
    session.hurry();
    let graph = zoo::find(model)?.build(1)?;
    session.open(model, &safetensors::write(&graph, None)?)?;
    images(&mut session, model, test, train)?;
    Ok(session)
}

/// Loads both splits of made-up examples.
pub fn data(session: &mut Session, model: &str) -> Result<()> {
    images(session, model, 100, 400)
}

fn images(session: &mut Session, model: &str, test: usize, train: usize) -> Result<()> {
    let data = zoo::find(model)?.data;
    for (split, n, seed) in [("test", test, 1), ("train", train, 2)] {
        let (examples, labels) = match data::find(data)?.task {
            Task::Classes => bars(n, seed),
            Task::NextToken => (sentences(64 * (n + 1), seed), Vec::new()),
        };
        session.data(data, split, &examples, &labels)?;
    }
    Ok(())
}

pub fn settings(text: &str) -> Settings {
    text.split_whitespace().filter_map(|p| p.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
}

pub fn finish(session: &mut Session) -> Result<(Record, Vec<Event>)> {
    let (mut events, mut record) = (Vec::new(), None);
    loop {
        for event in block_on(session.advance(1e9))? {
            match event {
                Event::Result { record: r } => record = Some(*r),
                Event::Done => return Ok((record.expect("a result before the end"), events)),
                other => events.push(other),
            }
        }
    }
}

pub fn run(model: &str, text: &str) -> Result<(Session, Record)> {
    let mut session = open(model)?;
    session.start("run", &settings(text))?;
    let (record, _) = finish(&mut session)?;
    Ok((session, record))
}

/// The digest of a run that trains, prunes while training, and regrows: committed, and the same on every target.
#[wasm_bindgen_test(unsupported = test)]
fn the_same_seed_gives_the_same_bits_everywhere() -> Result<()> {
    let cases = [
        ("resnet8", "sparsity=0.8 recovery.steps=4 seed=3", "3a522856bb2d893c"),
        ("mobilenet-small", "sparsity=0.6 schedule=cubic schedule.every=1 recovery.steps=3 seed=4", "ee422d811c909044"),
        ("lenet-5", "method=rigl recovery.steps=6 regrow.every=2 seed=5", "e4a0300067299614"),
    ];
    let got = cases.iter().map(|(model, text, _)| Ok(run(model, text)?.1.digest)).collect::<Result<Vec<String>>>()?;
    let want: Vec<&str> = cases.iter().map(|c| c.2).collect();
    assert_eq!(got, want, "bits have changed: if that was meant, say so in the changelog and commit the new digests");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_run_tells_what_it_does_and_learns() -> Result<()> {
    let mut session = open("lenet-300-100")?;
    session.start("run", &settings("schedule=before sparsity=0.5 recovery.steps=60 recovery.lr=0.05"))?;
    let (record, events) = finish(&mut session)?;
    let phases = events.iter().filter(|e| matches!(e, Event::Phase { .. })).count();
    assert_eq!(phases, record.timeline.len(), "every stage is announced once");
    assert_eq!(record.curve.len(), 60);
    assert!(record.curve[55].loss < 0.5 * record.curve[0].loss, "it does not learn: {:?}", record.curve);
    assert!(record.accuracy.after > 0.8, "{:?}", record.accuracy);
    assert!(record.accuracy.low <= record.accuracy.after && record.accuracy.after <= record.accuracy.high);
    assert!(record.verdict.contains("accuracy") && record.layers.len() == 3);
    let text = serde_json::to_string(&record).expect("plain data");
    let back: Record = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(back.digest, record.digest);
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn the_baseline_is_compared_with_itself() -> Result<()> {
    let mut session = open("lenet-5")?;
    session.start("baseline", &Settings::new())?;
    let (record, _) = finish(&mut session)?;
    assert_eq!((record.job.as_str(), record.speed.ratio), ("baseline", 1.0));
    assert_eq!(record.accuracy.before, record.accuracy.after);
    assert_eq!(record.size.bytes_dense, record.size.bytes_stored);
    assert!(session.outcome().is_none(), "the baseline is not a result to export");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn zero_sparsity_cuts_nothing_and_is_said() -> Result<()> {
    let (_, record) = run("lenet-5", "sparsity=0 recovery=none")?;
    assert!(record.layers.iter().all(|l| l.kept == l.total), "{:?}", record.layers);
    assert_eq!(record.accuracy.before, record.accuracy.after);
    let session = open("lenet-5")?;
    assert!(session.check(&settings("sparsity=0")).warnings.iter().any(|w| w.contains("cuts nothing")));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn training_steps_are_counted_over_all_cuts() -> Result<()> {
    let (_, record) = run("lenet-300-100", "schedule=iterative schedule.rounds=3 recovery.steps=2 criterion=taylor")?;
    assert_eq!(record.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_network_without_norms_is_not_recalibrated_and_that_is_told() -> Result<()> {
    let (session, record) = run("lenet-300-100", "recovery=bn-recalibrate")?;
    let (_, plain) = run("lenet-300-100", "recovery=none")?;
    assert_eq!(record.digest, plain.digest);
    let said = |words: &[String]| words.iter().filter(|word| word.contains("has no batch norm")).count();
    assert_eq!((said(&record.notes), said(&plain.notes)), (1, 0), "{:?}", record.notes);
    assert_eq!(said(&session.check(&settings("recovery=bn-recalibrate")).warnings), 1);
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_collapsed_layer_is_named() -> Result<()> {
    // Nothing is guarded and almost everything goes: the ranking may empty a layer, and then the record must say which.
    let (_, record) =
        run("lenet-300-100", "sparsity=0.995 min_keep=0 criterion=random allocation=layer recovery=none")?;
    let empty: Vec<&str> = record.layers.iter().filter(|l| l.kept == 0).map(|l| l.name.as_str()).collect();
    assert_eq!(
        empty.is_empty(),
        !record.notes.iter().any(|n| n.starts_with("Nothing is left of")),
        "{:?}",
        record.notes
    );
    assert!(empty.iter().all(|name| record.notes[0].contains(name)));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn bad_settings_are_refused_with_what_to_do() -> Result<()> {
    let session = open("lenet-5")?;
    let cases: BTreeMap<&str, &str> = BTreeMap::from([
        ("colour=red", "colour"),
        ("sparsity=1", "sparsity"),
        ("sparsity=-0.1", "sparsity"),
        ("sparsity=lots", "sparsity"),
        ("criterion=guess", "criterion"),
        ("method=guess", "method"),
        ("model=guess", "model"),
        ("data=guess", "data"),
        ("schedule.rounds=3", "schedule.rounds"),
        ("recovery.steps=0", "recovery.steps"),
        ("seed=1.5", "seed"),
        ("batch=0", "batch"),
        ("criterion=bn-scale pattern=row", "criterion"),
        ("criterion=bn-scale pattern=channel", "criterion"),
        ("pattern=n:m pattern.n=8 pattern.m=2 allocation=layer", "pattern.n"),
        ("pattern=n:m pattern.n=4 allocation=layer", "pattern.n"),
    ]);
    for (text, key) in cases {
        let check = session.check(&settings(text));
        assert!(!check.ok, "{text} is taken");
        let error = &check.errors[0];
        assert_eq!(error.key.as_deref(), Some(key), "{text}: {error}");
        assert!(
            !error.hint.is_empty() && error.message.contains(key.split('.').next_back().unwrap_or(key))
                || key == "criterion",
            "{text}: {error}"
        );
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn clashing_parts_are_disabled_with_a_reason() -> Result<()> {
    let session = open("resnet8")?;
    let check = session.check(&settings("pattern=element"));
    assert!(check.ok);
    assert!(check.disabled["criterion"].contains_key("l1-norm") && !check.disabled["criterion"].contains_key("taylor"));
    assert!(check.disabled.values().flat_map(BTreeMap::values).all(|reason| reason.len() > 20));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn calls_at_the_wrong_moment_are_refused() -> Result<()> {
    let mut session = Session::new();
    assert_eq!(session.start("run", &Settings::new()).map_err(|e| e.kind), Err(ErrorKind::State), "nothing is open");
    assert_eq!(block_on(session.advance(1.0)).map(|_| ()).map_err(|e| e.kind), Err(ErrorKind::State));
    let mut session = open("lenet-5")?;
    session.start("run", &settings("recovery=none"))?;
    let error = session.start("run", &Settings::new()).expect_err("two at once");
    assert!(error.message.contains("while a run is going on"), "{error}");
    let file = safetensors::write(&zoo::find("lenet-5")?.build(1)?, None)?;
    assert!(session.open("lenet-5", &file).is_err(), "the model is changed under a run");
    session.cancel();
    session.start("run", &settings("recovery=none"))?;
    finish(&mut session)?;
    let error = session.start("run", &settings("model=resnet8")).expect_err("another model is open");
    assert_eq!(error.key.as_deref(), Some("model"));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn divergence_stops_the_run_and_leaves_the_model() -> Result<()> {
    let mut session = open("lenet-5")?;
    // Weights so large that the first steps overflow.
    let mut graph = zoo::find("lenet-5")?.build(1)?;
    for id in graph.trained().collect::<Vec<_>>() {
        graph.data_mut(id)?.mapv_inplace(|x| 1e5 * x);
    }
    session.open("lenet-5", &safetensors::write(&graph, None)?)?;
    session.start("run", &settings("recovery.lr=1 recovery.steps=50 sparsity=0.1"))?;
    let mut result = Ok(());
    for _ in 0..100_000 {
        match block_on(session.advance(1e9)) {
            Ok(events) if events.iter().any(|e| matches!(e, Event::Done)) => break,
            Ok(_) => {}
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    let error = result.expect_err("such weights diverge");
    assert_eq!(error.kind, ErrorKind::Diverged);
    assert!(error.hint.contains("learning rate"), "{error}");
    session.start("run", &settings("recovery=none"))?;
    assert!(finish(&mut session)?.0.accuracy.n == 100, "the session goes on");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn damaged_files_are_refused_and_nothing_is_lost() -> Result<()> {
    let mut session = open("lenet-5")?;
    let file = safetensors::write(&zoo::find("lenet-5")?.build(1)?, None)?;
    assert!(session.open("lenet-5", &file[..file.len() / 2]).is_err(), "half a file");
    assert!(session.open("resnet8", &file).is_err(), "another network's file");
    assert!(session.open("lenet-5", b"PK\x03\x04").is_err(), "a zip file");
    let (images, labels) = bars(20, 1);
    assert!(session.data("mnist", "test", &images[..500], &labels).is_err(), "half the images");
    assert!(session.data("mnist", "test", &labels, &images).is_err(), "the files the wrong way round");
    assert!(session.data("mnist", "test", &images, &idx::write(&[20], &[77; 20])).is_err(), "labels out of range");
    assert!(session.data("mnist", "test", &images, &idx::write(&[19], &[1; 19])).is_err(), "a label too few");
    assert!(session.data("guess", "test", &images, &labels).is_err(), "no such set");
    session.start("run", &settings("recovery=none"))?;
    assert_eq!(finish(&mut session)?.0.accuracy.n, 100, "what was loaded before is still there");
    Ok(())
}
