//! The browser that tests and measurements run in: found, or installed through apt where that is allowed.

use std::{
    env,
    path::PathBuf,
    process::{Child, Stdio},
};

use crate::{
    apt,
    sh::{self, Result},
};

/// A Chromium and the driver that belongs to it.
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Its WebDriver.
    pub driver: PathBuf,
}

/// What apt installs: without fonts a headless page has no text to lay out.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-dejavu-core"];

/// Finds the browser, installing it first where it is missing and apt may be used.
///
/// `SECATEUR_CHROMIUM` and `CHROMEDRIVER` name others than those on PATH.
pub fn ensure() -> Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    if !apt::install(&PACKAGES, "the tests run in a browser")? {
        return Err(format!(
            "tests need Chromium and its driver; run `sudo {}`, \
             or set SECATEUR_CHROMIUM and CHROMEDRIVER to the paths of both",
            apt::command(&PACKAGES)
        ));
    }
    find().ok_or_else(|| "apt installed Chromium, but neither `chromium` nor `chromedriver` is on PATH".into())
}

fn find() -> Option<Browser> {
    let given = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_file());
    let chromium = given("SECATEUR_CHROMIUM")
        .or_else(|| ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(sh::which))?;
    let driver = given("CHROMEDRIVER").or_else(|| sh::which("chromedriver"))?;
    Some(Browser { chromium, driver })
}

/// Opens a page in a headless browser with a profile of its own. The caller ends the child.
pub fn open(browser: &Browser, url: &str) -> Result<Child> {
    let profile = sh::root().join("target/bench/profile");
    let mut command = sh::cmd(&browser.chromium.to_string_lossy(), &["--headless", "--no-sandbox", "--no-first-run"]);
    command
        .args(["--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"])
        .args(["--disable-sync", "--disable-extensions", "--disable-quic"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map_err(|error| format!("cannot start {}: {error}", browser.chromium.display()))
}
