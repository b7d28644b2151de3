//! A network that says which character comes next: opened, trained, pruned by any method, and read.

use secateur::base::Result;
use secateur::data::{self, Task, text};

use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{finish, open_with, settings};

/// What a short run comes to.
fn run(recipe: &str) -> Result<secateur::session::record::Record> {
    let mut session = open_with("char-small", 6, 40)?;
    session.start("run", &settings(recipe))?;
    Ok(finish(&mut session)?.0)
}

#[wasm_bindgen_test(unsupported = test)]
fn a_text_is_learned_and_written_on() -> Result<()> {
    let record = run("sparsity=0.5 recovery.steps=12 recovery.lr=0.05 training.batch=4")?;
    assert_eq!(record.digest, "970e59490e36e511", "bits have changed");
    assert_eq!((record.accuracy.n, record.curve.len()), (6 * 64, 12));
    assert!(record.changed.is_empty() && record.classes.is_empty(), "a text has no pictures and no classes");
    let found = record.text.expect("a text");
    // Of 80 characters, none of which it knows.
    assert!((found.bits_before - 80f64.log2()).abs() < 1.5 && found.bits_after < found.bits_before - 1.0, "{found:?}");
    assert!(record.verdict.ends_with("bits per character."), "{}", record.verdict);
    let written = found.written.expect("both wrote");
    assert_eq!(written.start.chars().count(), 64);
    assert_eq!([&written.before, &written.after].map(|text| text.chars().count()), [240; 2]);
    let card = data::find("austen")?;
    assert_eq!(card.task, Task::NextToken);
    assert!(text::encode(card, &(written.before + &written.after)).is_ok());
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_text_is_pruned_by_what_looks_at_it() -> Result<()> {
    for method in ["wanda", "sparsegpt", "sparsegpt-24", "snip", "taylor-heads", "branch-drop"] {
        let record = run(&format!("method={method} sparsity=0.5 training.steps=2 training.batch=4 calibration=16"))
            .map_err(|e| e.at(method))?;
        let [kept, total] = [0, 1].map(|i| record.layers.iter().map(|l| [l.kept, l.total][i]).sum::<usize>());
        assert!(
            kept < total && record.text.is_some_and(|text| text.bits_after.is_finite()),
            "{method}: {kept} of {total}"
        );
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_text_that_it_cannot_read_is_refused() -> Result<()> {
    let mut session = open_with("char-small", 6, 40)?;
    let error = session.data("austen", "test", "caf\u{e9} ".repeat(90).as_bytes(), &[]).expect_err("no such letter");
    assert!(error.message.contains("character 4"), "{error}");
    assert!(session.data("mnist", "test", &[], &[]).is_err(), "images are none of its business");
    assert!(session.passage(90).is_some_and(|text| text.chars().count() == 90), "what was loaded stays");
    assert!(session.image(0).is_err(), "it has no pictures");
    assert!(open_with("lenet-5", 2, 10)?.passage(9).is_none());
    Ok(())
}
