//! Phases without a session: on the processor alone they come to what a run comes to, bit for bit.

use pollster::block_on;
use secateur::base::{Flat, Result};
use secateur::data::{self, Dataset};
use secateur::graph::Masks;
use secateur::prune::expand::expand;
use secateur::prune::phase::{Desk, OnCpu, Start};
use secateur::prune::recipe::Recipe;
use secateur::prune::told::Told;
use secateur::train::State;
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

use super::session::{bars, finish, open, settings};

/// The state that a recipe's phases leave of a network as it was drawn, after so many training images, and how often masks were told.
pub fn alone(model: &str, text: &str, images: usize) -> Result<(State, usize)> {
    let (model, recipe) = (zoo::find(model)?, Recipe::read(&settings(text))?);
    let (images, labels) = bars(images, 2);
    let train = Dataset::read(data::find(model.data)?, &images, &labels)?;
    let dense = model.build(1)?;
    let mut state = State::new(dense.clone(), Masks::default(), recipe.seed);
    let mut masks = 0;
    for mut phase in expand(&recipe, secateur::prune::split::trained_on(train.len())) {
        loop {
            let mut tell = |told: Told| masks += usize::from(matches!(told, Told::Masks { .. }));
            let start = Start { model, dense: &dense };
            let mut compute = OnCpu;
            let mut desk = Desk { recipe: &recipe, data: Some(&train), start, compute: &mut compute, tell: &mut tell };
            if block_on(phase.step(&mut state, &mut desk))?.over() {
                break;
            }
        }
    }
    Ok((state, masks))
}

#[wasm_bindgen_test(unsupported = test)]
fn phases_alone_come_to_what_a_run_comes_to() -> Result<()> {
    for text in [
        "criterion=taylor schedule=iterative schedule.rounds=2 recovery=rewind recovery.to=2 recovery.steps=3 calibration=32",
        "schedule=cubic schedule.every=1 recovery.steps=3 regrow=gradient regrow.every=1",
        "gate=dpf gate.every=2 recovery.steps=4",
        "solver=least-squares recovery=bn-recalibrate calibration=16",
    ] {
        let (state, told) = alone("mobilenet-small", text, 400)?;
        let mut session = open("mobilenet-small")?;
        session.start("run", &settings(text))?;
        finish(&mut session)?;
        let outcome = session.outcome().expect("a run leaves a network");
        assert!(told > 0 && state.masks == outcome.masks, "{text}: other masks");
        for ((id, value), (_, other)) in state.graph.parameters().zip(outcome.masked.parameters()) {
            let bits = |data: &Option<secateur::base::Tensor>| -> Vec<u32> {
                data.iter().flat_map(|data| data.flat().iter().map(|x| x.to_bits())).collect()
            };
            assert_eq!(bits(&value.data), bits(&other.data), "{text}: parameter {id}");
        }
    }
    Ok(())
}

/// What is gone back to are early steps of the dense network, whatever cuts in the training that follows.
#[wasm_bindgen_test(unsupported = test)]
fn early_steps_are_those_of_the_dense_network() -> Result<()> {
    let early = |text: &str| -> Result<Vec<u32>> {
        let (state, _) =
            alone("mobilenet-small", &format!("recovery=rewind recovery.to=2 recovery.steps=3 {text}"), 400)?;
        let graph = state.early.expect("a first training leaves its weights");
        Ok(graph
            .parameters()
            .flat_map(|(_, v)| v.data.iter().flat_map(|d| d.flat().to_vec()))
            .map(f32::to_bits)
            .collect())
    };
    let plain = early("")?;
    for text in ["gate=sr-ste", "gate=str gate.start=-3", "regrow=momentum regrow.every=1"] {
        assert!(early(text)? == plain, "{text}: something acted in the first training");
    }
    Ok(())
}
