//! The engine: one source, three wasm files. Every browser of the README's table runs the first. The second fuses its
//! multiply-adds, which needs relaxed SIMD; the third also shares its memory with other threads, which a page may do only
//! where it is cross-origin isolated. The page looks which of them it can run. All three come once more with WebGPU, which
//! costs some ten kilobytes that only a visitor with a GPU should load.

use std::path::Path;

use crate::{
    sh::{self, Result},
    tools,
};

/// One of the wasm files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// 128-bit SIMD, as `.cargo/config.toml` asks for.
    Plain,
    /// With fused multiply-adds.
    Relaxed,
    /// With fused multiply-adds and memory that threads share.
    Threads,
}

/// What the compiler is told for relaxed SIMD, in place of the flags in `.cargo/config.toml`.
pub const RELAXED: &str =
    "-C target-feature=+simd128,+relaxed-simd -C llvm-args=-inline-threshold=0 -C llvm-args=-unroll-runtime=false";

/// The same for threads: what wasm-bindgen needs to set up a thread's stack and locals is exported. Memory can grow to 2 GiB.
const THREADS: &str = "-C target-feature=+simd128,+relaxed-simd,+atomics,+bulk-memory,+mutable-globals \
    -C llvm-args=-inline-threshold=0 -C llvm-args=-unroll-runtime=false \
    -C link-arg=--shared-memory -C link-arg=--import-memory -C link-arg=--max-memory=2147483648 \
    -C link-arg=--export=__wasm_init_tls -C link-arg=--export=__tls_size \
    -C link-arg=--export=__tls_align -C link-arg=--export=__tls_base";

impl Build {
    /// Where cargo builds it: other flags in the same folder would rebuild everything each time.
    pub fn target(self) -> &'static str {
        match self {
            Self::Plain => "target",
            Self::Relaxed => "target/relaxed",
            Self::Threads => "target/threads",
        }
    }

    /// Compiles it with features of the crate and writes `secateur.js` and `secateur_bg.wasm` to a folder.
    pub fn run(self, features: &str, out: &Path) -> Result {
        let mut cargo = sh::cmd("cargo", &["build", "--release", "--lib", "--target", tools::WASM]);
        cargo.args(["--target-dir", self.target()]);
        cargo.args(["--features", features]);
        match self {
            Self::Plain => {}
            Self::Relaxed => {
                cargo.env("RUSTFLAGS", RELAXED);
            }
            Self::Threads => {
                tools::ensure_rust_src()?;
                // The standard library as it comes has no threads in wasm: it is compiled anew, which a stable compiler
                // does only when told that we know what we ask for.
                cargo.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", THREADS);
            }
        }
        sh::run(&mut cargo)?;
        let wasm = format!("{}/{}/release/secateur.wasm", self.target(), tools::WASM);
        let bindgen = ["--target", "web", "--no-typescript", "--out-dir"];
        sh::run(sh::cmd("wasm-bindgen", &bindgen).arg(out).arg(wasm))?;
        let packed = out.join("secateur_bg.wasm");
        sh::run(sh::cmd("wasm-opt", &["-O3"]).arg(&packed).arg("-o").arg(&packed))
    }
}

/// Called by Trunk once the page is built: adds the other engines beside the first.
pub fn hook() -> Result {
    let staging = std::env::var_os("TRUNK_STAGING_DIR").ok_or("this command is Trunk's: run `cargo xtask build`")?;
    let staging = Path::new(&staging);
    // Trunk itself has built the first.
    for (build, features, folder) in [
        (Build::Relaxed, "", "relaxed"),
        (Build::Threads, "", "threads"),
        (Build::Plain, "gpu", "gpu"),
        (Build::Relaxed, "gpu", "gpu/relaxed"),
        (Build::Threads, "gpu", "gpu/threads"),
    ] {
        build.run(features, &staging.join(folder))?;
    }
    Ok(())
}
