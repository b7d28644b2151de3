//! Recipes: settings, which are text, checked and turned into parts with their values.

use crate::base::part::{Param, ParamKind, Settings};
use crate::base::{Error, Result};

use super::axis::{AXES, Choice};
use super::method;
use super::running::{Asked, Numbers, RUNNING, Running};
use super::training::{TRAINING, TrainingSettings};

/// A choice on every axis, complete and in range.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Its part on every axis.
    pub choice: Choice,
    /// Share that is cut.
    pub sparsity: f32,
    /// Settings that others overrule or that nothing reads, each in a sentence.
    pub remarks: Vec<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// Examples that a criterion looks at.
    pub calibration: usize,
    /// Fewest units a layer keeps.
    pub min_keep: usize,
    /// How what is left is trained.
    pub training: TrainingSettings,
    /// Layers that are not cut: `none`, `first`, `last`, or names, separated by commas.
    pub spare: String,
    /// Whether zeros that the network comes with stay cut.
    pub hold_zeros: bool,
    /// How both networks are run.
    pub running: Running,
}

/// Share of weights or channels that is cut.
pub static SPARSITY: Param = Param {
    key: "sparsity",
    label: "Sparsity",
    what: "Share of the weights that is cut; with channels or branches, share of those.",
    kind: ParamKind::Float { default: 0.9, min: 0.0, max: 0.995, log: false },
};
/// Seed of everything random.
pub static SEED: Param = Param {
    key: "seed",
    label: "Seed",
    what: "Everything random follows from it: the same seed gives the same result, bit for bit.",
    kind: ParamKind::Int { default: 1, min: 0, max: 1_000_000 },
};
/// Calibration examples.
pub static CALIBRATION: Param = Param {
    key: "calibration",
    label: "Calibration images",
    what: "Training images that a criterion, or the choice of 8-bit ranges, looks at.",
    kind: ParamKind::Int { default: 256, min: 16, max: 4096 },
};
/// Fewest units a layer keeps.
pub static MIN_KEEP: Param = Param {
    key: "min_keep",
    label: "Keep at least",
    what: "Fewest weights or channels that every layer keeps, so that none is cut off by accident.",
    kind: ParamKind::Int { default: 1, min: 0, max: 64 },
};

/// Layers that are not cut.
pub static SPARE: Param = Param {
    key: "spare",
    label: "Layers to spare",
    what: "Layers that are not cut: none, first, last, or names, separated by commas. The sparsity is a share of the others.",
    kind: ParamKind::Words { default: "none" },
};

/// What becomes of zeros that a network comes with.
pub static ZEROS: Param = Param {
    key: "zeros",
    label: "Zeros it comes with",
    what: "Where a network was pruned before it was opened: hold keeps its zeros cut, and they count to the sparsity; free lets them be trained like other weights.",
    kind: ParamKind::Choice { default: "hold", of: &["hold", "free"] },
};

/// Settings that belong to no axis.
pub static GLOBALS: &[&Param] = &[&SPARSITY, &SEED, &CALIBRATION, &MIN_KEEP, &SPARE, &ZEROS];

/// Settings beside the axes, of all sorts.
fn beside() -> impl Iterator<Item = &'static Param> {
    GLOBALS.iter().chain(TRAINING).chain(RUNNING).copied()
}

/// Settings that every run takes besides the recipe's.
const OTHER: [&str; 4] = ["model", "data", "method", TARGET];

/// Short for a search: how many times faster the network is to be, as `3x`.
const TARGET: &str = "target";

