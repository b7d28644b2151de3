//! Commands, their options, and how errors leave the program.

mod files;
#[cfg(feature = "gpu")]
mod gpu;
mod prune;
#[cfg(feature = "gpu")]
mod roofline;
mod say;
mod subset;
mod summary;
mod survey;
mod sweep;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secateur::base::Result;

/// Prune neural networks and measure what it costs and buys.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List everything there is to choose from.
    Catalog {
        /// As JSON, with formulas, sources and ranges.
        #[arg(long)]
        json: bool,
    },
    /// Prune a network and measure what it costs and buys.
    Prune(prune::Options),
    /// Prune with every combination of some values.
    Sweep(sweep::Options),
    /// Measure where sparsity pays on this machine: layers, patterns and sparsities against the best dense kernel.
    Survey(survey::Options),
    /// Run networks on the GPU and on one thread of the processor, side by side.
    #[cfg(feature = "gpu")]
    Gpu(gpu::Options),
    /// Train a network of the zoo from scratch and write its weights and model card.
    Train(train::Options),
    /// Draw the compact data set that the page ships from the full one.
    Subset(subset::Options),
}

/// Runs a command; an error goes to standard error with its hint, and the exit code is 1.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Catalog { json } => catalog(json),
        Command::Prune(options) => prune::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Survey(options) => survey::run(&options),
        #[cfg(feature = "gpu")]
        Command::Gpu(options) => gpu::run(&options),
        Command::Train(options) => train::run(&options),
        Command::Subset(options) => subset::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("secateur: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the catalog.
fn catalog(json: bool) -> Result<()> {
    let catalog = secateur::catalog::catalog();
    if json {
        return say::json(&catalog);
    }
    for axis in &catalog.axes {
        say::line(format_args!("{}: {}", axis.id, axis.question))?;
        for part in &axis.parts {
            say::line(format_args!("  {:<16} {}", part.id, part.what))?;
            for p in part.params {
                say::line(format_args!("    {}.{} (default {}): {}", axis.id, p.key, p.default_text(), p.what))?;
            }
        }
    }
    say::line("settings of every run:")?;
    for p in catalog.globals.iter().chain(catalog.training).chain(catalog.running) {
        say::line(format_args!("  {:<18} (default {}) {}", p.key, p.default_text(), p.what))?;
    }
    say::line("model:")?;
    catalog.models.iter().try_for_each(|m| say::line(format_args!("  {:<16} {}", m.id, m.what)))?;
    say::line("method:")?;
    catalog.methods.iter().try_for_each(|m| say::line(format_args!("  {:<20} {}", m.method.id, m.method.what)))
}
