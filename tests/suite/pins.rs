//! What runs, the catalog and checks come to, pinned: whoever moves walls must not move a bit of it.
//!
//! `tests/pins/` holds what was found last. Where a change is meant, `SECATEUR_PINS=write cargo test --test suite pins` writes it
//! anew, and the commit says which rows moved and why.

use std::collections::BTreeMap;

use secateur::base::part::Args;
use secateur::base::{Flat, Result};
use secateur::graph::{boosted, factor};
use secateur::prune::axis::{AXES, parts};
use secateur::prune::method::{self, Method};
use secateur::prune::recipe::{GLOBALS, Recipe};
use secateur::prune::running::RUNNING;
use secateur::prune::training::TRAINING;
use secateur::session::Session;
use secateur::session::event::Event;
use secateur::session::record::Record;
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{finish, open, settings};

/// Runs beside those of the methods: what these leave out on networks with norms, links, depthwise layers and channels.
const MORE: [(&str, &str); 12] = [
    ("resnet8", "schedule=cubic schedule.every=1 recovery.steps=4 sparsity=0.8"),
    ("resnet8", "method=rigl regrow.every=2 recovery.steps=5"),
    ("resnet8", "pattern=channel criterion=l1-norm recovery.steps=3 sparsity=0.5"),
    ("resnet8", "pattern=row criterion=fpgm schedule=iterative schedule.rounds=2 recovery.steps=2"),
    ("resnet8", "pattern=n:m allocation=layer recovery=bn-recalibrate"),
    ("resnet8", "criterion=fisher schedule=cubic schedule.every=2 recovery.steps=4 calibration=32"),
    ("resnet8", "recovery=distil recovery.steps=3 training.optimizer=adam"),
    ("resnet8", "pattern=block allocation=erk spare=first,last recovery.steps=2"),
    ("mobilenet-small", "pattern=channel criterion=taylor calibration=32 recovery.steps=2 sparsity=0.4"),
    ("mobilenet-small", "allocation=lamp recovery.steps=2 training.augment=none"),
    ("lenet-5", "method=snip precision=int8 recovery.steps=3 calibration=32"),
    ("lenet-300-100", "schedule=iterative schedule.rounds=3 recovery=rewind recovery.to=2 recovery.steps=3"),
];

/// A method's shortest run that has all of its stages, and the network it runs on.
fn shortest(row: &Method) -> (&'static str, String) {
    let has = |part: &str| row.recipe.contains(part);
    let mut text = format!("method={} calibration=32", row.id);
    if has("penalty=") {
        text += " penalty.steps=3";
    }
    if ["recovery=fine-tune", "rewind", "distil"].into_iter().any(has) {
        text += " recovery.steps=3";
    }
    for (part, short) in [
        ("schedule=iterative", " schedule.rounds=2"),
        ("regrow=", " regrow.every=1"),
        ("schedule=cubic", " schedule.every=1"),
        ("schedule=alternating", " schedule.phase=1"),
        ("gate=dpf", " gate.every=1"),
        // Thresholds that cut something from the first step on.
        ("gate=str", " gate.start=-3"),
        ("criterion=synflow", " criterion.rounds=5"),
        ("fusion=kmeans", " fusion.steps=3"),
    ] {
        if has(part) {
            text += short;
        }
    }
    // Exact solutions of wide linear layers take minutes.
    let small = ["bn-scale", "solver=obc"].into_iter().any(has);
    let model = match row.id {
        "taylor-heads" | "gate-heads" | "branch-drop" | "shortgpt" => "vit-small",
        _ if small || has("runtime=fbs") => "resnet8",
        _ => "lenet-5",
    };
    (model, text)
}

