//! Format, clippy for both targets, documentation: any warning is an error.

use crate::{
    sh::{self, Result},
    tools,
};

/// Runs all of it.
pub fn run() -> Result {
    tools::ensure_lint()?;
    format()?;
    let host = ["clippy", "--workspace", "--all-targets", "--features", "cli,gpu", "--", "-D", "warnings"];
    sh::run(&mut sh::cmd("cargo", &host))?;
    let wasm =
        ["clippy", "--target", tools::WASM, "--lib", "--tests", "--features", "bench,gpu", "--", "-D", "warnings"];
    sh::run(&mut sh::cmd("cargo", &wasm))?;
    let doc = ["doc", "--no-deps", "--workspace", "--features", "cli,gpu", "--document-private-items"];
    sh::run(sh::cmd("cargo", &doc).env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"))
}

/// Every Rust file that git knows, also those that no module names.
fn format() -> Result {
    let list = sh::read("git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .ok_or("`git ls-files` failed: lint runs in a git checkout")?;
    let mut command = sh::cmd("rustfmt", &["--check", "--edition", "2024"]);
    let present = list.lines().filter(|file| sh::root().join(file).is_file());
    sh::run(command.args(present)).map_err(|_| "rustfmt would change the files above: run `cargo fmt --all`".into())
}
