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

/// A table of how often characters follow up to `order` others, with back-off by Witten and Bell: where little was seen behind a
/// context, the shorter one counts the more.
#[cfg(not(target_arch = "wasm32"))]
struct Grams {
    order: usize,
    characters: usize,
    /// By context: of each character how often it followed.
    seen: std::collections::HashMap<Vec<u8>, std::collections::HashMap<u8, usize>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Grams {
    fn new(codes: &[u8], order: usize, characters: usize) -> Self {
        let mut seen = std::collections::HashMap::<Vec<u8>, std::collections::HashMap<u8, usize>>::new();
        for at in 0..codes.len() {
            for length in 0..=order.min(at) {
                let next = seen.entry(codes[at - length..at].to_vec()).or_default();
                *next.entry(codes[at]).or_default() += 1;
            }
        }
        Self { order, characters, seen }
    }

    fn share(&self, context: &[u8], next: u8) -> f64 {
        let shorter = || match context {
            [] => 1.0 / self.characters as f64,
            [_, rest @ ..] => self.share(rest, next),
        };
        let Some(seen) = self.seen.get(context) else { return shorter() };
        let (all, kinds) = (seen.values().sum::<usize>() as f64, seen.len() as f64);
        (seen.get(&next).copied().unwrap_or(0) as f64 + kinds * shorter()) / (all + kinds)
    }

    fn bits(&self, codes: &[u8]) -> f64 {
        let of = |at: usize| -self.share(&codes[at - self.order.min(at)..at], codes[at]).log2();
        (0..codes.len()).map(of).sum::<f64>() / codes.len() as f64
    }
}

/// The shipped model, on the shipped text: what its card says, and less than a table of contexts of four characters has.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn the_shipped_model_says_more_than_a_table_does() -> Result<()> {
    use secateur::base::Flat;
    use secateur::compile::{Choose, Options, compile};
    use secateur::data::{Dataset, gzip};
    use secateur::graph::Masks;
    use secateur::io::safetensors;
    use secateur::train::eval::Tally;

    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("www/assets");
    let read = |path: &str| Ok::<_, secateur::base::Error>(std::fs::read(assets.join(path))?);
    let card = data::find("austen")?;
    let codes = |split: &str| -> Result<Vec<u8>> {
        let file = read(&format!("data/austen/{split}.txt.gz"))?;
        text::encode(card, std::str::from_utf8(&gzip::unpack(&file)?).expect("plain text"))
    };
    let (train, test) = (codes("train")?, codes("test")?);
    let table = Grams::new(&train, 4, card.classes.len()).bits(&test);
    let mut graph = secateur::zoo::find("char-small")?.build(1)?;
    safetensors::read(&mut graph, &read("models/char-small.safetensors")?)?;
    let set = Dataset::read(card, &read("data/austen/test.txt.gz")?, &[])?;
    let mut plan =
        compile(&graph, &Masks::default(), &Options { batch: 32, choose: Choose::Predict, ..Options::default() })?;
    let mut tally = Tally::default();
    for chunk in (0..set.len()).collect::<Vec<_>>().chunks(32) {
        let answers = plan.answers(&set.batch(chunk))?;
        assert!(answers.flat().iter().all(|x| x.is_finite()));
        tally.add(&answers, &set.labels(chunk));
    }
    println!("bits per character: {:.4} by the model, {table:.4} by a table of four characters", tally.bits());
    assert!(tally.bits() < table, "{} against {table}", tally.bits());
    let told: serde_json::Value = serde_json::from_slice(&read("models/char-small.json")?).expect("a card");
    assert!((told["test"]["bits"].as_f64().expect("bits") - tally.bits()).abs() < 1e-3, "{told}");
    Ok(())
}
