//! Choosing a kernel for a layer: pack the weights in every form that fits, measure, keep the fastest.
//!
//! All forms add up the same terms, those over planes of pixels in the same order too: the choice changes how long a layer
//! takes, and its result by rounding at most.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use serde::{Deserialize, Serialize};

use crate::base::{clock, order};
use crate::kernel::block::Blocks;
use crate::kernel::conv::Conv;
use crate::kernel::depthwise::Filters;
use crate::kernel::element::Rows;
use crate::kernel::flat::{self, Layout};
use crate::kernel::gemv::Gemv;
use crate::kernel::nm::Groups;
use crate::kernel::store::{Planes, Store};

use super::lower::Weighted;

/// How kernels are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// Time every candidate on this machine.
    Measure,
    /// Count multiply-adds: quick, repeatable, and blind to the machine.
    Predict,
    /// The candidate of a name where there is one, else the dense one: for tests.
    Named(&'static str),
}

/// A kernel that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Weights packed for some kernel.
#[derive(Clone, Debug)]
pub enum Packed {
    /// By blocks of rows, dense or not.
    Blocks(Blocks),
    /// By rows, dense or not.
    Rows(Rows),
    /// By N:M groups.
    Groups(Groups),
    /// One filter a channel.
    Filters(Filters),
    /// For a vector.
    Gemv(Gemv),
}

impl Packed {
    fn bytes(&self) -> usize {
        match self {
            Self::Blocks(k) => k.bytes(),
            Self::Rows(k) => k.bytes(),
            Self::Groups(k) => k.bytes(),
            Self::Filters(k) => k.bytes(),
            Self::Gemv(k) => k.bytes(),
        }
    }

    /// Runs on flat planes; vectors go through [`Gemv::run`].
    pub fn run(&self, x: &[f32], y: &mut [f32], to: Planes, run: usize, store: &Store) {
        match self {
            Self::Blocks(k) => k.run(x, y, to, run, store),
            Self::Rows(k) => k.run(x, y, to, run, store),
            Self::Groups(k) => k.run(x, y, to, run, store),
            Self::Filters(k) => k.run(x, y, to, run, store),
            Self::Gemv(k) => k.run(x, y, store),
        }
    }
}

/// A packed form with its name and a guess at its work, in multiply-adds worth of time.
#[derive(Debug)]
pub struct Form {
    /// Name of the kernel.
    pub name: &'static str,
    /// The weights.
    pub packed: Packed,
    /// Predicted work.
    pub work: f64,
}

/// Whether any weight is zero: otherwise sparse forms are the dense ones again.
fn sparse(w: &Weighted) -> bool {
    w.weights.contains(&0.0)
}

/// All forms of a convolution whose input lies in a layout, dense ones first.
pub fn convolution(w: &Weighted, v: &Conv, l: &Layout) -> Vec<Form> {
    let run = l.run() as f64;
    let total = w.weights.len() as f64;
    let (og, depth) = (v.o / v.groups, v.depth());
    let offsets: Vec<Vec<u32>> = (0..v.groups).map(|g| v.offsets(l, g)).collect();
    let rows = |whole: bool| {
        let mut rows = Rows::new();
        w.weights.chunks(depth).enumerate().for_each(|(o, row)| rows.push(row, &offsets[o / og], whole));
        rows
    };
    let mut forms = Vec::new();
    if v.groups == 1 {
        let pack = |height, skip| Blocks::pack(&w.weights, v.o, &offsets[0], height, skip);
        forms.push(Form { name: "dense 4x1", packed: Packed::Blocks(pack(4, false)), work: 0.75 * total * run });
        forms.push(Form { name: "dense 2x1", packed: Packed::Blocks(pack(2, false)), work: 0.85 * total * run });
        if sparse(w) {
            let (four, two) = (pack(4, true), pack(2, true));
            let work = |b: &Blocks, each: f64| each * b.stored() as f64 * run;
            forms.push(Form { name: "block 4x1", work: work(&four, 0.8), packed: Packed::Blocks(four) });
            forms.push(Form { name: "block 2x1", work: work(&two, 0.9), packed: Packed::Blocks(two) });
        }
    }
    if v.groups == v.c && og == 1 {
        let first = &offsets[0];
        let filters = Filters { offsets: first.clone(), plane: l.plane, weights: w.weights.clone() };
        forms.push(Form { name: "depthwise", packed: Packed::Filters(filters), work: 0.9 * total * run });
    }
    forms.push(Form { name: "dense 1x1", packed: Packed::Rows(rows(true)), work: total * run });
    if sparse(w) {
        let rows = rows(false);
        forms.push(Form { name: "element", work: rows.stored() as f64 * run, packed: Packed::Rows(rows) });
    }
    if let (Some((n, m)), 1) = (w.rule, v.groups) {
        forms.extend(groups(w, v, &offsets[0], n, m, run));
    }
    forms
}

