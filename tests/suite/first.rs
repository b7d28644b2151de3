//! What a visitor sees first is a recipe that can be run as it stands.

use secateur::base::Result;
use secateur::catalog::catalog;
use secateur::prune::Settings;
use secateur::prune::recipe::Recipe;
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::open;

#[wasm_bindgen_test(unsupported = test)]
fn the_first_recipe_and_the_budget_are_settings() -> Result<()> {
    let catalog = catalog();
    let given = |pairs: &std::collections::BTreeMap<&str, &str>| -> Settings {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    };
    let first = given(&catalog.first);
    let check = open(&first["model"])?.check(&first);
    assert!(check.ok && check.warnings.is_empty(), "{:?} {:?}", check.errors, check.warnings);
    assert_eq!(Recipe::read(&given(&catalog.budget))?.training.steps, Some(200));
    // Networks go with the images that they were trained on.
    let session = open("lenet-5")?;
    for (text, ok) in [("data=mnist", true), ("data=fashion-mnist", false)] {
        let check = session.check(&super::session::settings(text));
        assert_eq!(check.ok, ok, "{text}");
        assert!(ok || check.errors[0].hint.contains("resnet8"), "{:?}", check.errors);
    }
    Ok(())
}
