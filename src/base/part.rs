//! Parts: how every choice of the workbench names and explains itself.
//!
//! A part is a unit struct with a `static META`. The form in the page, the URL, the command line, the catalog and the
//! contract tests read only the metadata; a registry is an explicit list.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

use super::{Error, Result};

/// Keys and values as they stand in a URL, an attribute or on the command line.
pub type Settings = BTreeMap<String, String>;

/// Where a method comes from.
#[derive(Clone, Copy, Debug, Serialize, TS)]
pub struct Source {
    /// Authors, venue and year.
    pub cite: &'static str,
    /// Where to read it.
    pub url: &'static str,
}

/// A source in one line.
pub const fn source(cite: &'static str, url: &'static str) -> Source {
    Source { cite, url }
}

/// How a part names and explains itself.
#[derive(Clone, Copy, Debug, Serialize, TS)]
pub struct Meta {
    /// Stable name in kebab case, stored in recipes and URLs.
    #[ts(type = "PartId")]
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// The rule as a formula.
    pub formula: &'static str,
    /// Where it was published.
    pub sources: &'static [Source],
    /// What can be set.
    pub params: &'static [Param],
}

/// A setting of a part.
#[derive(Clone, Copy, Debug, Serialize, TS)]
pub struct Param {
    /// Key after the axis and a dot: `steps` in `schedule.steps=10`.
    pub key: &'static str,
    /// Label for people.
    pub label: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// Type, range and default.
    pub kind: ParamKind,
}

/// Type, range and default of a setting.
#[derive(Clone, Copy, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ParamKind {
    /// A real number.
    Float {
        /// Value when none is given.
        default: f32,
        /// Smallest value.
        min: f32,
        /// Largest value.
        max: f32,
        /// Whether a slider should run logarithmically.
        log: bool,
    },
    /// A whole number.
    Int {
        /// Value when none is given.
        default: i64,
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// One of some words.
    Choice {
        /// Value when none is given.
        default: &'static str,
        /// The words.
        of: &'static [&'static str],
    },
    /// On or off.
    Flag {
        /// Value when none is given.
        default: bool,
    },
    /// A number, or the word `own` for what the method or the network has of itself, which is the default.
    Own {
        /// Whether it is a whole number.
        whole: bool,
        /// Smallest value.
        min: f32,
        /// Largest value.
        max: f32,
        /// Whether a slider should run logarithmically.
        log: bool,
    },
    /// Words that the network at hand gives a meaning, separated by commas.
    Words {
        /// Value when none is given.
        default: &'static str,
    },
}

/// The word that stands for a method's or a network's own value.
const OWN: &str = "own";

impl Param {
    /// The default as text.
    pub fn default_text(&self) -> String {
        match self.kind {
            ParamKind::Float { default, .. } => default.to_string(),
            ParamKind::Int { default, .. } => default.to_string(),
            ParamKind::Choice { default, .. } => default.to_string(),
            ParamKind::Flag { default } => default.to_string(),
            ParamKind::Own { .. } => OWN.into(),
            ParamKind::Words { default } => default.into(),
        }
    }

    /// Reads a value and checks its range; `key` is the full key for messages.
    ///
    /// # Errors
    /// When the text is not of the kind or out of range; the message names the range.
    pub fn parse(&self, key: &str, text: &str) -> Result<Setting> {
        let bad = |range: String| {
            Error::setting(key, format!("{key}={text} is not {range}"))
                .hint(format!("set {key} to {range}, or leave it out for {}", self.default_text()))
        };
        match self.kind {
            ParamKind::Float { min, max, .. } => match text.parse::<f32>() {
                Ok(x) if x >= min && x <= max => Ok(Setting::Float(x)),
                _ => Err(bad(format!("a number from {min} to {max}"))),
            },
            ParamKind::Int { min, max, .. } => match text.parse::<i64>() {
                Ok(x) if x >= min && x <= max => Ok(Setting::Int(x)),
                _ => Err(bad(format!("a whole number from {min} to {max}"))),
            },
            ParamKind::Choice { of, .. } => match of.iter().find(|word| **word == text) {
                Some(word) => Ok(Setting::Choice(word)),
                None => Err(bad(format!("one of {}", of.join(", ")))),
            },
            ParamKind::Flag { .. } => match text {
                "true" => Ok(Setting::Flag(true)),
                "false" => Ok(Setting::Flag(false)),
                _ => Err(bad("true or false".into())),
            },
            ParamKind::Own { .. } if text == OWN => Ok(Setting::Own(None)),
            ParamKind::Own { whole, min, max, .. } => match text.parse::<f32>() {
                Ok(x) if x >= min && x <= max && (!whole || x.fract() == 0.0) => Ok(Setting::Own(Some(x))),
                _ => Err(bad(format!(
                    "{OWN}, or a {} from {min} to {max}",
                    if whole { "whole number" } else { "number" }
                ))),
            },
            ParamKind::Words { .. } => match words(text).count() {
                0 => Err(bad("one word or several, separated by commas".into())),
                _ => Ok(Setting::Words(words(text).collect::<Vec<_>>().join(","))),
            },
        }
    }
}

impl Param {
    /// The value in settings by whole key, or the default.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn of(&self, settings: &Settings) -> Result<Setting> {
        self.parse(self.key, settings.get(self.key).unwrap_or(&self.default_text()))
    }
}