/// The N:M form: groups run along the input channels of one tap, so taps are sorted by position first.
fn groups(w: &Weighted, v: &Conv, offsets: &[u32], n: usize, m: usize, run: f64) -> Option<Form> {
    let (taps, depth) = (v.taps(), v.depth());
    let order: Vec<usize> = (0..depth).map(|i| i % v.c * taps + i / v.c).collect();
    let weights: Vec<f32> = w.weights.chunks(depth).flat_map(|row| order.iter().map(|&i| row[i])).collect();
    let offsets: Vec<u32> = order.iter().map(|&i| offsets[i]).collect();
    let packed = v.c.is_multiple_of(m).then(|| Groups::pack(&weights, v.o, &offsets, n, m))??;
    let work = 1.05 * packed.stored() as f64 * run;
    Some(Form { name: "n:m", packed: Packed::Groups(packed), work })
}

/// All forms of a linear layer over a batch: a 1x1 convolution whose pixels are the examples.
pub fn linear(w: &Weighted, l: &Layout) -> Vec<Form> {
    let outputs = w.bias.len();
    let v = Conv {
        n: l.n,
        c: w.weights.len() / outputs.max(1),
        size: [1, 1],
        o: outputs,
        kernel: [1, 1],
        stride: [1, 1],
        pad: [0, 0],
        dilation: [1, 1],
        groups: 1,
    };
    convolution(w, &v, l)
}

/// All forms of a linear layer for one example.
pub fn vector(w: &Weighted) -> Vec<Form> {
    let outputs = w.bias.len();
    let inputs = w.weights.len() / outputs.max(1);
    let form =
        |name, gemv: Gemv, each: f64| Form { name, work: each * gemv.bytes() as f64, packed: Packed::Gemv(gemv) };
    let mut forms = vec![form("dense", Gemv::dense(&w.weights, outputs, inputs), 1.0)];
    if sparse(w) {
        forms.push(form("element", Gemv::element(&w.weights, inputs), 1.5));
        forms.push(form("block 8x1", Gemv::block(&w.weights, outputs, inputs), 1.1));
    }
    forms
}

/// Picks a form: `time(form)` runs it once.
pub fn pick(forms: Vec<Form>, how: Choose, time: &mut dyn FnMut(&Packed)) -> (Packed, Why) {
    let us: Vec<f64> = match how {
        Choose::Measure => measure(&forms, time),
        _ => forms.iter().map(|f| f.work * 1e-4).collect(),
    };
    let named = |f: &Form| matches!(how, Choose::Named(name) if f.name == name);
    let fastest = (0..forms.len()).fold(0, |best, i| if us[i] < us[best] { i } else { best });
    let chosen = match how {
        Choose::Named(_) => forms.iter().position(named).unwrap_or(0),
        _ => fastest,
    };
    let others = order::falling(&us.iter().map(|&us| -us as f32).collect::<Vec<_>>());
    let candidates = std::iter::once(chosen)
        .chain(others.into_iter().filter(|&i| i != chosen))
        .map(|i| Candidate { kernel: forms[i].name.into(), us: us[i], bytes: forms[i].packed.bytes() })
        .collect();
    let why = Why { candidates, measured: how == Choose::Measure };
    let packed = forms.into_iter().nth(chosen).map(|f| f.packed);
    (packed.unwrap_or(Packed::Rows(Rows::new())), why)
}

