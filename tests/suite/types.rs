//! The page's types of what the engine gives, `www/engine-types.ts`, made from the engine's own.

use std::path::Path;

use ts_rs::{Config, TS};

use secateur::base::error::ErrorKind;
use secateur::base::part::{Meta, Param, ParamKind, Source};
use secateur::base::{Error, Result};
use secateur::catalog::{AxisRow, Catalog, MethodRow};
use secateur::compile::Candidate;
use secateur::data::{Card, Task};
use secateur::io::format::Format;
use secateur::io::origin::Origin;
use secateur::prune::told::{Kept, Stage};
use secateur::session::record::*;
use secateur::session::survey::table::{Row, Table};
use secateur::session::{Check, LayerInfo, ModelInfo, Preview, event::Event};
use secateur::train::hook::Histogram;
use secateur::zoo::Model;

const HEADER: &str = "\
// What crosses from the engine to the page. Made from the Rust types; change those, then
//     SECATEUR_TYPES=write cargo test --features cli,gpu --test suite types
// Maps are plain objects; fractions run from 0 to 1.

/** A part's stable name. The page knows none of them: comparing one with a literal does not compile. */
export type PartId = string & { readonly part: unique symbol };
";

/// A type's declaration, a field a line: ts-rs gives most of it in one.
fn declared<T: TS>(config: &Config) -> String {
    let mut text = format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(config));
    for (from, to) in [
        ("/**\n * ", "/** "),
        ("\n */\n", " */\n"),
        ("{ \n", "{\n"),
        (", \n", ";\n"),
        (", };", ";\n};"),
        (", } | {", ";\n  } | {"),
        ("[key in string]", "[key: string]"),
    ] {
        text = text.replace(from, to);
    }
    let mut out = String::from("\n");
    for (line, text) in text.lines().enumerate() {
        let outside = line == 0 || ["export", "};", "  }", " *"].iter().any(|start| text.starts_with(start));
        out += if outside { "" } else { "  " };
        out += text;
        out += "\n";
    }
    out
}

/// All of them, in the order in which one would read them.
fn all() -> String {
    let config = Config::new().with_large_int("number");
    let mut out = HEADER.to_owned();
    macro_rules! each {
        ($($type:ty),* $(,)?) => { $(out += &declared::<$type>(&config);)* };
    }
    each![
        Catalog,
        AxisRow,
        MethodRow,
        Meta,
        Param,
        ParamKind,
        Source,
        Model,
        Card,
        Task,
        Format,
        ModelInfo,
        LayerInfo,
        Origin,
        Check,
        Stage,
        Error,
        ErrorKind,
        Preview,
        Kept,
        Event,
        Record,
        Training,
        Accuracy,
        Size,
        Macs,
        Speed,
        ExecutorSpeed,
        LayerRow,
        Candidate,
        Environment,
        ClassRow,
        Changed,
        ChangedCounts,
        Point,
        Shown,
        Histogram,
        Found,
        TrialRow,
        TextResult,
        Written,
        PerImage,
        Spread,
        Table,
        Row
    ];
    out
}

#[test]
fn the_pages_types_are_the_engines() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/engine-types.ts");
    if std::env::var("SECATEUR_TYPES").is_ok_and(|value| value == "write") {
        std::fs::write(&path, all()).map_err(|error| Error::format(error.to_string()))?;
    }
    let there = std::fs::read_to_string(&path).map_err(|error| Error::format(error.to_string()))?;
    let line = there.lines().zip(all().lines()).find(|(there, made)| there != made).map(|(_, made)| made.to_owned());
    assert!(
        there == all(),
        "www/engine-types.ts is not what the Rust types say, first at {line:?}: its head says how to make it anew"
    );
    Ok(())
}