/// What is pinned of a run. How long a stage takes is the machine's business: steps of stages are not counted. Which channels
/// images choose is too, where two are as salient but for rounding.
fn pin(name: String, record: &Record, events: &[Event]) -> Value {
    let mut order: Vec<String> = Vec::new();
    for event in events {
        let Value::Object(event) = serde_json::to_value(event).expect("plain data") else { unreachable!() };
        let told = match event["type"].as_str() {
            Some("progress" | "speed") => continue,
            // How long a solver takes is the machine's business too.
            Some("note") if event["message"].as_str().is_some_and(|message| message.contains("takes about")) => {
                continue;
            }
            Some("phase") => format!("phase {}", event["kind"].as_str().unwrap_or_default()),
            Some("masks") => format!("masks {:.4}", event["sparsity"].as_f64().unwrap_or_default()),
            other => other.unwrap_or_default().to_string(),
        };
        match order.last_mut() {
            Some(last) if last.split(" x").next() == Some(&told) => {
                let times = last.split_once(" x").map_or(1, |(_, n)| n.parse::<usize>().unwrap_or(1));
                *last = format!("{told} x{}", times + 1);
            }
            _ => order.push(told),
        }
    }
    json!({
        "run": name,
        "digest": record.digest,
        "kept": record.layers.iter().map(|layer| layer.kept).collect::<Vec<_>>(),
        "accuracy": [record.accuracy.before, record.accuracy.after],
        "macs": record.per_image.is_none().then_some(record.macs.pruned),
        "order": order.join(", "),
    })
}

