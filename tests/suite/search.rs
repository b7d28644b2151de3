//! Searches: what they find is written down, and what is written down gives the same weights again.

use secateur::base::Result;
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{open, run, settings};

#[wasm_bindgen_test(unsupported = test)]
fn shares_that_were_found_give_the_same_weights_again() -> Result<()> {
    let rest = "recovery.steps=3 spare=last seed=4";
    let (_, searched) = run("mobilenet-small", &format!("target=1.5x search.corrections=1 {rest}"))?;
    let found = searched.search.clone().expect("a search leaves what it found");
    assert!((1..=2).contains(&found.trials.len()), "{found:?}");
    assert!(found.trials.iter().all(|trial| trial.low <= trial.ratio && trial.ratio <= trial.high), "{found:?}");
    assert_eq!(found.shares.split(',').count(), searched.layers.len() - 1, "one share for each layer that is cut");
    assert!(searched.notes.iter().any(|note| note.contains(&found.shares)), "{:?}", searched.notes);
    assert!(!searched.notes.iter().any(|note| note.contains("asked for")), "{:?}", searched.notes);
    let (_, again) = run("mobilenet-small", &format!("allocation=given allocation.shares={} {rest}", found.shares))?;
    assert_eq!(again.digest, searched.digest);
    assert!(again.search.is_none());
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_target_is_a_short_word_for_a_search() -> Result<()> {
    let session = open("mobilenet-small")?;
    let check = session.check(&settings("target=2.5x"));
    assert!(check.ok, "{:?}", check.errors);
    assert_eq!((check.settings["search"].as_str(), check.settings["search.target"].as_str()), ("latency", "2.5"));
    assert!(check.fixed.contains_key("sparsity") && check.fixed.contains_key("allocation"), "{:?}", check.fixed);
    for (text, key) in [
        ("target=fast", "target"),
        ("target=0.5x", "search.target"),
        ("target=2x pattern=channel", "search"),
        ("target=2x precision=int8", "search"),
    ] {
        let check = session.check(&settings(text));
        assert_eq!(
            check.errors.first().and_then(|error| error.key.as_deref()),
            Some(key),
            "{text}: {:?}",
            check.errors
        );
    }
    let preview = session.preview(&settings("target=2x"))?;
    assert!(
        preview.unforeseen
            && preview.stand_in.is_some_and(|why| why.contains("faster here"))
            && preview.kept == preview.total
    );
    Ok(())
}
