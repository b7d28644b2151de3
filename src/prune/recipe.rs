//! Recipes: settings, which are text, checked and turned into parts with their values.

use crate::base::part::{Args, Meta, Param, ParamKind, Part, Settings, find};
use crate::base::{Error, Result, keyed};

use super::allocation::{self, Allocation};
use super::criterion::{self, Criterion};
use super::method;
use super::pattern::{self, Pattern};
use super::recovery::{self, Recovery};
use super::regrow::{self, Regrow};
use super::running::{RUNNING, Running};
use super::schedule::{self, Schedule};
use super::training::{TRAINING, TrainingSettings};

/// A part with its values.
pub struct Pick<P: ?Sized + 'static> {
    /// The part.
    pub part: &'static P,
    /// Its values.
    pub args: Args,
}

impl<P: ?Sized> Clone for Pick<P> {
    fn clone(&self) -> Self {
        Self { part: self.part, args: self.args.clone() }
    }
}

impl<P: ?Sized + Part> std::fmt::Debug for Pick<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.part.meta().id, self.args)
    }
}

/// A choice on every axis, complete and in range.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What goes together.
    pub pattern: Pick<dyn Pattern>,
    /// Which goes.
    pub criterion: Pick<dyn Criterion>,
    /// How much where.
    pub allocation: Pick<dyn Allocation>,
    /// When.
    pub schedule: Pick<dyn Schedule>,
    /// What comes back.
    pub regrow: Pick<dyn Regrow>,
    /// What happens after.
    pub recovery: Pick<dyn Recovery>,
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
    what: "Share of the weights that is cut; with channels, share of the channels.",
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

/// The axes in the order of the form, with the part that stands where none is chosen.
pub static AXES: &[Axis] = &[
    Axis { id: "pattern", name: "Pattern", question: "What goes together?", default: "element" },
    Axis { id: "criterion", name: "Criterion", question: "Which go?", default: "magnitude" },
    Axis { id: "allocation", name: "Allocation", question: "How much where?", default: "global" },
    Axis { id: "schedule", name: "Schedule", question: "When, and how much by then?", default: "one-shot" },
    Axis { id: "regrow", name: "Regrow", question: "What comes back?", default: "none" },
    Axis { id: "recovery", name: "Recovery", question: "What happens after?", default: "fine-tune" },
];

/// An axis of the design space.
#[derive(Debug)]
pub struct Axis {
    /// Key in settings.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it decides.
    pub question: &'static str,
    /// The part that stands where none is chosen.
    pub default: &'static str,
}

/// The metadata of all parts of an axis.
pub fn parts(axis: &str) -> Vec<&'static Meta> {
    fn metas<P: Part + ?Sized>(all: &'static [&'static P]) -> Vec<&'static Meta> {
        all.iter().map(|part| part.meta()).collect()
    }
    match axis {
        "pattern" => metas(pattern::ALL),
        "criterion" => metas(criterion::ALL),
        "allocation" => metas(allocation::ALL),
        "schedule" => metas(schedule::ALL),
        "regrow" => metas(regrow::ALL),
        _ => metas(recovery::ALL),
    }
}

/// Settings that every run takes besides the recipe's.
const OTHER: [&str; 3] = ["model", "data", "method"];

impl Recipe {
    /// Reads settings: a method's row first, then what overrides it.
    ///
    /// # Errors
    /// When a key is unknown, a value out of range, or parts do not go together; the message says what to do.
    pub fn read(settings: &Settings) -> Result<Self> {
        let full = with_method(settings)?;
        check_keys(&full)?;
        fn pick<P: Part + ?Sized>(full: &Settings, axis: &str, all: &'static [&'static P]) -> Result<Pick<P>> {
            let part = find(axis, all, full.get(axis).map_or_else(|| default(axis), String::as_str))?;
            Ok(Pick { part, args: args(full, axis, part.meta())? })
        }
        let mut recipe = Self {
            pattern: pick(&full, "pattern", pattern::ALL)?,
            criterion: pick(&full, "criterion", criterion::ALL)?,
            allocation: pick(&full, "allocation", allocation::ALL)?,
            schedule: pick(&full, "schedule", schedule::ALL)?,
            regrow: pick(&full, "regrow", regrow::ALL)?,
            recovery: pick(&full, "recovery", recovery::ALL)?,
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
        recipe.pattern.part.check(&recipe.pattern.args)?;
        recipe.remarks = recipe.overrule(settings);
        match recipe.conflict() {
            Some((axis, reason)) => Err(Error::setting(axis, reason.clone()).hint(format!("choose another {axis}"))),
            None => Ok(recipe),
        }
    }

