//! Every suite, one after the other, and one line that says how they went.

use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::{
    browser::{self, Browser},
    engine::{self, Build},
    http::Site,
    npm, page, python,
    sh::{self, Result},
    tally::{self, Tally},
    tools, vulkan,
};

/// Where the page is served in its tests: any folder of any host must do.
const SUB_PATH: &str = "/some/where/else/";

/// Runs every suite to its end and sums them up; an error if any test failed or any suite ran none.
pub fn run() -> Result {
    tools::ensure()?;
    npm::ensure("www")?;
    let browser = browser::ensure()?;
    let mut rows = Vec::new();
    let mut suite = |name: &'static str, run: &dyn Fn() -> Result<Tally>| {
        println!("\n== {name}");
        let start = Instant::now();
        let tally = run().unwrap_or_else(|error| {
            eprintln!("xtask: {error}");
            Tally { names: vec![error], ..Tally::one(false) }
        });
        rows.push(Row { name, tally, seconds: start.elapsed().as_secs() });
    };
    suite("native", &native);
    suite("saved files", &files);
    println!("\nThe page is built while the next two suites run: each of them keeps one core busy.");
    let built = thread::spawn(page::build);
    suite("wasm, in a worker", &|| wasm(&browser));
    suite("wasm with relaxed SIMD", &|| relaxed(&browser));
    let built = built.join().map_err(|_| "building the page panicked")?;
    // A GPU in software takes both cores, and a step on it must be there within seconds.
    suite("wasm on a GPU", &|| on_gpu(&browser));
    suite("types", &types);
    suite("store", &store);
    suite("page", &|| built.clone().and_then(|()| ui(&browser)));
    report(&rows)
}

/// A suite that has run.
struct Row {
    name: &'static str,
    tally: Tally,
    seconds: u64,
}

/// A line a suite, the names of what failed, and the sum.
fn report(rows: &[Row]) -> Result {
    println!();
    let mut total = Tally::default();
    let mut empty = Vec::new();
    for Row { name, tally, seconds } in rows {
        println!("{name}: {} passed, {} failed ({seconds} s)", tally.passed, tally.failed);
        total += tally.clone();
        if *tally == Tally::default() {
            empty.push(*name);
        }
    }
    for Row { name, tally, .. } in rows {
        tally.names.iter().for_each(|test| println!("failed in {name}: {test}"));
    }
    if !empty.is_empty() {
        return Err(format!("these suites ran no test at all: {}", empty.join(", ")));
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { Ok(()) } else { Err("some tests failed; they are named above".into()) }
}

/// On this machine, its GPU or a software one included.
fn native() -> Result<Tally> {
    let mut command = sh::cmd("cargo", &["test", "--workspace", "--features", "cli,gpu", "--no-fail-fast"]);
    if vulkan::ensure()? {
        // With a driver there, a GPU that is not found is a failure and no reason to skip.
        command.env("SECATEUR_GPU", "required");
    }
    counted(&mut command, tally::rust)
}

/// Files that the command line writes, in the readers of docs/ and in ONNX Runtime, native and as wasm.
fn files() -> Result<Tally> {
    npm::ensure("bench")?;
    let python = python::ensure()?;
    sh::run(&mut sh::cmd("cargo", &["build", "--features", "cli,gpu", "--bin", "secateur"]))?;
    let mut command = node(&test_files("tests/files")?, 1);
    command.env("SECATEUR_CLI", sh::root().join("target/debug/secateur")).env("SECATEUR_PYTHON", python);
    counted(&mut command, tally::node)
}

/// All but what needs a GPU, in the same program as [`on_gpu`].
fn wasm(browser: &Browser) -> Result<Tally> {
    let mut command = in_browser(browser);
    command.args(["--features", "gpu", "--", "--skip", "gpu"]);
    counted(&mut command, tally::rust)
}

/// The suite as wasm in a worker of a headless browser.
fn in_browser(browser: &Browser) -> Command {
    let mut command = sh::cmd("cargo", &["test", "--target", tools::WASM, "--test", "suite"]);
    command
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", sh::root().join("webdriver.json"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", "900");
    command
}

/// What runs on fused multiply-adds: the tests of kernels and plans, which all have `kernel` in their names.
fn relaxed(browser: &Browser) -> Result<Tally> {
    let mut command = in_browser(browser);
    command.args(["--target-dir", Build::Relaxed.target(), "--", "kernel"]);
    counted(command.env("RUSTFLAGS", engine::RELAXED), tally::rust)
}

/// What runs on a GPU: those tests all have `gpu` in their names. The browser brings one in software.
fn on_gpu(browser: &Browser) -> Result<Tally> {
    let mut command = in_browser(browser);
    command.args(["--features", "gpu", "--", "gpu"]).env("SECATEUR_GPU", "required");
    counted(&mut command, tally::rust)
}

/// The type checker finds everything or nothing: it counts as one test.
fn types() -> Result<Tally> {
    sh::run(sh::cmd("npm", &["run", "check"]).current_dir(sh::root().join("www")))?;
    Ok(Tally::one(true))
}

fn store() -> Result<Tally> {
    counted(sh::cmd("npm", &["test"]).current_dir(sh::root().join("www")), tally::node)
}

/// The release page as a visitor gets it: under a sub-path, from a plain static server.
fn ui(browser: &Browser) -> Result<Tally> {
    page::check_size()?;
    let serve = |isolated: bool| -> Result<String> {
        let site = Site { mounts: vec![(SUB_PATH, sh::root().join("dist"))], isolated, posts: None };
        Ok(site.start()? + SUB_PATH)
    };
    let (url, isolated) = (serve(false)?, serve(true)?);
    // Half of the time is waiting for the page: two files at once keep two cores busy.
    let mut command = node(&test_files("tests/ui")?, 2);
    command.env("SECATEUR_URL", url).env("SECATEUR_ISOLATED_URL", isolated).env("SECATEUR_CHROMIUM", &browser.chromium);
    counted(&mut command, tally::node)
}

/// Node's test runner, with so many files at once.
fn node(files: &[String], at_once: usize) -> Command {
    let mut command = sh::cmd("node", &["--test", "--test-reporter=spec"]);
    command.arg(format!("--test-concurrency={at_once}")).args(files);
    command
}

/// The test files of a folder, by name: Node's own search differs between versions.
fn test_files(folder: &str) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(sh::root().join(folder)).map_err(|error| format!("{folder}: {error}"))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut files: Vec<_> =
        names.filter(|name| name.contains(".test.")).map(|name| format!("{folder}/{name}")).collect();
    files.sort();
    if files.is_empty() { Err(format!("{folder}/ holds no *.test.* file")) } else { Ok(files) }
}

/// Runs a suite and counts; one that fails without naming a failed test counts as one failure.
fn counted(command: &mut Command, count: fn(&str) -> Tally) -> Result<Tally> {
    let (succeeded, output) = sh::tee(command)?;
    let mut tally = count(&output);
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_without_tests_is_an_error() {
        let row = |name, tally| Row { name, tally, seconds: 1 };
        let one = || row("a", Tally::one(true));
        assert!(report(&[one(), one()]).is_ok());
        assert!(report(&[one(), row("b", Tally::default())]).is_err_and(|error| error.contains('b')));
        assert!(report(&[one(), row("b", Tally::one(false))]).is_err());
    }
}
