//! Published methods: each one row that names its choice on every axis.

mod family;

use serde::Serialize;

use crate::base::part::{Settings, Source};
use crate::base::{Error, Result, keyed};

/// A method as a recipe with a name.
#[derive(Debug, Serialize)]
pub struct Method {
    /// Stable name.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// The rule as a formula.
    pub formula: &'static str,
    /// Where it was published.
    pub sources: &'static [Source],
    /// Part of the taxonomy it belongs to.
    pub family: &'static str,
    /// Other names that people look for.
    pub aliases: &'static [&'static str],
    /// What is our reading where the published rule leaves a choice; empty where it does not.
    pub reading: &'static str,
    /// Settings as `key=value`, separated by spaces.
    #[serde(skip)]
    pub recipe: &'static str,
}

impl Method {
    /// The row's settings.
    pub fn settings(&self) -> Settings {
        let pairs = self.recipe.split_whitespace().filter_map(|pair| pair.split_once('='));
        keyed(pairs.map(|(key, value)| (key.into(), value.into())))
    }
}

/// All methods, family by family.
pub fn all() -> impl Iterator<Item = &'static Method> {
    family::ALL.iter().copied().flatten()
}

/// The method with an id.
///
/// # Errors
/// When there is none.
pub fn find(id: &str) -> Result<&'static Method> {
    all().find(|method| method.id == id).ok_or_else(|| {
        let known: Vec<&str> = all().map(|method| method.id).collect();
        Error::setting("method", format!("unknown method '{id}'")).hint(format!("choose one of {}", known.join(", ")))
    })
}