/// Compares with what is committed, or writes it.
fn compare(file: &str, committed: &str, found: &[Value]) {
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var("SECATEUR_PINS").is_ok_and(|word| word == "write") {
        let rows: Vec<String> = found.iter().map(Value::to_string).collect();
        let path = format!("{}/tests/pins/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, format!("[\n{}\n]\n", rows.join(",\n"))).expect("pins can be written");
        return;
    }
    let committed: Vec<Value> = serde_json::from_str(committed).expect("pins are JSON");
    assert_eq!(committed.len(), found.len(), "{file}: other rows than are pinned");
    let moved: Vec<String> = committed
        .iter()
        .zip(found)
        .filter(|(old, new)| old != new)
        .map(|(old, new)| format!("- {old}\n+ {new}"))
        .collect();
    assert!(moved.is_empty(), "{file}: {} rows moved; read the head of pins.rs\n{}", moved.len(), moved.join("\n"));
}

fn finished(model: &str, text: &str) -> Result<(Session, Record, Vec<Event>)> {
    let mut session = open(model)?;
    session.start("run", &settings(text))?;
    let (record, events) = finish(&mut session)?;
    Ok((session, record, events))
}

/// Every published method runs to its end on a small network, reaches its sparsity, leaves cut weights exactly zero, and comes to
/// what it came to before: the same bits on every target.
#[wasm_bindgen_test(unsupported = test)]
fn every_method_runs_and_keeps_its_zeros() -> Result<()> {
    let mut pins = Vec::new();
    for row in method::all() {
        let (model, text) = shortest(row);
        let (session, record, events) = finished(model, &text).map_err(|e| e.at(row.id))?;
        zeros_are_zero(&session, row.id)?;
        let wanted: f64 = record.recipe.get("sparsity").map_or(0.0, |text| text.parse().expect("a number"));
        let (kept, total) = record.layers.iter().fold((0, 0), |(k, t), l| (k + l.kept, t + l.total));
        let reached = 1.0 - kept as f64 / total as f64;
        // Channels count channels, and layers that do not divide stay whole.
        let slack = if record.recipe["pattern"] == "element" { 0.01 } else { 0.35 };
        let follows = Recipe::read(&record.recipe)?.follows().is_some();
        assert!(follows || (reached - wanted).abs() < slack, "{}: {reached} is cut instead of {wanted}", row.id);
        // What chooses for each image is a little more than there was.
        let smaller = record.size.bytes_stored < record.size.bytes_dense || record.per_image.is_some();
        assert!(smaller && record.speed.samples > 10, "{}", row.id);
        assert_eq!(record.accuracy.n, 100);
        // What a search finds is the machine's business.
        if record.search.is_none() {
            pins.push(pin(format!("{model} {text}"), &record, &events));
        }
    }
    compare("methods.json", include_str!("../pins/methods.json"), &pins);
    Ok(())
}

fn zeros_are_zero(session: &Session, what: &str) -> Result<()> {
    let outcome = session.outcome().expect("a finished run leaves a network");
    let mut cut = 0;
    for (id, mask) in outcome.masks.iter() {
        for (x, &m) in outcome.masked.data(id)?.flat().iter().zip(mask) {
            assert!(m == 1 || x.to_bits() == 0, "{what}: a cut weight is {x}");
            cut += usize::from(m == 0);
        }
    }
    // Where layers become two, or choose their channels for each image, nothing is cut.
    let two = outcome.masked.parameters().any(|(_, value)| factor::layer_of(&value.name).is_some());
    let chosen = boosted::boosts(&outcome.masked).next().is_some();
    assert!(cut > 0 || two || chosen, "{what} cuts nothing");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn runs_are_what_they_were() -> Result<()> {
    let mut pins = Vec::new();
    for (model, text) in MORE {
        let (session, record, events) = finished(model, text).map_err(|e| e.at(text))?;
        zeros_are_zero(&session, text)?;
        pins.push(pin(format!("{model} {text}"), &record, &events));
    }
    compare("runs.json", include_str!("../pins/runs.json"), &pins);
    Ok(())
}

/// Names, parameters and defaults of everything that can be asked for, and what each method asks for.
#[wasm_bindgen_test(unsupported = test)]
fn the_catalog_is_what_it_was() -> Result<()> {
    let mut pins = Vec::new();
    for axis in AXES {
        for meta in parts(axis.id) {
            let defaults: BTreeMap<String, String> =
                Args::defaults(meta).texts().map(|(key, text)| (key.to_string(), text)).collect();
            pins.push(
                json!({ "axis": axis.id, "default": axis.default == meta.id, "part": meta.id, "params": defaults }),
            );
        }
    }
    for param in GLOBALS.iter().chain(TRAINING).chain(RUNNING) {
        pins.push(json!({ "setting": param.key, "default": param.default_text() }));
    }
    for row in method::all() {
        let asked = settings(&format!("method={}", row.id));
        pins.push(json!({ "method": row.id, "settings": Recipe::read(&asked)?.settings() }));
    }
    compare("catalog.json", include_str!("../pins/catalog.json"), &pins);
    Ok(())
}

/// What a check says of every part and every pair of parts.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn checks_say_what_they_said() -> Result<()> {
    let mut pins = Vec::new();
    let all: Vec<(&str, &secateur::base::part::Meta)> =
        AXES.iter().flat_map(|axis| parts(axis.id).into_iter().map(move |meta| (axis.id, meta))).collect();
    for model in ["lenet-5", "resnet8"] {
        let session = open(model)?;
        for (i, (axis, part)) in all.iter().enumerate() {
            let check = session.check(&settings(&format!("{axis}={}", part.id)));
            let errors: Vec<String> = check.errors.iter().map(ToString::to_string).collect();
            // How long a solver takes is the machine's business.
            let warnings: Vec<&String> = check.warnings.iter().filter(|said| !said.contains("takes about")).collect();
            let timeline: Vec<&str> = check.timeline.iter().map(|stage| stage.label.as_str()).collect();
            pins.push(json!({
                "check": format!("{model} {axis}={}", part.id),
                "errors": errors, "disabled": check.disabled, "fixed": check.fixed, "warnings": warnings, "timeline": timeline,
            }));
            // Of a pair only what a run would say: what is disabled follows from the pairs.
            for (other, with) in all[i..].iter().filter(|(other, _)| other != axis) {
                let text = format!("{axis}={} {other}={}", part.id, with.id);
                if let Some(error) = session.check(&settings(&text)).errors.first() {
                    pins.push(
                        json!({ "check": format!("{model} {text}"), "key": error.key, "error": error.to_string() }),
                    );
                }
            }
        }
    }
    compare("checks.json", include_str!("../pins/checks.json"), &pins);
    Ok(())
}
