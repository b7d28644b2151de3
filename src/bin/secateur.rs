//! The command line: one face of the library. Keys are those of the page's address.

#[path = "cli/mod.rs"]
mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
