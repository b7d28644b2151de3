//! A Vulkan driver for the tests of GPU kernels: a real one where there is one, else Mesa's, which runs on the processor.

use std::{env, fs, path::Path};

use crate::{apt, sh::Result};

/// What apt installs: the loader, and drivers with one in software.
const PACKAGES: [&str; 2] = ["libvulkan1", "mesa-vulkan-drivers"];
/// Where drivers are registered.
const FOLDERS: [&str; 2] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/// Whether there is a driver, after installing one where that may be done.
pub fn ensure() -> Result<bool> {
    if found() {
        return Ok(true);
    }
    if apt::install(&PACKAGES, "the tests of GPU kernels run on Vulkan")? {
        return Ok(found());
    }
    println!("No Vulkan driver: tests of GPU kernels will be skipped. `sudo {}` brings one.", apt::command(&PACKAGES));
    Ok(false)
}

fn found() -> bool {
    let any = |folder: &&str| fs::read_dir(Path::new(folder)).is_ok_and(|mut entries| entries.next().is_some());
    env::var_os("VK_ICD_FILENAMES").is_some() || FOLDERS.iter().any(any)
}
