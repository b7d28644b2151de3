//! Measurements: our kernels and models against ONNX Runtime Web, in one page of a headless browser.

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
const PATIENCE: Duration = Duration::from_secs(120);

/// Builds the bench page, runs it and writes `target/bench.json` and `target/bench.txt`.
pub fn run() -> Result {
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
            ("/ort/", root.join("bench/node_modules/onnxruntime-web/dist")),
            ("/models/", root.join("www/assets/models")),
            ("/", root.join("bench")),
        ],
        isolated: true,
        posts: Some(posts),
    };
    let url = site.start()? + "/";
    println!("Measuring at {url}; leave the machine alone meanwhile.");
    let mut child = browser::open(&browser, &url)?;
    let done = listen(&inbox, &root.join("target"));
    // The browser has nothing left to say; that it may be gone already is fine.
    let _ = child.kill();
    let _ = child.wait();
    done
}

/// Both engines with the bench class, which the product's page does not carry.
fn build() -> Result {
    for (engine, folder) in [(Build::Plain, "target/bench/pkg"), (Build::Relaxed, "target/bench/relaxed")] {
        engine.run(true, &sh::root().join(folder))?;
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

fn write(file: &Path, text: &str) -> Result {
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}