/// The position of the fastest form, measured.
pub fn fastest(forms: &[Form], time: &mut dyn FnMut(&Packed)) -> usize {
    let us = measure(forms, time);
    (0..forms.len()).fold(0, |best, i| if us[i] < us[best] { i } else { best })
}

/// A sample should be this much longer than the step of the clock.
const STEPS: f64 = 15.0;
/// Samples of each form; the least counts, for what disturbs only ever adds.
const ROUNDS: usize = 4;
/// A form that is this much slower than the fastest is not measured more closely.
const HOPELESS: f64 = 2.5;

/// A form under measurement.
struct Trial {
    repeats: usize,
    us: f64,
}

/// How long forms that never ran are run before they are timed, together, in milliseconds.
const WARM_UP_MS: f64 = 60.0;

/// Browsers compile a kernel in a hurry and swap in better code in the background while it runs: forms that never ran on
/// this page are run until that has happened.
fn warm_up(forms: &[Form], time: &mut dyn FnMut(&Packed)) {
    static WARM: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let Ok(mut known) = WARM.lock() else { return };
    let cold: Vec<&Form> = forms.iter().filter(|form| known.insert(form.name)).collect();
    let start = clock::now_ms();
    while cfg!(target_arch = "wasm32") && !cold.is_empty() && clock::now_ms() - start < WARM_UP_MS {
        cold.iter().for_each(|form| time(&form.packed));
    }
}

/// Microseconds of each form: the least of some interleaved samples, each long enough for the clock.
fn measure(forms: &[Form], time: &mut dyn FnMut(&Packed)) -> Vec<f64> {
    warm_up(forms, time);
    let least = (STEPS * step()).clamp(0.2, 4.0);
    let mut trials: Vec<Trial> = forms.iter().map(|form| warm(form, least, time)).collect();
    for round in 0..ROUNDS {
        let fastest = trials.iter().map(|t| t.us).fold(f64::INFINITY, f64::min);
        // The warm-up alone condemns no form: its code may have been the browser's first draft.
        let hopeful = |t: &Trial| round == 0 || t.us <= HOPELESS * fastest;
        for (trial, form) in trials.iter_mut().zip(forms).filter(|(t, _)| hopeful(t)) {
            let start = clock::now_ms();
            (0..trial.repeats).for_each(|_| time(&form.packed));
            let ms = clock::now_ms() - start;
            if ms < 0.5 * least {
                // Better code has taken over since the warm-up: this sample is too short for more than an upper bound.
                trial.us = trial.us.min((ms + step()) * 1e3 / trial.repeats as f64);
                trial.repeats *= 2;
            } else {
                trial.us = trial.us.min(ms * 1e3 / trial.repeats as f64);
            }
        }
    }
    trials.into_iter().map(|t| t.us).collect()
}

/// Runs a form until the clock has moved enough to know how often a sample must run it.
fn warm(form: &Form, least: f64, time: &mut dyn FnMut(&Packed)) -> Trial {
    let (start, mut repeats) = (clock::now_ms(), 0);
    loop {
        time(&form.packed);
        repeats += 1;
        let ms = clock::now_ms() - start;
        if ms >= least {
            return Trial { repeats, us: ms * 1e3 / repeats as f64 };
        }
    }
}

/// The step of the clock, measured once.
fn step() -> f64 {
    static STEP: OnceLock<f64> = OnceLock::new();
    *STEP.get_or_init(clock::step_ms)
}

/// Offsets of a linear layer are planes apart; nothing else about a layout matters to it.
pub fn planes(l: &Layout) -> Planes {
    Planes { lead: l.lead, plane: l.plane }
}

/// Numbers that a run really covers.
pub fn reach(l: &Layout) -> usize {
    l.run().next_multiple_of(flat::SLACK)
}
