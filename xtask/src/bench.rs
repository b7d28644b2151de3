//! Measurements: our kernels and models against other runtimes, in one page of a headless browser.

use std::{
    fs,
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use crate::{
    browser,
    engine::Build,
    http::Site,
    npm,
    sh::{self, Result},
    tools,
};

/// How long the page may be silent before it counts as dead.
const PATIENCE: Duration = Duration::from_secs(300);

/// Builds the bench page, runs it and writes `target/bench.json` and `target/bench.txt`; with a filter, only the jobs whose
/// name contains it.
pub fn run(filter: &str) -> Result {
    tools::ensure()?;
    npm::ensure("www")?;
    npm::ensure("bench")?;
    let browser = browser::ensure()?;
    build()?;
    let root = sh::root();
    let (posts, inbox) = mpsc::channel();
    let site = Site {
        mounts: vec![
            ("/pkg/", root.join("target/bench/pkg")),
            ("/relaxed/", root.join("target/bench/relaxed")),
            ("/threads/", root.join("target/bench/threads")),
            ("/ort/", root.join("bench/node_modules/onnxruntime-web/dist")),
            ("/tfjs/", root.join("bench/node_modules/@tensorflow/tfjs/dist")),
            ("/tfjs-wasm/", root.join("bench/node_modules/@tensorflow/tfjs-backend-wasm/dist")),
            ("/page/", root.join("target/bench/page")),
            ("/models/", root.join("www/assets/models")),
            ("/", root.join("bench")),
        ],
        isolated: true,
        posts: Some(posts),
    };
    let url = format!("{}/?only={}", site.start()?, encode(filter));
    println!("Measuring at {url}; leave the machine alone meanwhile.");
    let mut child = browser::open(&browser, &url)?;
    let done = listen(&inbox, &root.join("target"));
    // The browser has nothing left to say; that it may be gone already is fine.
    let _ = child.kill();
    let _ = child.wait();
    done
}

/// All engines with the bench class, which the product's page does not carry, and the page's questions to a survey.
fn build() -> Result {
    sh::run(&mut sh::cmd("esbuild", &["www/survey.ts", "--format=esm", "--outfile=target/bench/page/survey.js"]))?;
    for (engine, folder) in [
        (Build::Plain, "target/bench/pkg"),
        (Build::Relaxed, "target/bench/relaxed"),
        (Build::Threads, "target/bench/threads"),
    ] {
        engine.run("bench", &sh::root().join(folder))?;
    }
    Ok(())
}

/// Takes what the page posts until it says that it is done.
fn listen(inbox: &Receiver<(String, String)>, target: &Path) -> Result {
    loop {
        let (path, body) = inbox.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("the page said nothing for {} seconds", PATIENCE.as_secs()),
            RecvTimeoutError::Disconnected => "the server of the bench page stopped".to_owned(),
        })?;
        match path.as_str() {
            "/log" => println!("{body}"),
            "/bench.json" => write(&target.join("bench.json"), &body)?,
            "/bench.txt" => {
                println!("\n{body}");
                write(&target.join("bench.txt"), &body)?;
            }
            "/done" => return Ok(()),
            _ => return Err(format!("the bench page failed: {body}")),
        }
    }
}

/// A word as part of an address.
fn encode(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

fn write(file: &Path, text: &str) -> Result {
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn filters_survive_the_address() {
        assert_eq!(super::encode("3x3, 64% µ-1"), "3x3%2C%2064%25%20%C2%B5-1");
    }
}
