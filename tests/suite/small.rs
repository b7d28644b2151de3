//! Very little data: a run works with what there is, down to one image.

use secateur::base::Result;
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{finish, open_with, settings};

/// Everything that looks at images, for as short as it can be had.
const RECIPES: [&str; 8] = [
    "recovery.steps=2",
    "recovery=distil recovery.steps=2",
    "recovery=rewind recovery.steps=2",
    "recovery=bn-recalibrate",
    "criterion=fisher recovery=none calibration=16",
    "schedule=cubic schedule.every=1 recovery.steps=3 criterion=taylor",
    "method=rigl recovery.steps=4 regrow.every=1",
    "precision=int8 recovery=none",
];

#[wasm_bindgen_test(unsupported = test)]
fn a_handful_of_images_is_enough() -> Result<()> {
    for images in [1, 2, 4, 5, 9] {
        for recipe in RECIPES {
            let mut session = open_with("resnet8", images, images)?;
            let what = format!("{images} images, {recipe}");
            session.start("run", &settings(recipe)).map_err(|e| e.at(&what))?;
            let (record, _) = finish(&mut session).map_err(|e| e.at(&what))?;
            assert_eq!(record.accuracy.n, images, "{what}");
        }
    }
    Ok(())
}

/// What no image stands for has no figure: 0% would be one.
#[wasm_bindgen_test(unsupported = test)]
fn a_class_without_images_has_no_accuracy() -> Result<()> {
    let mut session = open_with("lenet-5", 3, 8)?;
    session.start("run", &settings("recovery=none"))?;
    let (record, _) = finish(&mut session)?;
    assert_eq!(record.classes.iter().map(|class| class.n).sum::<usize>(), 3);
    for class in &record.classes {
        let told = [class.before, class.after].map(|share| share.is_some());
        assert_eq!(told, [class.n > 0; 2], "{class:?}");
    }
    let text = serde_json::to_string(&record).expect("plain data");
    assert!(text.contains("\"n\":0,\"before\":null,\"after\":null"), "{text}");
    Ok(())
}
