//! Debian's packages, where they may be installed: as root, with apt.

use crate::sh::{self, Result};

/// The command that installs some packages.
pub fn command(packages: &[&str]) -> String {
    format!("apt-get install -y --no-install-recommends {}", packages.join(" "))
}

/// Installs packages if that is allowed here; says so first, and gives whether it was.
pub fn install(packages: &[&str], why: &str) -> Result<bool> {
    if sh::read("id", &["-u"]).as_deref() != Some("0") || sh::which("apt-get").is_none() {
        return Ok(false);
    }
    println!("Installing {} through apt: {why}.", packages.join(", "));
    sh::run(sh::cmd("apt-get", &["update"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    let install = command(packages);
    let words: Vec<&str> = install.split(' ').skip(1).collect();
    sh::run(sh::cmd("apt-get", &words).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(true)
}
