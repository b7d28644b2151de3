//! The axes of pruning, each named once: registry, settings, catalog and recipes are made from this list.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Part, Settings, find};
use crate::base::{Result, keyed};
use crate::train::hook::Hook;

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

/// A folder of `prune/` is an axis: its trait, its name and question, and the part that stands where none is chosen.
macro_rules! axes {
    ($($id:ident: $part:ident, $name:literal, $question:literal, $default:literal;)+) => {
        /// The axes in the order of the form.
        pub static AXES: &[Axis] =
            &[$(Axis { id: stringify!($id), name: $name, question: $question, default: $default }),+];

        /// A part on every axis, with its values.
        #[derive(Clone, Debug)]
        pub struct Choice {
            $(#[doc = $question] pub $id: Pick<dyn super::$id::$part>,)+
        }

        impl Choice {
            /// Reads the settings of all axes.
            ///
            /// # Errors
            /// When there is no such part, or a value is out of range.
            pub fn read(settings: &Settings) -> Result<Self> {
                Ok(Self { $($id: pick(settings, stringify!($id), $default, super::$id::ALL)?),+ })
            }

            /// The part of each axis, in the order of the form.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static Meta, &Args)> {
                [$((stringify!($id), self.$id.part.meta(), &self.$id.args)),+].into_iter()
            }
        }

        /// The metadata of all parts of an axis; none where there is no such axis.
        pub fn parts(axis: &str) -> Vec<&'static Meta> {
            match axis {
                $(stringify!($id) => super::$id::ALL.iter().map(|part| part.meta()).collect(),)+
                _ => Vec::new(),
            }
        }
    };
}

axes! {
    pattern: Pattern, "Pattern", "What goes together?", "element";
    criterion: Criterion, "Criterion", "Which go?", "magnitude";
    allocation: Allocation, "Allocation", "How much where?", "global";
    schedule: Schedule, "Schedule", "When, and how much by then?", "one-shot";
    regrow: Regrow, "Regrow", "What comes back?", "none";
    recovery: Recovery, "Recovery", "What happens after?", "fine-tune";
}

impl Choice {
    /// What acts inside the training of a run, in the order in which it sees parameters.
    pub fn hooks(&self) -> Vec<Rc<dyn Hook>> {
        self.regrow.part.hook(&self.regrow.args).into_iter().collect()
    }

    /// All settings of all axes.
    pub fn settings(&self) -> Settings {
        let mut out = Settings::new();
        for (axis, meta, args) in self.each() {
            out.insert(axis.into(), meta.id.into());
            out.extend(args.texts().map(|(key, text)| (format!("{axis}.{key}"), text)));
        }
        out
    }
}

/// The part of an axis that settings name, or its default, with the values among them.
fn pick<P: Part + ?Sized>(
    settings: &Settings,
    axis: &str,
    default: &str,
    all: &'static [&'static P],
) -> Result<Pick<P>> {
    let part = find(axis, all, settings.get(axis).map_or(default, String::as_str))?;
    let own = |(key, value): (&String, &String)| {
        let key = key.strip_prefix(axis)?.strip_prefix('.')?;
        Some((key.into(), value.clone()))
    };
    let args = Args::read(axis, part.meta(), &keyed(settings.iter().filter_map(own)))?;
    Ok(Pick { part, args })
}