    /// Why two of the parts do not go together: the axis to change, and the reason.
    pub fn conflict(&self) -> Option<(&'static str, String)> {
        let name = |part: &dyn Part| part.meta().name.to_string();
        let (pattern, criterion) = (name(self.pattern.part), name(self.criterion.part));
        let schedule = name(self.schedule.part);
        let trains = self.recovery.part.trains();
        if self.criterion.part.level() == criterion::Level::Channel && !self.pattern.part.channelwise() {
            return Some((
                "criterion",
                format!("{criterion} scores whole channels, and {pattern} cuts single weights"),
            ));
        }
        if self.pattern.part.sparsity(&self.pattern.args).is_some() && self.allocation.part.meta().id != "layer" {
            return Some(("allocation", format!("{pattern} cuts the same share everywhere: it goes with Layer")));
        }
        if self.allocation.part.weights_only() && (self.pattern.part.physical() || self.pattern.part.channelwise()) {
            return Some((
                "allocation",
                format!("{} ranks single weights, and {pattern} cuts channels", name(self.allocation.part)),
            ));
        }
        if self.regrow.part.meta().id != "none" && self.pattern.part.meta().id != "element" {
            return Some(("regrow", format!("{pattern} does not regrow: only single weights do")));
        }
        if self.regrow.part.meta().id != "none" && !trains {
            return Some(("regrow", "weights regrow during training, and this recovery does not train".into()));
        }
        if self.schedule.part.needs_training() && !trains {
            return Some((
                "recovery",
                format!("{schedule} prunes between training steps, and this recovery does not train"),
            ));
        }
        if self.schedule.part.untrained() && self.recovery.part.rewinds() {
            return Some((
                "recovery",
                format!("{schedule} starts from the initial weights already: there is nothing to rewind"),
            ));
        }
        None
    }

    /// All settings, completed with defaults.
    pub fn settings(&self) -> Settings {
        let mut out = Settings::new();
        let mut put = |axis: &str, part: &dyn Part, args: &Args| {
            out.insert(axis.into(), part.meta().id.into());
            out.extend(args.texts().map(|(key, text)| (format!("{axis}.{key}"), text)));
        };
        put("pattern", self.pattern.part, &self.pattern.args);
        put("criterion", self.criterion.part, &self.criterion.args);
        put("allocation", self.allocation.part, &self.allocation.args);
        put("schedule", self.schedule.part, &self.schedule.args);
        put("regrow", self.regrow.part, &self.regrow.args);
        put("recovery", self.recovery.part, &self.recovery.args);
        for (key, text) in [
            ("sparsity", self.sparsity.to_string()),
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

/// The part that an axis has where none is chosen.
fn default(axis: &str) -> &'static str {
    AXES.iter().find(|a| a.id == axis).map_or("", |a| a.default)
}

/// The values of an axis' part among all settings.
fn args(full: &Settings, axis: &str, meta: &Meta) -> Result<Args> {
    let own = |(key, value): (&String, &String)| {
        let key = key.strip_prefix(axis)?.strip_prefix('.')?;
        Some((key.into(), value.clone()))
    };
    Args::read(axis, meta, &keyed(full.iter().filter_map(own)))
}

/// The settings on top of those of the method they name.
pub fn with_method(settings: &Settings) -> Result<Settings> {
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
