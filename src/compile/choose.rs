//! Choosing among the forms of a layer: measure them on this machine, keep the fastest, and the others' times as the reason.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::base::clock;
use crate::base::sampling::{Sampled, Sampling};

use super::forms::{Form, Packed};

/// How kernels are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// Time every candidate on this machine.
    Measure,
    /// Time them too, and take the fastest that leaves zeros out, where there is one.
    Sparse,
    /// Time those that compute with zeros too, and no others: what a network costs whose zeros nobody knows of.
    Dense,
    /// Count multiply-adds: quick, repeatable, and blind to the machine.
    Predict,
    /// The candidate of a name where there is one, else the dense one: for tests.
    Named(&'static str),
}

impl Choose {
    /// Whether candidates are timed.
    pub fn measures(self) -> bool {
        matches!(self, Self::Measure | Self::Sparse | Self::Dense)
    }
}

/// Whether a kernel, of the processor or of the GPU, computes with zeros too.
pub fn dense(kernel: &str) -> bool {
    let kernel = kernel.strip_prefix("gpu ").unwrap_or(kernel);
    kernel.is_empty() || kernel.starts_with("dense") || kernel.starts_with("depthwise")
}

/// A kernel that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Candidate {
    /// Name of the kernel.
    pub kernel: String,
    /// Microseconds a run; predicted ones are relative.
    pub us: f64,
    /// Bytes of the packed weights.
    pub bytes: usize,
}

/// Why a layer runs on its kernel: all candidates, the chosen one first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// What was tried, fastest first.
    pub candidates: Vec<Candidate>,
    /// Whether the times were measured.
    pub measured: bool,
}

/// Picks a form: `time(form)` runs it once.
pub fn pick(mut forms: Vec<Form>, how: Choose, time: &mut dyn FnMut(&Packed)) -> (Packed, Why) {
    if how == Choose::Dense && forms.iter().any(|form| dense(form.name)) {
        forms.retain(|form| dense(form.name));
    }
    let us: Vec<f64> = match how {
        how if how.measures() => measure(&names(&forms), &mut |i| time(&forms[i].packed)),
        _ => forms.iter().map(|f| f.work * 1e-4).collect(),
    };
    let tried = forms.iter().zip(us).map(|(f, us)| Candidate { kernel: f.name.into(), us, bytes: f.packed.bytes() });
    let (chosen, why) = decide(tried.collect(), how);
    let packed = forms.into_iter().nth(chosen).map(|f| f.packed);
    (packed.unwrap_or_default(), why)
}

/// The position of the kernel to take of those that were tried: the fastest, or the one of a name, and the first without it.
pub fn decide(tried: Vec<Candidate>, how: Choose) -> (usize, Why) {
    let mut rising: Vec<usize> = Vec::new();
    for (i, candidate) in tried.iter().enumerate() {
        rising.insert(rising.partition_point(|&j| tried[j].us <= candidate.us), i);
    }
    let wanted = |c: &Candidate| match how {
        Choose::Sparse => !dense(&c.kernel),
        Choose::Dense => dense(&c.kernel),
        _ => true,
    };
    let any = tried.iter().any(wanted);
    let open = |i: &usize| !any || wanted(&tried[*i]);
    let chosen = match how {
        Choose::Named(name) => tried.iter().position(|c| c.kernel == name).unwrap_or(0),
        _ => {
            let first = (0..tried.len()).find(open).unwrap_or(0);
            (0..tried.len()).filter(open).fold(first, |best, i| if tried[i].us < tried[best].us { i } else { best })
        }
    };
    let all = std::iter::once(chosen).chain(rising.into_iter().filter(|&i| i != chosen));
    let candidates = all.filter_map(|i| tried.get(i).cloned()).collect();
    (chosen, Why { candidates, measured: how.measures() })
}

fn names(forms: &[Form]) -> Vec<&'static str> {
    forms.iter().map(|form| form.name).collect()
}

/// Why a layer runs on its only kernel.
pub fn only(kernel: &'static str, bytes: usize, work: f64, how: Choose, time: &mut dyn FnMut()) -> Why {
    let us = if how.measures() { measure(&[kernel], &mut |_| time())[0] } else { work * 1e-4 };
    Why { candidates: vec![Candidate { kernel: kernel.into(), us, bytes }], measured: how.measures() }
}

/// The position of the fastest form, measured.
pub fn fastest(forms: &[Form], time: &mut dyn FnMut(&Packed)) -> usize {
    let us = measure(&names(forms), &mut |i| time(&forms[i].packed));
    (0..forms.len()).fold(0, |best, i| if us[i] < us[best] { i } else { best })
}

/// A sample should be this much longer than the step of the clock, within limits in milliseconds.
const STEPS: f64 = 15.0;
const LENGTHS: [f64; 2] = [0.2, 8.0];
/// Samples of each form.
const ROUNDS: usize = 4;
/// From this many steps on a sample says for itself how long it took; shorter ones are rounded up or down by chance, and only
/// their mean says it.
const FINE: f64 = 40.0;
/// A form that is this much slower than the fastest is not measured more closely.
const HOPELESS: f64 = 2.5;

