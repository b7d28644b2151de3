//! `secateur survey`: where sparsity pays on this machine, one layer and one pattern at a time.

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pollster::block_on;
use secateur::base::{Error, Result};
use secateur::gpu::Device;
use secateur::prune::Settings;
use secateur::session::{Session, event::Event, survey::table::Table};

use super::say;

/// Options of `survey`.
#[derive(Args)]
pub struct Options {
    /// Print all points as JSON.
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<()> {
    let table = measure()?;
    if options.json {
        return say::json(&table);
    }
    say::line(format_args!("{}, one thread: {:.0} GFLOP/s of multiply-adds at best", table.simd, table.peak_gflops))?;
    let mut layer = ("", "");
    for row in &table.rows {
        if (row.executor, row.layer) != layer {
            layer = (row.executor, row.layer);
            say::line(format_args!("\n{}, {}: dense {:.1} µs", row.layer_name, row.executor, row.dense_us))?;
        }
        say::line(format_args!(
            "  {:<16} {:>4.0}%  {:>9.1} µs  {:>6.2}x ({:.2}-{:.2})  {}",
            row.series,
            100.0 * row.sparsity,
            row.us,
            row.ratio,
            row.low,
            row.high,
            row.kernel
        ))?;
    }
    Ok(())
}

fn measure() -> Result<Table> {
    let mut session = Session::new();
    session.attach(block_on(Device::open()), None);
    session.start("survey", &Settings::new())?;
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} layers  {msg}").map_err(|e| Error::state(e.to_string()))?;
    let bar = ProgressBar::new(0).with_style(style);
    loop {
        for event in block_on(session.advance(50.0))? {
            match event {
                Event::Timeline { phases } => bar.set_length(phases.len() as u64),
                Event::Phase { index, label, .. } => {
                    bar.set_position(index as u64);
                    bar.set_message(label);
                }
                Event::Survey { survey } => {
                    bar.finish_and_clear();
                    return Ok(*survey);
                }
                _ => {}
            }
        }
    }
}
