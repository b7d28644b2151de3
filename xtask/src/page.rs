//! The page: built and served by Trunk, and held against a size budget.

use std::fs;
use std::time::Duration;

use crate::{
    browser,
    engine::{self, Build},
    http::Site,
    npm,
    sh::{self, Result},
    tools,
};

/// What a visitor downloads before the first model and image, compressed with brotli, in bytes; what who has a GPU downloads in
/// addition; and what comes once something is run.
const BUDGET: u64 = 440_000;
const GPU_BUDGET: u64 = 91_000;
const REST_BUDGET: u64 = 200_000;

/// Builds the release page into `dist/`.
pub fn build() -> Result {
    prepare()?;
    sh::run(&mut trunk(&["build", "--release"]))
}

/// Builds the page and serves it until interrupted, rebuilding when a source file changes. The page is there with its first
/// engine; the others come behind it.
pub fn serve(port: &str) -> Result {
    let port: u16 = port.parse().map_err(|_| format!("`{port}` is not a port: give a number up to 65535"))?;
    prepare_beside(Build::Plain)?;
    println!(
        "The page is at http://127.0.0.1:{port}/ once its first engine is compiled: some two minutes the first time, \
         seconds later (Ctrl-C ends it)."
    );
    std::thread::spawn(add_engines);
    sh::run(trunk(&["serve", "--release", "--port", &port.to_string()]).env(engine::LATER, "1"))
}

/// Adds the other engines to the page whenever it was built, for as long as it is served.
fn add_engines() {
    let (dist, mut seen) = (sh::root().join("dist"), None);
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let built = fs::metadata(dist.join("secateur_bg.wasm")).and_then(|file| file.modified()).ok();
        // Where an engine is missing the page was built anew meanwhile.
        if built.is_none() || (built == seen && engine::BESIDE.iter().all(|engine| engine.is_in(&dist))) {
            continue;
        }
        println!("Building the five other engines behind the page: some six minutes the first time.");
        for engine in &engine::BESIDE {
            match engine.add(&dist) {
                Ok(()) => println!("The engine {} is in.", engine.what()),
                Err(error) => println!("xtask: the engine {} is not in: {error}", engine.what()),
            }
        }
        println!("Reload the page to get the fastest engine for this browser.");
        seen = built;
    }
}

/// Takes `docs/screenshot.png`, of the release page after a run.
pub fn screenshot() -> Result {
    let browser = browser::ensure()?;
    build()?;
    let url = Site { mounts: vec![("/", sh::root().join("dist"))], isolated: true, posts: None }.start()? + "/";
    let mut command = sh::cmd("node", &["docs/screenshot.mjs"]);
    sh::run(command.env("SECATEUR_URL", url).env("SECATEUR_CHROMIUM", &browser.chromium))
}

/// Holds the built page against its budget.
pub fn check_size() -> Result {
    let list = sh::read("node", &["--input-type=module", "--eval", include_str!("size.mjs"), "dist"])
        .ok_or("could not measure dist/: run `cargo xtask build` first")?;
    println!("{list}");
    let bytes = |what: &str| -> Result<u64> {
        let line = list.lines().find(|line| line.contains(what));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).ok_or_else(|| format!("no size of `{what}`"))
    };
    let budgets = [
        ("total, with one engine", BUDGET),
        ("more for who has a GPU", GPU_BUDGET),
        ("more once something is run", REST_BUDGET),
    ];
    for (what, budget) in budgets {
        let found = bytes(what)?;
        if found > budget {
            return Err(format!("{what}: {found} bytes, over the budget of {budget}: make it smaller"));
        }
        println!("{what}: {found} bytes of the {budget} that there may be.");
    }
    Ok(())
}

fn prepare() -> Result {
    tools::ensure()?;
    folders()
}

/// As [`prepare`], while an engine is compiled beside the tools that are still missing.
fn prepare_beside(first: Build) -> Result {
    tools::ensure_target()?;
    tools::ensure_beside(first.compile("")?)?;
    folders()
}

fn folders() -> Result {
    npm::ensure("www")?;
    // Trunk watches everything but the folders named in Trunk.toml, and insists that those exist.
    for folder in ["www/gen", "www/gen-fake", "www/gen-test", "dist"] {
        fs::create_dir_all(sh::root().join(folder)).map_err(|error| format!("cannot make {folder}/: {error}"))?;
    }
    // Trunk itself works offline, so that it never fetches a tool behind our back.
    sh::run(&mut sh::cmd("cargo", &["fetch", "--locked"]))
}

fn trunk(args: &[&str]) -> std::process::Command {
    let mut command = sh::cmd("trunk", args);
    // Trunk takes NO_COLOR=1, which other programs understand, for a malformed flag.
    command.env_remove("NO_COLOR");
    command
}
