//! A Python with numpy and ONNX Runtime, in a folder of its own: saved files are read there as other people read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    apt,
    sh::{self, Result},
};

/// What is installed, pinned.
const REQUIREMENTS: &str = "tests/files/requirements.txt";
/// What apt installs where there is no Python.
const PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// The interpreter, after its packages have been installed if they were not.
pub fn ensure() -> Result<PathBuf> {
    let (folder, wanted) = (sh::root().join("target/python"), sh::root().join(REQUIREMENTS));
    let wanted =
        fs::read(&wanted).map_err(|error| format!("{REQUIREMENTS}: {error}; restore it from the repository"))?;
    let (program, stamp) = (folder.join("bin/python"), folder.join("installed.txt"));
    if program.is_file() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    println!("Installing numpy and ONNX Runtime into target/python: tests read saved files with them.");
    make(&folder)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
    sh::run(sh::cmd(&program.to_string_lossy(), &pip).current_dir(sh::root()))?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(program)
}

/// An empty environment; where Python cannot make one, apt may bring what it lacks.
fn make(folder: &Path) -> Result {
    let venv = || sh::run(sh::cmd("python3", &["-m", "venv", "--clear"]).arg(folder));
    if sh::which("python3").is_some() && venv().is_ok() {
        return Ok(());
    }
    apt::install(&PACKAGES, "tests read saved files with numpy and ONNX Runtime")?;
    venv().map_err(|error| format!("{error}; `sudo {}` brings what it takes", apt::command(&PACKAGES)))
}
