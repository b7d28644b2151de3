//! Published methods: each one row that names its choice on every axis.

mod family;

use serde::Serialize;
use ts_rs::TS;

use crate::base::part::{Settings, Source};
use crate::base::{Error, Result, keyed};

use super::axis::{AXES, Axis};

/// A method as a recipe with a name.
#[derive(Debug, Serialize, TS)]
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

    /// Keys of settings on an axis that are not as the row has them.
    pub fn changed_by(&self, settings: &Settings) -> Vec<String> {
        let own = self.settings();
        let on_axis = |key: &str| AXES.iter().any(|axis| key.split('.').next() == Some(axis.id));
        let changed = settings.iter().filter(|(key, value)| on_axis(key) && own.get(*key) != Some(value));
        changed.map(|(key, _)| key.clone()).collect()
    }

    /// Whether completed settings have its parts on all axes, and what it says of their parameters.
    fn chose(&self, settings: &Settings) -> bool {
        let own = self.settings();
        let part = |axis: &Axis| own.get(axis.id).map_or(axis.default, String::as_str);
        AXES.iter().all(|axis| settings.get(axis.id).map_or(axis.default, String::as_str) == part(axis))
            && own.iter().all(|(key, value)| settings.get(key).is_some_and(|given| same(given, value)))
    }
}

/// Whether two texts are the same setting: 0.50 is 0.5.
fn same(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<f32>(), b.parse::<f32>()), (Ok(a), Ok(b)) if a == b)
}

/// The method of completed settings: the one that they name, else the first whose choices they are.
pub fn of(settings: &Settings) -> Option<&'static Method> {
    match settings.get("method") {
        Some(id) => find(id).ok(),
        None => all().find(|method| method.chose(settings)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prune::Recipe;

    fn completed(text: &str) -> Result<Settings> {
        let given = keyed(text.split(' ').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())));
        Ok(Recipe::read(&given)?.settings())
    }

    #[test]
    fn a_recipe_is_the_method_whose_choices_it_makes() -> Result<()> {
        for method in all() {
            let settings = Recipe::read(&method.settings())?.settings();
            let found = of(&settings).ok_or_else(|| Error::setting("method", method.id))?;
            assert!(found.chose(&settings) && method.chose(&settings), "{}", method.id);
        }
        let magnitude = "pattern=element criterion=magnitude allocation=global schedule=one-shot recovery=fine-tune";
        assert_eq!(of(&completed(magnitude)?).map(|method| method.id), Some("global-magnitude"));
        assert_eq!(
            of(&completed(&format!("{magnitude} fusion=kmeans fusion.steps=100"))?).map(|method| method.id),
            Some("deep-compression")
        );
        assert!(of(&completed("criterion=random schedule=cubic regrow=random")?).is_none());
        Ok(())
    }

    #[test]
    fn what_a_form_changed_is_told_by_key() -> Result<()> {
        let given = [("pattern", "nm"), ("criterion", "magnitude"), ("pattern.n", "1"), ("sparsity", "0.5")];
        let given = keyed(given.into_iter().map(|(key, value)| (key.into(), value.into())));
        assert_eq!(find("global-magnitude")?.changed_by(&given), ["pattern", "pattern.n"]);
        Ok(())
    }
}
