//! Settings that all trainings share: a budget is the same for every method, and stands in its record.

use std::collections::BTreeSet;

use secateur::base::Result;
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{open, run, settings};

#[wasm_bindgen_test(unsupported = test)]
fn methods_train_on_one_budget() -> Result<()> {
    for (method, rest) in [
        ("global-magnitude", ""),
        ("imp", "schedule.rounds=3"),
        ("snip", ""),
        ("gmp", "schedule.every=1"),
        ("rigl", "regrow.every=1"),
        ("wanda", ""),
    ] {
        let text = format!("method={method} {rest} training.steps=5 training.lr=0.03 training.batch=8 calibration=16");
        let (session, record) = run("lenet-5", &text).map_err(|e| e.at(method))?;
        let trained = &record.training;
        let steps = if method == "wanda" { 0 } else { 5 };
        assert_eq!((trained.steps, trained.batch, record.curve.len()), (steps, 8, steps), "{method}");
        assert_eq!(trained.lr, (steps > 0).then_some(0.03), "{method}");
        assert_eq!(trained.images, 320, "{method}: a fifth of the images is held out");
        let said = record.notes.iter().any(|note| note.contains("no training step was made"));
        assert_eq!(said, steps == 0, "{method}: {:?}", record.notes);
        let warned = session.check(&settings(&text)).warnings.iter().any(|w| w.contains("no training step was made"));
        assert_eq!(warned, steps == 0, "{method}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_set_for_training_changes_what_is_learnt() -> Result<()> {
    let base = "sparsity=0.5 recovery.steps=3 training.batch=8";
    let mut seen = vec![run("lenet-5", base)?.1.digest];
    for other in [
        "training.optimizer=adam",
        "training.optimizer=adamw training.decay=0.1",
        "training.momentum=0",
        "training.decay=0.05",
        "training.augment=none",
        "training.lr=0.1",
        "training.steps=4",
        "training.epochs=0.05",
        "spare=first,fc2",
    ] {
        let (_, record) = run("lenet-5", &format!("{base} {other}")).map_err(|e| e.at(other))?;
        assert!(!seen.contains(&record.digest), "{other} changes nothing");
        seen.push(record.digest);
    }
    let (_, own) =
        run("lenet-5", &format!("{base} training.steps=own training.decay=own training.optimizer=sgd spare=none"))?;
    assert_eq!(own.digest, seen[0], "what is left to the method is the method's");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn what_overrules_is_told() -> Result<()> {
    let session = open("lenet-5")?;
    let check =
        session.check(&settings("recovery.steps=9 training.steps=5 training.epochs=1 recovery.lr=0.1 training.lr=0.2"));
    for said in ["recovery.steps was not used", "recovery.lr was not used", "training.epochs was not used"] {
        assert!(check.warnings.iter().any(|warning| warning.contains(said)), "{said}: {:?}", check.warnings);
    }
    assert_eq!(check.fixed.keys().copied().collect::<Vec<_>>(), ["recovery.lr", "recovery.steps"]);
    let check = session.check(&settings("pattern=n:m allocation=layer sparsity=0.9"));
    assert!(
        check.warnings.iter().any(|w| w == "2:4 always cuts 50%: the 90% asked for was not used."),
        "{:?}",
        check.warnings
    );
    assert_eq!(check.fixed["sparsity"], "2:4 always cuts 50%.");
    assert_eq!(check.settings["sparsity"], "0.5");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn spared_layers_are_not_cut() -> Result<()> {
    for (model, recipe) in [
        ("resnet8", "spare=first,last sparsity=0.9 recovery=none"),
        ("resnet8", "spare=conv1,fc pattern=channel criterion=l1-norm allocation=layer sparsity=0.5 recovery=none"),
    ] {
        let (_, record) = run(model, recipe)?;
        for layer in &record.layers {
            let spared = ["conv1", "fc"].contains(&layer.name.as_str());
            // Where the channels before a spared layer go, its inputs go with them; its own outputs stay.
            assert!(!spared || layer.sparsity == 0.0 || layer.shape[0] == 10, "{recipe}: {layer:?}");
        }
        assert!(record.layers.iter().any(|layer| layer.sparsity > 0.4), "{recipe}");
    }
    let check = open("resnet8")?.check(&settings("spare=conv9"));
    assert!(!check.ok && check.errors[0].hint.contains("conv1"), "{:?}", check.errors);
    assert_eq!(check.errors[0].key.as_deref(), Some("spare"));
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn tickets_go_back_to_an_early_step() -> Result<()> {
    let base = "method=lottery-ticket schedule.rounds=2 training.steps=4 training.batch=8";
    let (_, first) = run("lenet-300-100", base)?;
    let (_, early) = run("lenet-300-100", &format!("{base} recovery.to=3"))?;
    assert_ne!(first.digest, early.digest);
    assert_eq!(early.curve.len(), 3 + 4, "the first steps are counted too");
    let labels: Vec<&str> = early.timeline.iter().map(|stage| stage.label.as_str()).collect();
    assert!(labels.iter().any(|l| l.contains("dense network from its first weights")), "{labels:?}");
    assert!(labels.contains(&"Back to the weights of step 3"), "{labels:?}");
    let (_, again) = run("lenet-300-100", &format!("{base} recovery.to=3"))?;
    assert_eq!(again.digest, early.digest);
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn shared_numbers_stay_shared_while_they_learn() -> Result<()> {
    let numbers = |steps: usize| -> Result<Vec<BTreeSet<u32>>> {
        let text = format!("sparsity=0.5 recovery=none fusion=kmeans fusion.bits=2 fusion.steps={steps}");
        let (session, _) = run("lenet-5", &text)?;
        let graph = &session.outcome().expect("a run leaves a network").masked;
        let of = |(_, id)| Ok(graph.data(id)?.iter().filter(|w| **w != 0.0).map(|w| w.to_bits()).collect());
        graph.layers().map(of).collect()
    };
    let (found, trained) = (numbers(0)?, numbers(5)?);
    for (found, trained) in found.iter().zip(&trained) {
        assert_eq!((found.len(), trained.len()), (4, 4), "two bits are four numbers");
        assert!(found.is_disjoint(trained), "all of them have moved");
    }
    Ok(())
}
