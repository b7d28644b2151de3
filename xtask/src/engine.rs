//! The engine: one source, three wasm files. Every browser of the README's table runs the first. The second fuses its
//! multiply-adds, which needs relaxed SIMD; the third also shares its memory with other threads, which a page may do only
//! where it is cross-origin isolated. The page looks which of them it can run. All three come once more with WebGPU, which
//! costs some ten kilobytes that only a visitor with a GPU should load. In a page each is split in two: see [`split`].

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{
    sh::{self, Result},
    split, tools,
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

/// How an engine is optimized; index.html says the same for the first one. Functions keep their names, by which it is split. And what is
/// called from one place only is not drawn into it where it is large, or what may come later would come first after all: that made the
/// first download 20 kB longer.
const OPTIMIZE: &[&str] = &["-O3", "-g", "--one-caller-inline-max-function-size=300"];

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

    /// Compiles it with features of the crate and writes `secateur.js` and `secateur_bg.wasm` to a folder, unless those are
    /// newer than what the compiler gave.
    pub fn run(self, features: &str, out: &Path) -> Result {
        sh::run(&mut self.compile(features)?)?;
        let wasm = sh::root().join(self.target()).join(tools::WASM).join("release/secateur.wasm");
        let (packed, key) = (out.join(split::FIRST), out.join("compiled"));
        let compiled = format!("{} {}", digest(&wasm)?, OPTIMIZE.join(" "));
        if packed.is_file() && fs::read_to_string(&key).is_ok_and(|old| old == compiled) {
            return Ok(());
        }
        let bindgen = ["--target", "web", "--no-typescript", "--out-dir"];
        sh::run(sh::cmd("wasm-bindgen", &bindgen).arg(out).arg(wasm))?;
        sh::run(sh::cmd("wasm-opt", OPTIMIZE).arg(&packed).arg("-o").arg(&packed))?;
        fs::write(&key, compiled).map_err(|error| format!("{}: {error}", key.display()))
    }

    /// The command that compiles it.
    pub fn compile(self, features: &str) -> Result<Command> {
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
        Ok(cargo)
    }
}

/// What tells one compiled engine from another: builds of other features go through the same file.
fn digest(wasm: &Path) -> Result<String> {
    let bytes = fs::read(wasm).map_err(|error| format!("{}: {error}", wasm.display()))?;
    Ok(split::digest(&bytes))
}

/// An engine that stands beside the first, which Trunk itself builds.
pub struct Beside {
    build: Build,
    features: &'static str,
    /// Its folder in the page.
    folder: &'static str,
    /// Who gets it, in words.
    what: &'static str,
}

/// All of them, the one that most visitors get first.
pub const BESIDE: [Beside; 5] = [
    Beside { build: Build::Relaxed, features: "", folder: "relaxed", what: "with fused multiply-adds" },
    Beside { build: Build::Threads, features: "", folder: "threads", what: "with threads" },
    Beside { build: Build::Plain, features: "gpu", folder: "gpu", what: "with WebGPU" },
    Beside {
        build: Build::Relaxed,
        features: "gpu",
        folder: "gpu/relaxed",
        what: "with WebGPU and fused multiply-adds",
    },
    Beside { build: Build::Threads, features: "gpu", folder: "gpu/threads", what: "with WebGPU and threads" },
];

impl Beside {
    /// Who gets it, in words.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether a page has it.
    pub fn is_in(&self, page: &Path) -> bool {
        page.join(self.folder).join("secateur.js").is_file()
    }

    /// Builds it where nothing else is written, and copies it into a page.
    pub fn add(&self, page: &Path) -> Result {
        let made = sh::root().join("target/engines").join(self.folder);
        self.build.run(self.features, &made)?;
        let to = page.join(self.folder);
        fs::create_dir_all(&to).map_err(|error| format!("{}: {error}", to.display()))?;
        split::split(&made, &to)?;
        // The script last: a page that asks for an engine in this moment finds all of its files, or none.
        let script = "secateur.js";
        fs::copy(made.join(script), to.join(script)).map_err(|error| format!("{}/{script}: {error}", to.display()))?;
        Ok(())
    }
}

/// Tells the hook that somebody else adds the engines beside the first.
pub const LATER: &str = "SECATEUR_ENGINES_LATER";

/// Called by Trunk once the page is built: splits the first engine and adds the others beside it.
pub fn hook() -> Result {
    let staging = std::env::var_os("TRUNK_STAGING_DIR").ok_or("this command is Trunk's: run `cargo xtask build`")?;
    let staging = Path::new(&staging);
    split::split(staging, staging)?;
    match std::env::var_os(LATER) {
        Some(_) => Ok(()),
        None => BESIDE.iter().try_for_each(|engine| engine.add(staging)),
    }
}