/// A value of a setting, of the kind its [`Param`] declares.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// A real number.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// One of the declared words.
    Choice(&'static str),
    /// On or off.
    Flag(bool),
    /// A number, or nothing where it is left to the method or the network.
    Own(Option<f32>),
    /// Words, separated by commas.
    Words(String),
}

/// The words of a text, without the spaces around them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

impl Setting {
    fn text(&self) -> String {
        match self {
            Self::Float(x) => x.to_string(),
            Self::Int(x) => x.to_string(),
            Self::Choice(x) => (*x).to_string(),
            Self::Flag(x) => x.to_string(),
            Self::Own(x) => x.map_or_else(|| OWN.into(), |x| x.to_string()),
            Self::Words(x) => x.clone(),
        }
    }

    /// The number of a whole setting; 0 for any other.
    pub fn whole(self) -> usize {
        if let Self::Int(x) = self { x as usize } else { 0 }
    }

    /// The number of a real setting; 0 for any other.
    pub fn float(self) -> f32 {
        if let Self::Float(x) = self { x } else { 0.0 }
    }

    /// The number of a setting that may be left to others; none for any other.
    pub fn own(self) -> Option<f32> {
        if let Self::Own(x) = self { x } else { None }
    }

    /// The text of words; empty for any other.
    pub fn words(self) -> String {
        if let Self::Words(x) = self { x } else { String::new() }
    }

    /// The word of a choice; empty for any other.
    pub fn word(self) -> &'static str {
        if let Self::Choice(x) = self { x } else { "" }
    }
}

/// Values for all params of one part: complete and in range. Made only by [`Args::read`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args(BTreeMap<&'static str, Setting>);

impl Args {
    /// Reads the values of a part's params from `given` (keys without the axis), filling in defaults.
    ///
    /// # Errors
    /// When a value is out of range, or a key is none of this part's; the message lists the keys there are.
    pub fn read(axis: &str, meta: &Meta, given: &Settings) -> Result<Self> {
        if let Some(key) = given.keys().find(|key| meta.params.iter().all(|p| p.key != **key)) {
            let known: Vec<String> = meta.params.iter().map(|p| format!("{axis}.{}", p.key)).collect();
            let hint = if known.is_empty() {
                format!("{axis}={} has no settings", meta.id)
            } else {
                format!("{axis}={} has {}", meta.id, known.join(", "))
            };
            return Err(Error::setting(&format!("{axis}.{key}"), format!("unknown setting {axis}.{key}")).hint(hint));
        }
        let mut args = BTreeMap::new();
        for param in meta.params {
            let full = format!("{axis}.{}", param.key);
            let text = given.get(param.key).cloned().unwrap_or_else(|| param.default_text());
            args.insert(param.key, param.parse(&full, &text)?);
        }
        Ok(Self(args))
    }

    /// The defaults of a part.
    pub fn defaults(meta: &Meta) -> Self {
        Self::read("", meta, &Settings::new()).unwrap_or_default()
    }

    /// The values as text, by key.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.0.iter().map(|(key, value)| (*key, value.text()))
    }

    /// The value of a real param.
    pub fn float(&self, param: &Param) -> f32 {
        match self.0.get(param.key) {
            Some(Setting::Float(x)) => *x,
            other => unreachable!("{} is read as a number and is {other:?}", param.key),
        }
    }

    /// The value of a whole param.
    pub fn int(&self, param: &Param) -> usize {
        match self.0.get(param.key) {
            Some(Setting::Int(x)) => *x as usize,
            other => unreachable!("{} is read as a whole number and is {other:?}", param.key),
        }
    }

    /// Words of a parameter, separated by commas.
    pub fn words(&self, param: &Param) -> String {
        match self.0.get(param.key) {
            Some(Setting::Words(x)) => x.clone(),
            other => unreachable!("{} is read as words and is {other:?}", param.key),
        }
    }

    /// The value of a choice.
    pub fn choice(&self, param: &Param) -> &'static str {
        match self.0.get(param.key) {
            Some(Setting::Choice(x)) => x,
            other => unreachable!("{} is read as a choice and is {other:?}", param.key),
        }
    }

    /// The value of a flag.
    pub fn flag(&self, param: &Param) -> bool {
        match self.0.get(param.key) {
            Some(Setting::Flag(x)) => *x,
            other => unreachable!("{} is read as a flag and is {other:?}", param.key),
        }
    }
}

/// What every part has: its metadata.
pub trait Part: Sync + 'static {
    /// How the part names and explains itself.
    fn meta(&self) -> &'static Meta;
}

/// Gives the unit struct `Part` of a file its metadata.
#[macro_export]
macro_rules! part {
    ($meta:expr) => {
        /// The part of this file.
        pub struct Part;

        impl $crate::base::part::Part for Part {
            fn meta(&self) -> &'static $crate::base::part::Meta {
                static META: $crate::base::part::Meta = $meta;
                &META
            }
        }
    };
}

/// The place in a registry of the part with an id.
///
/// # Errors
/// When there is none; the message lists those there are.
pub fn find(axis: &str, all: &[&'static Meta], id: &str) -> Result<usize> {
    all.iter().position(|meta| meta.id == id).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|meta| meta.id).collect();
        unknown(axis, id, &known)
    })
}

fn unknown(axis: &str, id: &str, known: &[&str]) -> Error {
    Error::setting(axis, format!("unknown {axis} '{id}'")).hint(format!("choose one of {}", known.join(", ")))
}
