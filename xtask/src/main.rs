//! `cargo xtask`: the only build logic of the project. It says what it is about to do, then does it.

mod apt;
mod bench;
mod browser;
mod engine;
mod http;
mod lint;
mod npm;
mod page;
mod python;
mod sh;
mod split;
mod tally;
mod test;
mod tools;
mod vulkan;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask COMMAND

  setup         install everything the other commands need
  serve [PORT]  build the page and serve it on localhost (port 8080 unless told otherwise)
  build         build the release page into dist/ and hold its size against the budget
  test          run every suite: native, wasm in a worker, saved files, types, store, page in a browser
  bench [WORD]  measure against ONNX Runtime Web and TensorFlow.js in a headless browser; only what has WORD in its name
  screenshot    take the README's picture of the page anew
  lint          rustfmt, clippy for host and wasm, rustdoc; warnings are errors";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["setup"] => setup(),
        ["serve"] => page::serve("8080"),
        ["serve", port] => page::serve(port),
        ["build"] => page::build().and_then(|()| page::check_size()),
        ["test"] => test::run(),
        ["bench"] => bench::run(""),
        ["bench", filter] => bench::run(filter),
        ["screenshot"] => page::screenshot(),
        ["lint"] => lint::run(),
        ["engine-hook"] => engine::hook(),
        [] | ["help" | "-h" | "--help"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("`{}` is not a command\n\n{HELP}", words.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn setup() -> sh::Result {
    tools::ensure()?;
    tools::ensure_lint()?;
    npm::ensure("www")?;
    npm::ensure("bench")?;
    vulkan::ensure()?;
    python::ensure()?;
    browser::ensure().map(drop)
}
