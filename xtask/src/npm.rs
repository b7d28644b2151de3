//! The packages of `www/` and `bench/`, installed exactly as their lock files say.

use std::fs;

use crate::sh::{self, Result};

/// The oldest Node.js that runs the build and the tests.
const NODE: u32 = 20;

/// Runs `npm ci` in a folder unless its packages already match its lock file.
pub fn ensure(folder: &str) -> Result {
    check_node()?;
    let dir = sh::root().join(folder);
    let lock = fs::read(dir.join("package-lock.json"))
        .map_err(|error| format!("{folder}/package-lock.json: {error}; restore it from the repository"))?;
    let stamp = dir.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("Installing the packages of {folder}/ as its lock file says.");
    sh::run(sh::cmd("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&dir))?;
    fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn check_node() -> Result {
    let version = sh::read("node", &["--version"]);
    let major = version.as_deref().and_then(|v| v.trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    match (major, version) {
        (Some(major), _) if major >= NODE => Ok(()),
        (_, Some(found)) => Err(format!("Node.js {found} is too old: install version {NODE} or newer")),
        (_, None) => Err(format!("Node.js is missing: install version {NODE} or newer, with npm")),
    }
}
