//! Many records as one table: for people, and for programs.

use std::collections::BTreeMap;

use secateur::base::stats::{deviation, mean};
use secateur::session::record::Record;

/// What runs of a group have in common, in the order of the table: network, method, sparsity.
type Group = (String, String, String);

fn group(record: &Record) -> Group {
    // What is cut by thresholds, or by a share of the energy, has no sparsity that was asked for.
    let sparsity = record.recipe.get("sparsity").cloned().unwrap_or_else(|| "its own".into());
    (record.model.clone(), record.method.clone().unwrap_or_else(|| "own recipe".into()), sparsity)
}

/// Mean and sample standard deviation; no deviation of one value.
fn spread(values: &[f64]) -> (f64, Option<f64>) {
    (mean(values), (values.len() > 1).then(|| deviation(values)))
}

/// Means and spreads over seeds, a line for each network, method and sparsity.
pub fn table(records: &[Record]) -> String {
    let mut groups: BTreeMap<Group, Vec<&Record>> = BTreeMap::new();
    records.iter().for_each(|record| groups.entry(group(record)).or_default().push(record));
    let plus = |(mean, deviation): (f64, Option<f64>), digits: usize| {
        deviation.map_or_else(|| format!("{mean:.digits$}"), |d| format!("{mean:.digits$} ± {d:.digits$}"))
    };
    let mut lines = vec![format!(
        "{:<16} {:<22} {:>8} {:>5} {:>6} {:>14} {:>14} {:>8}",
        "model", "method", "sparsity", "runs", "steps", "accuracy %", "times faster", "smaller"
    )];
    for ((model, method, sparsity), runs) in groups {
        let of = |value: &dyn Fn(&Record) -> f64| spread(&runs.iter().map(|r| value(r)).collect::<Vec<_>>());
        let steps: Vec<usize> = runs.iter().map(|r| r.training.steps).collect();
        lines.push(format!(
            "{model:<16} {method:<22} {sparsity:>8} {:>5} {:>6} {:>14} {:>14} {:>8}",
            runs.len(),
            steps.iter().max().copied().unwrap_or(0),
            plus(of(&|r| 100.0 * r.accuracy.after), 1),
            plus(of(&|r| r.speed.ratio), 2),
            format!("{:.1}x", of(&|r| r.size.bytes_dense as f64 / r.size.bytes_stored.max(1) as f64).0),
        ));
    }
    lines.join("\n")
}

/// The columns of the file, units in their names.
const COLUMNS: [&str; 23] = [
    "model",
    "data",
    "method",
    "sparsity asked",
    "sparsity",
    "seed",
    "steps",
    "batch size",
    "learning rate",
    "optimizer",
    "training images",
    "accuracy before (%)",
    "accuracy (%)",
    "accuracy low (%)",
    "accuracy high (%)",
    "dense (ms)",
    "pruned (ms)",
    "times faster",
    "times faster low",
    "times faster high",
    "bytes dense",
    "bytes stored",
    "bits per character",
];

/// A line for each run.
pub fn csv(records: &[Record]) -> String {
    let line = |r: &Record| {
        let (a, s, t) = (&r.accuracy, &r.speed, &r.training);
        let percent = |x: f64| format!("{:.2}", 100.0 * x);
        let cells: [String; COLUMNS.len()] = [
            r.model.clone(),
            r.data.clone(),
            r.method.clone().unwrap_or_default(),
            r.recipe.get("sparsity").cloned().unwrap_or_default(),
            format!("{:.4}", r.size.gone()),
            r.seed.to_string(),
            t.steps.to_string(),
            t.batch.to_string(),
            t.lr.map(|lr| lr.to_string()).unwrap_or_default(),
            t.optimizer.clone(),
            t.images.to_string(),
            percent(a.before),
            percent(a.after),
            percent(a.low),
            percent(a.high),
            format!("{:.5}", s.dense_ms),
            format!("{:.5}", s.pruned_ms),
            format!("{:.3}", s.ratio),
            format!("{:.3}", s.low),
            format!("{:.3}", s.high),
            r.size.bytes_dense.to_string(),
            r.size.bytes_stored.to_string(),
            r.text.as_ref().map(|text| format!("{:.4}", text.bits_after)).unwrap_or_default(),
        ];
        cells.join(",")
    };
    let lines: Vec<String> = std::iter::once(COLUMNS.join(",")).chain(records.iter().map(line)).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_by_hand() {
        assert_eq!(spread(&[1.0, 3.0]), (2.0, Some(std::f64::consts::SQRT_2)));
        assert_eq!(spread(&[5.0]), (5.0, None));
    }

    #[test]
    fn a_table_of_nothing_is_a_head() {
        assert_eq!(table(&[]).lines().count(), 1);
        assert_eq!(csv(&[]).split(',').count(), COLUMNS.len());
    }
}
