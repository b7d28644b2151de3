//! `secateur sweep`: every combination of some values, on one budget, as many sessions as it takes.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use secateur::base::{Error, Result};
use secateur::prune::training::BUDGET;
use secateur::prune::{Recipe, Settings};
use secateur::session::record::Record;

use super::prune::{bar, drive, gpu, parse, session};
use super::{say, summary};

/// Options of `sweep`.
#[derive(Args)]
pub struct Options {
    /// Settings, KEY=V1,V2,...: every combination is run.
    #[arg(value_name = "KEY=VALUES")]
    settings: Vec<String>,
    /// Print the records as a JSON list.
    #[arg(long)]
    json: bool,
    /// Folder with the data set; that of the checkout by default.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Let each method train as its own row says. Otherwise all have one budget: training.steps and training.lr, 200 and 0.02
    /// unless they are set.
    #[arg(long)]
    own_budgets: bool,
    /// Keep each finished record in this file, a line each, and leave out runs that it holds already: a sweep that was
    /// interrupted goes on where it was.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Write a table of all runs here.
    #[arg(long)]
    csv: Option<PathBuf>,
}

/// A run of the grid: what was listed for it, and what tells it from others.
struct Row {
    settings: Settings,
    /// All settings, completed.
    whole: Settings,
}

/// Makes the runs.
pub fn run(options: &Options) -> Result<()> {
    let listed = parse(&options.settings)?;
    let rows = grid(&listed, !options.own_budgets)?;
    let mut records = options.keep.as_deref().map_or(Ok(Vec::new()), kept)?;
    records.retain(|record: &Record| rows.iter().any(|row| same(row, record)));
    let left: Vec<&Row> = rows.iter().filter(|row| !records.iter().any(|record| same(row, record))).collect();
    if !records.is_empty() {
        eprintln!("{} of {} runs are kept already.", records.len(), rows.len());
    }
    let bars = MultiProgress::new();
    let whole = bars.add(ProgressBar::new(rows.len() as u64));
    let style = ProgressStyle::with_template("{elapsed_precise} {bar:24} {pos}/{len} runs, {eta} left");
    whole.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    whole.set_position(records.len() as u64);
    let (gpu, mut failed) = (gpu(left.iter().map(|row| &row.settings)), Vec::new());
    for row in left {
        let made = session(&row.settings, options.data.as_ref(), None, &gpu)
            .and_then(|mut session| drive(&mut session, &row.settings, &bars.add(bar())));
        whole.inc(1);
        match made {
            Ok(record) => {
                options.keep.as_deref().map_or(Ok(()), |file| keep(file, &record))?;
                if !options.json {
                    bars.suspend(|| say::line(format_args!("{}: {}", named(&listed, row), record.verdict)))?;
                }
                records.push(record);
            }
            // One that fails does not end the sweep.
            Err(error) => failed.push(format!("{}: {error}", named(&listed, row))),
        }
    }
    whole.finish_and_clear();
    if let Some(path) = &options.csv {
        fs::write(path, summary::csv(&records)).map_err(|e| Error::from(e).at(&path.display().to_string()))?;
    }
    if options.json {
        say::json(&records)?
    } else {
        say::line(summary::table(&records))?
    }
    match failed.as_slice() {
        [] => Ok(()),
        all => Err(Error::state(format!("{} runs did not finish: {}", all.len(), all.join("; ")))),
    }
}

