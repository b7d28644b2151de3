//! Every registry as data: what the page, the command line and the documentation are made from.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

use crate::base::keyed;
use crate::base::part::{Meta, Param};
use crate::data::{self, Card};
use crate::io::format::{self, Format};
use crate::prune::Settings;
use crate::prune::axis::{AXES, parts};
use crate::prune::method::{self, Method};
use crate::prune::recipe::GLOBALS;
use crate::prune::running::RUNNING;
use crate::prune::training::{BUDGET, TRAINING};
use crate::zoo::{self, Model};

/// What a visitor without wishes of their own sees first: little is lost and much gained within seconds. Chosen by a sweep over
/// what is shipped; its table is in `docs/performance.md`.
pub static FIRST: &[(&str, &str)] = &[
    ("model", "lenet-300-100"),
    ("method", "distilled-magnitude"),
    ("sparsity", "0.93"),
    ("training.steps", "300"),
    ("training.lr", "0.05"),
];

/// All there is to choose from.
#[derive(Serialize, TS)]
pub struct Catalog {
    /// Version of this crate.
    pub version: &'static str,
    /// The axes with their parts.
    pub axes: Vec<AxisRow>,
    /// Published methods.
    pub methods: Vec<MethodRow>,
    /// Settings that belong to no axis.
    pub globals: &'static [&'static Param],
    /// How what is left is trained.
    pub training: &'static [&'static Param],
    /// What a visitor without wishes of their own sees first.
    pub first: BTreeMap<&'static str, &'static str>,
    /// What a sweep gives every method unless it is told otherwise.
    pub budget: BTreeMap<&'static str, &'static str>,
    /// How the pruned network is run when it is measured.
    pub running: &'static [&'static Param],
    /// Networks.
    pub models: &'static [Model],
    /// Data sets.
    pub datasets: &'static [Card],
    /// Formats that networks are saved in.
    pub formats: &'static [Format],
}

/// An axis with its parts.
#[derive(Serialize, TS)]
#[ts(rename = "Axis")]
pub struct AxisRow {
    /// Key in settings.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it decides.
    pub question: &'static str,
    /// The part that stands where none is chosen.
    #[ts(type = "PartId")]
    pub default: &'static str,
    /// It is not shown until something is chosen on it.
    pub quiet: bool,
    /// What there is to choose from.
    pub parts: Vec<&'static Meta>,
}

/// A method with its settings spelled out.
#[derive(Serialize, TS)]
#[ts(rename = "Method")]
pub struct MethodRow {
    /// The row.
    #[serde(flatten)]
    pub method: &'static Method,
    /// Its settings.
    pub settings: Settings,
}

/// The catalog of this build.
pub fn catalog() -> Catalog {
    let axis = |a: &crate::prune::axis::Axis| AxisRow {
        id: a.id,
        name: a.name,
        question: a.question,
        default: a.default,
        quiet: a.quiet,
        parts: parts(a.id),
    };
    Catalog {
        version: env!("CARGO_PKG_VERSION"),
        axes: AXES.iter().map(axis).collect(),
        methods: method::all().map(|method| MethodRow { method, settings: method.settings() }).collect(),
        globals: GLOBALS,
        training: TRAINING,
        first: keyed(FIRST.iter().copied()),
        budget: keyed(BUDGET.iter().copied()),
        running: RUNNING,
        models: zoo::ALL,
        datasets: data::ALL,
        formats: format::ALL,
    }
}
