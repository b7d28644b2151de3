//! What a saved network says of itself: which network it is, and the run that made it.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

use crate::base::{Error, Result, keyed};

use super::container::Metadata;

/// The layout that is written; docs/format.md describes it.
const VERSION: u32 = 1;
/// The layout of a file that has codes in place of numbers.
pub(super) const CODED: u32 = 2;
/// What marks a file as one of ours.
const FORMAT: &str = "secateur";

/// Where a network comes from. The same in every format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct Origin {
    /// The network's id.
    pub model: String,
    /// All settings of the run, completed.
    pub recipe: BTreeMap<String, String>,
    /// Seed of everything random.
    pub seed: String,
    /// Digest of the weights: that of the run's record.
    pub digest: String,
    /// Digest of the weights that were cut.
    pub source: String,
    /// The program that wrote it.
    pub producer: String,
}

impl Origin {
    /// As entries of a file's metadata, without those that are empty. The recipe is written as the command line takes it.
    pub fn metadata(&self) -> Metadata {
        let recipe = pairs(&self.recipe);
        let version = VERSION.to_string();
        let fields = [
            ("format", FORMAT),
            ("version", &version),
            ("model", &self.model),
            ("recipe", &recipe),
            ("seed", &self.seed),
            ("digest", &self.digest),
            ("source", &self.source),
            ("producer", &self.producer),
        ];
        keyed(fields.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.into(), text.into())))
    }

    /// Reads the metadata of a file; none where it is not one of ours.
    ///
    /// # Errors
    /// When the layout is one that this version does not know.
    pub fn read(metadata: &Metadata) -> Result<Option<Self>> {
        if metadata.get("format").is_none_or(|format| format != FORMAT) {
            return Ok(None);
        }
        let text = |key: &str| metadata.get(key).cloned().unwrap_or_default();
        if ![VERSION, CODED].iter().any(|known| text("version") == known.to_string()) {
            return Err(Error::format(format!(
                "the file has layout {}, and only {VERSION} and {CODED} are known here",
                text("version")
            ))
            .hint("open it with a newer version of Secateur"));
        }
        Ok(Some(Self {
            model: text("model"),
            recipe: keyed(split(&text("recipe")).map(|(key, value)| (key.into(), value.into()))),
            seed: text("seed"),
            digest: text("digest"),
            source: text("source"),
            producer: text("producer"),
        }))
    }
}

/// `key=value` for each entry, with spaces between.
pub(super) fn pairs(map: &BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// What [`pairs`] joined.
pub(super) fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(' ').filter_map(|pair| pair.split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let recipe = keyed([("sparsity", "0.9"), ("pattern.m", "4")].into_iter().map(|(k, v)| (k.into(), v.into())));
        let origin = Origin { model: "resnet8".into(), recipe, seed: "7".into(), ..Origin::default() };
        let mut metadata = origin.metadata();
        assert_eq!(metadata["recipe"], "pattern.m=4 sparsity=0.9");
        assert_eq!(Origin::read(&metadata)?, Some(origin));
        metadata.insert("version".into(), "3".into());
        assert!(Origin::read(&metadata).is_err_and(|e| e.message.contains("layout 3")));
        metadata.insert("format".into(), "pt".into());
        assert_eq!(Origin::read(&metadata)?, None, "another program's metadata");
        Ok(())
    }
}