/// All combinations, checked before the first one runs; equal ones are made once.
fn grid(listed: &Settings, one_budget: bool) -> Result<Vec<Row>> {
    let mut grid = vec![Settings::new()];
    for (key, values) in listed {
        // Words are one value, commas and all.
        let values: Vec<&str> = if key == "spare" { vec![values] } else { values.split(',').map(str::trim).collect() };
        let with = |row: &Settings, value: &str| {
            let mut row = row.clone();
            row.insert(key.clone(), value.into());
            row
        };
        grid = grid.iter().flat_map(|row| values.iter().map(|value| with(row, value)).collect::<Vec<_>>()).collect();
    }
    let (mut rows, all): (Vec<Row>, usize) = (Vec::new(), grid.len());
    for mut settings in grid {
        for (key, value) in BUDGET.iter().filter(|_| one_budget) {
            // Epochs are a budget too.
            let given =
                settings.contains_key(*key) || (*key == "training.steps" && settings.contains_key("training.epochs"));
            if !given {
                settings.insert((*key).into(), (*value).into());
            }
        }
        let mut whole = Recipe::read(&settings)?.settings();
        for key in ["model", "data", "method"] {
            whole.extend(settings.get(key).map(|value| (key.to_string(), value.clone())));
        }
        if !rows.iter().any(|row| row.whole == whole) {
            rows.push(Row { settings, whole });
        }
    }
    if rows.len() < all {
        eprintln!("{} of {all} combinations come to the same run as others, and are made once.", all - rows.len());
    }
    Ok(rows)
}

/// Whether a record is that of a row.
fn same(row: &Row, record: &Record) -> bool {
    let model = row.whole.get("model").map_or(secateur::zoo::ALL[0].id, String::as_str);
    record.model == model && row.whole.iter().all(|(key, value)| record.recipe.get(key) == Some(value))
}

/// What was listed for a row, where more than one value was.
fn named(listed: &Settings, row: &Row) -> String {
    let several: BTreeMap<&String, &String> =
        row.settings.iter().filter(|(key, _)| listed.contains_key(*key)).collect();
    several.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// The records of a file; a last line that was cut short is left out, and its run made again.
fn kept(file: &Path) -> Result<Vec<Record>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::from(error).at(&file.display().to_string())),
    };
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut records = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(record) => records.push(record),
            Err(_) if i + 1 == lines.len() => {
                eprintln!("{}: the last line is cut short; its run is made again.", file.display())
            }
            Err(error) => {
                return Err(Error::format(format!("{}: line {} is no record: {error}", file.display(), i + 1))
                    .hint("give --keep a file of its own"));
            }
        }
    }
    Ok(records)
}

/// Adds a record to a file.
fn keep(file: &Path, record: &Record) -> Result<()> {
    let line = serde_json::to_string(record).map_err(|e| Error::format(e.to_string()))?;
    let mut open = OpenOptions::new().create(true).append(true).open(file)?;
    let broken = fs::read(file)?.last().is_some_and(|&last| last != b'\n');
    writeln!(open, "{}{line}", if broken { "\n" } else { "" })
        .map_err(|e| Error::from(e).at(&file.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, one_budget: bool) -> Vec<Row> {
        let pairs: Vec<String> = text.split(' ').map(String::from).collect();
        grid(&parse(&pairs).expect("pairs"), one_budget).expect("recipes")
    }

    #[test]
    fn every_method_gets_the_same_budget_unless_told_otherwise() {
        let steps = |rows: &[Row]| rows.iter().map(|row| row.whole["training.steps"].clone()).collect::<Vec<_>>();
        assert_eq!(steps(&rows("method=snip,global-magnitude", true)), ["200", "200"]);
        assert_eq!(steps(&rows("method=snip,global-magnitude training.steps=40", true)), ["40", "40"]);
        assert_eq!(steps(&rows("method=snip,global-magnitude", false)), ["own", "own"]);
        assert_eq!(steps(&rows("method=snip training.epochs=1", true)), ["own"]);
    }

    #[test]
    fn equal_runs_are_made_once() {
        assert_eq!(rows("method=two-four sparsity=0.5,0.8,0.95", true).len(), 1);
        assert_eq!(rows("method=random sparsity=0.5,0.8 seed=1,2", true).len(), 4);
        assert_eq!(rows("spare=first,last sparsity=0.5", true).len(), 1);
    }
}