/// What a run takes, in µs: what disturbs only ever adds, so the least counts where the clock is fine, and where it is not, the mean
/// without the slowest.
fn settle(sampled: &Sampled, fine: bool) -> f64 {
    let mut samples = sampled.samples.clone();
    samples.sort_unstable_by(f64::total_cmp);
    let keep = samples.len() - usize::from(samples.len() > 2);
    let ms = if fine || samples.is_empty() { sampled.bound } else { samples[..keep].iter().sum::<f64>() / keep as f64 };
    ms * 1e3
}

/// How long forms that never ran are run before they are timed, together, in milliseconds.
const WARM_UP_MS: f64 = 60.0;

/// Browsers compile a kernel in a hurry and swap in better code in the background while it runs: forms that never ran on
/// this page are run until that has happened.
fn warm_up(names: &[&'static str], time: &mut dyn FnMut(usize)) {
    static WARM: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let Ok(mut known) = WARM.lock() else { return };
    let cold: Vec<usize> = (0..names.len()).filter(|&i| known.insert(names[i])).collect();
    let start = clock::now_ms();
    while cfg!(target_arch = "wasm32") && !cold.is_empty() && clock::now_ms() - start < WARM_UP_MS {
        cold.iter().for_each(|&i| time(i));
    }
}

/// Microseconds of each form, by some interleaved samples, each long enough for the clock.
fn measure(names: &[&'static str], time: &mut dyn FnMut(usize)) -> Vec<f64> {
    warm_up(names, time);
    let step = clock::step_ms();
    let least = (STEPS * step).clamp(LENGTHS[0], LENGTHS[1]);
    let mut sampling = Sampling::new(names.len(), least, step);
    let mut timed = |form: usize, runs: usize| {
        let start = clock::now_ms();
        (0..runs).for_each(|_| time(form));
        clock::now_ms() - start
    };
    for _ in 0..ROUNDS {
        sampling.round(&mut timed);
        // The warm-up alone condemned no form: its code may have been the browser's first draft.
        let fastest = sampling.entrants().iter().map(|form| form.bound).fold(f64::INFINITY, f64::min);
        sampling.entrants_mut().iter_mut().for_each(|form| form.out = form.bound > HOPELESS * fastest);
    }
    let fine = least >= FINE * step;
    sampling.entrants().iter().map(|form| settle(form, fine)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_clock_is_believed_on_average_only() {
        let settle = |samples: &[f64], fine: bool| {
            let mut sampling = Sampling::new(1, 1.0, 0.0).at_most(1);
            samples.iter().for_each(|&ms| sampling.round(&mut |_, _| ms));
            settle(&sampling.entrants()[0], fine).round()
        };
        assert_eq!(settle(&[3.0, 2.0, 4.0, 90.0], true), 2000.0);
        assert_eq!(settle(&[3.0, 2.0, 4.0, 90.0], false), 3000.0);
        assert_eq!(settle(&[3.0], false), 3000.0);
        let mut warm = Sampling::new(1, 1.0, 0.0);
        while warm.cold() {
            warm.turn();
            warm.took(1.0);
        }
        assert_eq!(super::settle(&warm.entrants()[0], false), 1000.0, "the warm-up is all that is known");
    }

    #[test]
    fn what_leaves_zeros_out_is_preferred_where_there_is_any() {
        let tried = |kernels: &[(&str, f64)]| -> Vec<Candidate> {
            kernels.iter().map(|&(kernel, us)| Candidate { kernel: kernel.into(), us, bytes: 0 }).collect()
        };
        let pick = |kernels: &[(&str, f64)], how| decide(tried(kernels), how).0;
        let both = [("gpu dense 4x2", 3.0), ("gpu element 4x2", 5.0), ("gpu dense 8x2", 1.0), ("gpu element 1x1", 4.0)];
        assert_eq!(pick(&both, Choose::Measure), 2);
        assert_eq!(pick(&both, Choose::Sparse), 3);
        assert_eq!(pick(&[("element", 1.0), ("dense", 3.0), ("dense 6x1", 2.0)], Choose::Dense), 2);
        assert_eq!(pick(&[("element", 2.0), ("block", 1.0)], Choose::Dense), 1, "nothing else is there");
        assert_eq!(pick(&[("dense a", 3.0), ("dense b", 2.0), ("dense c", 9.0)], Choose::Sparse), 1);
        assert_eq!(pick(&both, Choose::Named("gpu element 4x2")), 1);
        let (_, why) = decide(tried(&both), Choose::Sparse);
        let order: Vec<f64> = why.candidates.iter().map(|c| c.us).collect();
        assert_eq!(order, [4.0, 1.0, 3.0, 5.0], "the one that runs comes first, the others by time");
        // Times that are the same number in single precision.
        let (_, why) = decide(tried(&[("a", 32.142857355), ("b", 32.142857356), ("c", 32.142857354)]), Choose::Measure);
        assert_eq!(why.candidates.iter().map(|c| c.kernel.as_str()).collect::<String>(), "cab");
    }
}
