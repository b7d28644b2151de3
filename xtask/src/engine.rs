//! The engine: one source, two wasm files. Every browser of the README's table runs the first; the second, whose
//! multiply-adds are fused, needs relaxed SIMD, which the page looks for.

use std::path::Path;

use crate::{
    sh::{self, Result},
    tools,
};

/// An engine to build.
pub struct Engine {
    /// Fused multiply-adds.
    pub relaxed: bool,
    /// With the bench page's class.
    pub bench: bool,
}

/// What the compiler is told for relaxed SIMD, in place of the flags in `.cargo/config.toml`.
pub const RELAXED: &str = "-C target-feature=+simd128,+relaxed-simd";

impl Engine {
    /// Where cargo builds it: other flags in the same folder would rebuild everything each time.
    pub fn target(&self) -> &'static str {
        if self.relaxed { "target/relaxed" } else { "target" }
    }

    /// Compiles it and writes `secateur.js` and `secateur_bg.wasm` to a folder.
    pub fn build(&self, out: &Path) -> Result {
        let mut cargo = sh::cmd("cargo", &["build", "--release", "--lib", "--target", tools::WASM]);
        cargo.args(["--target-dir", self.target()]);
        if self.bench {
            cargo.args(["--features", "bench"]);
        }
        if self.relaxed {
            cargo.env("RUSTFLAGS", RELAXED);
        }
        sh::run(&mut cargo)?;
        let wasm = format!("{}/{}/release/secateur.wasm", self.target(), tools::WASM);
        let bindgen = ["--target", "web", "--no-typescript", "--out-dir"];
        sh::run(sh::cmd("wasm-bindgen", &bindgen).arg(out).arg(wasm))?;
        let packed = out.join("secateur_bg.wasm");
        sh::run(sh::cmd("wasm-opt", &["-O3"]).arg(&packed).arg("-o").arg(&packed))
    }
}

/// Called by Trunk once the page is built: adds the second engine beside the first.
pub fn hook() -> Result {
    let staging = std::env::var_os("TRUNK_STAGING_DIR").ok_or("this command is Trunk's: run `cargo xtask build`")?;
    Engine { relaxed: true, bench: false }.build(&Path::new(&staging).join("relaxed"))
}
