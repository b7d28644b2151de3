//! The axes of pruning, each named once: registry, settings, catalog and recipes are made from this list.

use std::rc::Rc;

use crate::base::part::{Args, Meta, Part, Settings, find};
use crate::base::{Result, keyed};
use crate::train::hook::Hook;

use super::facts::{Facts, Names};
use super::hook::Aim;
use super::rhythm::Rhythm;

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
    /// Few methods have anything on it: it is not shown, and not written down, until one chooses something.
    pub quiet: bool,
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
    ($($id:ident: $part:ident, $name:literal, $question:literal, $default:literal, $quiet:literal;)+) => {
        /// The axes in the order of the form.
        pub static AXES: &[Axis] =
            &[$(Axis { id: stringify!($id), name: $name, question: $question, default: $default, quiet: $quiet }),+];

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

            /// Why two of the parts do not go together: the axis to change, and the reason.
            pub fn clash(&self) -> Option<(&'static str, String)> {
                let facts = self.facts();
                $(if let Some(reason) = self.$id.part.clash(&self.$id.args, &facts) {
                    return Some((stringify!($id), reason));
                })+
                None
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
    pattern: Pattern, "Pattern", "What goes together?", "element", false;
    criterion: Criterion, "Criterion", "Which go?", "magnitude", false;
    allocation: Allocation, "Allocation", "How much where?", "global", false;
    schedule: Schedule, "Schedule", "When, and how much by then?", "one-shot", false;
    penalty: Penalty, "Penalty", "What is pressed towards zero before the cut?", "none", true;
    gate: Gate, "Gate", "What is cut while it learns, and may come back?", "none", true;
    search: Search, "Search", "How much where, found by trying?", "none", true;
    solver: Solver, "Solver", "What do the kept weights become?", "none", true;
    regrow: Regrow, "Regrow", "What comes back?", "none", false;
    recovery: Recovery, "Recovery", "What happens after?", "fine-tune", false;
    runtime: Runtime, "Runtime", "What does each image switch off?", "none", true;
    fusion: Fusion, "Fusion", "What else makes it smaller?", "none", true;
}

impl Choice {
    /// What the parts are like.
    pub fn facts(&self) -> Facts {
        let (pattern, schedule) = (&self.pattern, self.schedule.part);
        let after = self.recovery.part.after(&self.recovery.args);
        Facts {
            names: Names::new(pattern.part.meta(), schedule.meta()),
            channelwise: pattern.part.channelwise(),
            branchwise: pattern.part.bypasses(),
            physical: pattern.part.physical(),
            single: pattern.part.single(),
            row_units: pattern.part.row_units(&pattern.args),
            own_share: pattern.part.sparsity(&pattern.args).is_some(),
            trains: after.train.is_some(),
            rewinds: after.rewind.is_some(),
            needs_training: schedule.needs_training(),
            untrained: schedule.untrained(),
            once: matches!(schedule.rhythm(0.5, &self.schedule.args), Rhythm::Rounds(shares) if shares.len() == 1),
            scores_at_once: self.criterion.part.probes().is_empty(),
            gates: self.gate.part.gates(),
            solves: self.solver.part.solves(),
            usual_order: usual("criterion", self.criterion.part.meta())
                && usual("allocation", self.allocation.part.meta()),
            instead: self.instead(),
        }
    }

    /// What acts inside the training that follows a cut, in the order in which it sees parameters.
    pub fn hooks(&self, aim: Aim) -> Vec<Rc<dyn Hook>> {
        let regrow = self.regrow.part.hook(&self.regrow.args);
        let gate = self.gate.part.hook(aim, &self.gate.args);
        regrow.into_iter().chain(gate).chain(self.runtime.part.hook(&self.runtime.args)).collect()
    }

    /// The name of the part that takes the place of the cut, if one does.
    pub fn instead(&self) -> Option<&'static str> {
        let factors = self.fusion.part.energy(&self.fusion.args).map(|_| self.fusion.part.meta().name);
        let chooses = self.runtime.part.density(&self.runtime.args).map(|_| self.runtime.part.meta().name);
        factors.or(chooses)
    }

    /// All settings of all axes, but for quiet ones on which nothing was chosen.
    pub fn settings(&self) -> Settings {
        let mut out = Settings::new();
        for (axis, meta, args) in self.each() {
            if usual(axis, meta) && AXES.iter().any(|known| known.id == axis && known.quiet) {
                continue;
            }
            out.insert(axis.into(), meta.id.into());
            out.extend(args.texts().map(|(key, text)| (format!("{axis}.{key}"), text)));
        }
        out
    }
}

/// Whether a part is the one that stands where none is chosen.
fn usual(axis: &str, meta: &Meta) -> bool {
    AXES.iter().any(|known| known.id == axis && known.default == meta.id)
}

/// The part of an axis that settings name, or its default, with the values among them.
fn pick<P: Part + ?Sized>(
    settings: &Settings,
    axis: &str,
    default: &str,
    all: &'static [&'static P],
) -> Result<Pick<P>> {
    let metas: Vec<&'static Meta> = all.iter().map(|part| part.meta()).collect();
    let (at, args) = choose(settings, axis, default, &metas)?;
    Ok(Pick { part: all[at], args })
}

/// The place of a part among those of its axis, and its values: once for all axes.
fn choose(settings: &Settings, axis: &str, default: &str, metas: &[&'static Meta]) -> Result<(usize, Args)> {
    let at = find(axis, metas, settings.get(axis).map_or(default, String::as_str))?;
    let own = |(key, value): (&String, &String)| {
        let key = key.strip_prefix(axis)?.strip_prefix('.')?;
        Some((key.into(), value.clone()))
    };
    Ok((at, Args::read(axis, metas[at], &keyed(settings.iter().filter_map(own)))?))
}
