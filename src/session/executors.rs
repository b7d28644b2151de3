//! What is said about the two executors: which is faster and by how much, and what a GPU took part in.

use std::collections::BTreeSet;

use crate::prune::Recipe;
use crate::prune::running::{Asked, Numbers};

use super::record::{Accuracy, Environment, ExecutorSpeed, Speed};
use super::verdict::{percent, times};

/// What 16-bit floats did to the answers, or why there are none.
pub fn halves(accuracy: &Accuracy, here: &Environment, recipe: &Recipe) -> Option<String> {
    match accuracy.float {
        _ if recipe.running.precision != Numbers::Half => None,
        Some(float) => Some(format!(
            "It computes with 16-bit floats on the GPU: accuracy {} with 32 bits, {} with 16.",
            percent(float),
            percent(accuracy.after)
        )),
        None if here.gpu.is_some() && recipe.running.executor != Asked::Cpu => {
            Some("This GPU has no 16-bit floats: the network runs with 32 bits.".into())
        }
        None => Some("Only a GPU computes with 16-bit floats: the network runs with 32 bits.".into()),
    }
}

/// The sentences of a record.
pub fn notes(speed: &Speed, here: &Environment, took: &BTreeSet<&str>) -> Vec<String> {
    let mut notes = Vec::new();
    if let [cpu, gpu] = speed.by_executor.as_slice() {
        notes.push(compared(cpu, gpu, speed, name(here)));
    }
    let took: Vec<&str> = took.iter().copied().filter(|part| *part != "timing" || speed.executor == "gpu").collect();
    if !took.is_empty() {
        notes.push(format!(
            "Not bit-exact: a GPU ({}) took part in {}. With executor=cpu the same settings give the same bits everywhere.",
            here.gpu.as_deref().unwrap_or("unnamed"),
            list(&took)
        ));
    }
    notes
}

/// "a", "a and b", "a, b and c".
fn list(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

fn name(here: &Environment) -> &'static str {
    if here.target.starts_with("wasm") { "WebGPU" } else { "The GPU" }
}

/// "WebGPU is 2.3× slower (2.2–2.4) for one image here: 0.62 ms in 31 dispatches, about 20 µs each, against 0.27 ms."
fn compared(cpu: &ExecutorSpeed, gpu: &ExecutorSpeed, speed: &Speed, name: &str) -> String {
    let (low, high) = (gpu.gain_low, gpu.gain_high);
    let pace = match gpu.gain {
        _ if low <= 1.0 && 1.0 <= high => "no faster and no slower".to_string(),
        gain if gain > 1.0 => format!("{} faster ({})", times(gain), range(low, high)),
        gain => format!("{} slower ({})", times(1.0 / gain), range(1.0 / high, 1.0 / low)),
    };
    let images = if speed.batch == 1 { "one image".into() } else { format!("a batch of {}", speed.batch) };
    let each = 1e3 * gpu.pruned_ms / gpu.dispatches.max(1) as f64;
    let (took, its) = (millis(gpu.pruned_ms), millis(cpu.pruned_ms));
    let mut text = format!(
        "{name} is {pace} for {images} here: {took} in {} dispatches, about {each:.0} µs each with upload and readback, \
         against {its} on the processor.",
        gpu.dispatches
    );
    // Two clocks need not agree: where the GPU's counts more than all that ours saw, it explains nothing.
    if let Some(ms) = gpu.kernels_ms.filter(|&ms| ms < gpu.pruned_ms) {
        text += &format!(" Its kernels compute for {} of that, by the GPU's own clock.", millis(ms));
    }
    if let Some(batch) = speed.passes_at {
        text += &format!(" From a batch of {batch} on it is faster.");
    }
    text + &format!(" Its first answers, with all that is set up for them, take {}.", millis(gpu.cold_ms))
}

/// Ends of an interval, without the sign.
fn range(low: f64, high: f64) -> String {
    [low, high].map(|end| times(end).replace('×', "")).join("–")
}

fn millis(ms: f64) -> String {
    match ms {
        ms if ms < 0.1 => format!("{:.0} µs", 1e3 * ms),
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(gain: f64, batch: usize) -> Speed {
        let row = |executor: &str, ms: f64| ExecutorSpeed {
            executor: executor.into(),
            pruned_ms: ms,
            gain: 0.27 / ms,
            gain_low: 0.25 / ms,
            gain_high: 0.28 / ms,
            dispatches: 31,
            cold_ms: 85.0,
            ..ExecutorSpeed::default()
        };
        Speed { batch, by_executor: vec![row("cpu", 0.27), row("gpu", 0.27 / gain)], ..Speed::default() }
    }

    #[test]
    fn who_is_faster_is_said_in_words() {
        let here = Environment { target: "wasm32 simd128".into(), ..Environment::default() };
        let slower = Speed { passes_at: Some(32), ..speed(0.435, 1) };
        assert_eq!(
            notes(&slower, &here, &BTreeSet::from(["timing"])),
            [
                "WebGPU is 2.3× slower (2.2–2.5) for one image here: 0.62 ms in 31 dispatches, about 20 µs each with upload and \
              readback, against 0.27 ms on the processor. From a batch of 32 on it is faster. Its first answers, with all that \
              is set up for them, take 85 ms."
            ]
        );
        for (share, said) in [(0.5, true), (2.0, false)] {
            let mut clocked = speed(0.42, 1);
            clocked.by_executor[1].kernels_ms = Some(share * clocked.by_executor[1].pruned_ms);
            assert_eq!(notes(&clocked, &here, &BTreeSet::new())[0].contains("of that, by the GPU's own clock"), said);
        }
        assert!(notes(&speed(4.0, 64), &here, &BTreeSet::new())[0].contains("4.0× faster (3.7–4.1) for a batch of 64"));
        assert!(notes(&speed(1.0, 1), &here, &BTreeSet::new())[0].contains("no faster and no slower"));
        assert!(
            notes(&Speed::default(), &here, &BTreeSet::new()).is_empty(),
            "nothing is said of a GPU that is not there"
        );
        let said = notes(&Speed::default(), &here, &BTreeSet::from(["answers", "calibration", "training"]));
        assert!([list(&["a", "b"]), list(&["a"]), list(&[])] == ["a and b", "a", ""]);
        assert!(said[0].starts_with("Not bit-exact") && said[0].contains("answers, calibration and training"));
    }
}
