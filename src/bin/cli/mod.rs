//! Commands, their options, and how errors leave the program.

mod files;
#[cfg(feature = "gpu")]
mod gpu;
mod prune;
#[cfg(feature = "gpu")]
mod roofline;
mod subset;
mod survey;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secateur::base::{Error, Result};

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
    Sweep(prune::Sweep),
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
        Command::Sweep(options) => prune::sweep(&options),
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
        println!("{}", serde_json::to_string_pretty(&catalog).map_err(|e| Error::format(e.to_string()))?);
        return Ok(());
    }
    for axis in &catalog.axes {
        println!("{}: {}", axis.id, axis.question);
        for part in &axis.parts {
            println!("  {:<16} {}", part.id, part.what);
            part.params
                .iter()
                .for_each(|p| println!("    {}.{} (default {}): {}", axis.id, p.key, p.default_text(), p.what));
        }
    }
    println!("settings of every run:");
    catalog
        .globals
        .iter()
        .chain(catalog.running)
        .for_each(|p| println!("  {:<16} (default {}) {}", p.key, p.default_text(), p.what));
    println!("model:");
    catalog.models.iter().for_each(|m| println!("  {:<16} {}", m.id, m.what));
    println!("method:");
    catalog.methods.iter().for_each(|m| println!("  {:<20} {}", m.method.id, m.method.what));
    Ok(())
}