impl Recipe {
    /// Reads settings: a method's row first, then what overrides it.
    ///
    /// # Errors
    /// When a key is unknown, a value out of range, or parts do not go together; the message says what to do.
    pub fn read(settings: &Settings) -> Result<Self> {
        let full = with_method(settings)?;
        check_keys(&full)?;
        let mut recipe = Self {
            choice: Choice::read(&full)?,
            sparsity: SPARSITY.of(&full)?.float(),
            remarks: Vec::new(),
            seed: SEED.of(&full)?.whole() as u64,
            calibration: CALIBRATION.of(&full)?.whole(),
            min_keep: MIN_KEEP.of(&full)?.whole(),
            training: TrainingSettings::read(&full)?,
            spare: SPARE.of(&full)?.words(),
            hold_zeros: ZEROS.of(&full)?.word() == "hold",
            running: Running::read(&full)?,
        };
        recipe.choice.pattern.part.check(&recipe.choice.pattern.args)?;
        recipe.remarks = recipe.overrule(settings);
        let Running { precision, executor, .. } = recipe.running;
        if recipe.choice.search.part.searches() && (precision != Numbers::Single || executor == Asked::Gpu) {
            let message = "a search times 32-bit floats on the processor, and the networks are to run otherwise";
            return Err(Error::setting("search", message).hint("set precision=f32 and executor=cpu or auto"));
        }
        if let (Some(_), true) = (
            recipe.choice.runtime.part.density(&recipe.choice.runtime.args),
            precision != Numbers::Single || executor == Asked::Gpu,
        ) {
            let message = "channels are chosen for each image in 32-bit floats on the processor, and the networks are to run otherwise";
            return Err(Error::setting("runtime", message).hint("set precision=f32 and executor=cpu or auto"));
        }
        match recipe.choice.clash() {
            Some((axis, reason)) => Err(Error::setting(axis, reason.clone()).hint(format!("choose another {axis}"))),
            None => Ok(recipe),
        }
    }

    /// The same recipe with a share written down for each layer in place of its allocation.
    ///
    /// # Errors
    /// When what is written down are no shares.
    pub fn with_shares(&self, shares: &str) -> Result<Self> {
        let mut given = Settings::new();
        for (key, value) in [("allocation", "given"), ("allocation.shares", shares)] {
            given.insert(key.into(), value.into());
        }
        let allocation = Choice::read(&given)?.allocation;
        Ok(Self { choice: Choice { allocation, ..self.choice.clone() }, ..self.clone() })
    }

    /// All settings, completed with defaults; the sparsity only where it decides what is cut.
    pub fn settings(&self) -> Settings {
        let mut out = self.choice.settings();
        if self.follows().is_none() {
            out.insert("sparsity".into(), self.sparsity.to_string());
        }
        for (key, text) in [
            ("seed", self.seed.to_string()),
            ("calibration", self.calibration.to_string()),
            ("min_keep", self.min_keep.to_string()),
        ] {
            out.insert(key.into(), text);
        }
        out.insert(SPARE.key.into(), self.spare.clone());
        out.insert(ZEROS.key.into(), if self.hold_zeros { "hold" } else { "free" }.into());
        out.extend(self.training.settings());
        out.extend(self.running.settings());
        out
    }
}

/// The settings on top of those of the method they name.
pub fn with_method(settings: &Settings) -> Result<Settings> {
    let settings = &with_target(settings)?;
    let Some(id) = settings.get("method") else { return Ok(settings.clone()) };
    let mut full = method::find(id)?.settings();
    // A part that replaces the method's takes nothing of the old one's values.
    for axis in AXES {
        if settings.get(axis.id).is_some_and(|part| full.get(axis.id) != Some(part)) {
            full.retain(|key, _| !key.starts_with(&format!("{}.", axis.id)));
        }
    }
    full.extend(settings.clone());
    Ok(full)
}

/// The settings with `target=3x` spelled out.
fn with_target(settings: &Settings) -> Result<Settings> {
    let Some(text) = settings.get(TARGET) else { return Ok(settings.clone()) };
    let times = text.trim().trim_end_matches(['x', 'X', '×']);
    if times.parse::<f32>().is_err() {
        return Err(Error::setting(TARGET, format!("'{text}' says no number of times")).hint("write it as target=3x"));
    }
    let mut out = settings.clone();
    out.remove(TARGET);
    out.entry("search".into()).or_insert_with(|| "latency".into());
    out.entry("search.target".into()).or_insert_with(|| times.into());
    Ok(out)
}

fn check_keys(settings: &Settings) -> Result<()> {
    let known = |key: &str| {
        let axis = key.split('.').next().unwrap_or(key);
        AXES.iter().any(|a| a.id == axis) || beside().any(|p| p.key == key) || OTHER.contains(&key)
    };
    match settings.keys().find(|key| !known(key)) {
        Some(key) => {
            let all: Vec<&str> =
                OTHER.into_iter().chain(AXES.iter().map(|a| a.id)).chain(beside().map(|p| p.key)).collect();
            Err(Error::setting(key, format!("unknown setting '{key}'"))
                .hint(format!("the settings are {}", all.join(", "))))
        }
        None => Ok(()),
    }
}
