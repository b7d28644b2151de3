//! Commands, their options, and how errors leave the program.

mod files;
mod subset;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Prune neural networks and measure what it costs and buys.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network of the zoo from scratch and write its weights and model card.
    Train(train::Options),
    /// Draw the compact data set that the page ships from the full one.
    Subset(subset::Options),
}

/// Runs a command; an error goes to standard error with its hint, and the exit code is 1.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
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
