//! The Rust side's tools: the wasm target, Trunk and wasm-bindgen, each at its pinned version.

use std::process::{Child, Command};

use crate::sh::{self, Result};

/// A tool installed with `cargo install`.
struct Tool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
    locked: bool,
    /// Compile quickly rather than well: for tools whose own speed does not matter.
    quick: bool,
}

/// Trunk takes most of its build time in one crate that optimisation hardly slows, so it stays optimised.
const TRUNK: Tool = Tool { program: "trunk", package: "trunk", version: "0.21.14", locked: true, quick: false };

/// Unlocked: the lock file published with this version names a crate version that registries may not have.
const BINDGEN: Tool =
    Tool { program: "wasm-bindgen", package: "wasm-bindgen-cli", version: "0.2.130", locked: false, quick: true };

/// The target that the page is compiled for.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Makes sure of everything that compiling the page takes.
pub fn ensure() -> Result {
    ensure_target()?;
    install(None)
}

/// Makes sure of the tools, and while those are compiled, of what another command compiles.
pub fn ensure_beside(work: Command) -> Result {
    install(Some(work))
}

fn install(beside: Option<Command>) -> Result {
    let missing: Vec<&Tool> = [&TRUNK, &BINDGEN].into_iter().filter(|tool| !tool.installed()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for tool in &missing {
        println!("Installing {} {}: the page is built with exactly this version.", tool.package, tool.version);
    }
    println!("This happens once and takes some eight minutes on two cores.");
    let mut running: Vec<Child> = missing.iter().map(|tool| tool.start()).collect::<Result<_>>()?;
    if let Some(mut work) = beside {
        println!("Compiling the page's first engine beside them.");
        println!("$ {}", sh::show(&work));
        // Where this fails, it fails again and says so when its turn comes.
        running.extend(work.spawn());
    }
    for child in &mut running {
        // Whether it worked is seen below, by the tool's own word.
        let _ = child.wait();
    }
    match missing.iter().find(|tool| !tool.installed()) {
        None => Ok(()),
        Some(tool) => {
            let command = sh::show(&tool.install());
            Err(format!("could not install {}: see above, then try `{command}` by hand", tool.package))
        }
    }
}

/// Makes sure of rustfmt and clippy, which a minimal toolchain lacks.
pub fn ensure_lint() -> Result {
    for (component, program) in [("rustfmt", "rustfmt"), ("clippy", "cargo-clippy")] {
        if sh::read(program, &["--version"]).is_none() {
            println!("Adding the {component} component: lint runs it.");
            sh::run(&mut sh::cmd("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Makes sure of the standard library's source: the engine with threads compiles it.
pub fn ensure_rust_src() -> Result {
    let sysroot = sh::read("rustc", &["--print", "sysroot"]).unwrap_or_default();
    if std::path::Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").is_file() {
        return Ok(());
    }
    println!("Adding the rust-src component: the engine with threads compiles the standard library anew.");
    sh::run(&mut sh::cmd("rustup", &["component", "add", "rust-src"]))
        .map_err(|error| format!("{error}; without rustup, install the source of Rust's standard library by hand"))
}

/// Makes sure of the target that the page is compiled for.
pub fn ensure_target() -> Result {
    let installed = sh::read("rustc", &["--print", "target-libdir", "--target", WASM])
        .is_some_and(|dir| std::path::Path::new(&dir).is_dir());
    if installed {
        return Ok(());
    }
    println!("Adding the {WASM} target: the page's engine is compiled for it.");
    sh::run(&mut sh::cmd("rustup", &["target", "add", WASM]))
        .map_err(|error| format!("{error}; without rustup, install Rust's {WASM} standard library by hand"))
}

impl Tool {
    fn installed(&self) -> bool {
        sh::read(self.program, &["--version"]).is_some_and(|line| line.split_whitespace().nth(1) == Some(self.version))
    }

    fn install(&self) -> Command {
        let mut command = sh::cmd("cargo", &["install", self.package, "--version", self.version, "--force"]);
        command.arg("--no-default-features").env_remove("CARGO_TARGET_DIR").env("CARGO_TERM_PROGRESS_WHEN", "never");
        if self.locked {
            command.arg("--locked");
        }
        if self.quick {
            command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256");
        }
        command
    }

    /// Starts the installation; missing tools are installed side by side, each on its own cores.
    fn start(&self) -> Result<Child> {
        let mut command = self.install();
        println!("$ {}", sh::show(&command));
        command.spawn().map_err(|error| format!("cannot start cargo: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        std::fs::read_to_string(sh::root().join(path)).unwrap()
    }

    #[test]
    fn every_file_pins_the_same_versions() {
        let trunk = text("Trunk.toml");
        assert!(text("Cargo.toml").contains(&format!("wasm-bindgen = \"={}\"", BINDGEN.version)));
        assert!(trunk.contains(&format!("wasm_bindgen = \"{}\"", BINDGEN.version)));
        assert!(trunk.contains(&format!("trunk-version = \"={}\"", TRUNK.version)));
        let binaryen = trunk.split("wasm_opt = \"version_").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(text("www/package.json").contains(&format!("\"binaryen\": \"{binaryen}.0.0\"")));
    }
}
