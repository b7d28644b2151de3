//! Files of data sets and models on disk.

use std::fs;
use std::path::{Path, PathBuf};

use secateur::base::{Error, Result};
use secateur::data::{self, Dataset};

/// Where a checkout keeps what the page serves.
pub const ASSETS: &str = "www/assets";

/// Reads a whole file, naming it when that fails.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::from(e).at(&path.display().to_string()))
}

/// The names by which the two files of a split go, ours first and then the originals'.
fn names(split: &str, what: &str) -> Vec<String> {
    let original = if split == "test" { "t10k" } else { "train" };
    let dims = if what == "images" { "idx3" } else { "idx1" };
    let bases = [
        format!("{split}-{what}.idx"),
        format!("{original}-{what}-{dims}-ubyte"),
        format!("{original}-{what}.{dims}-ubyte"),
    ];
    bases.iter().flat_map(|base| [format!("{base}.gz"), base.clone()]).collect()
}

/// The two files of a split, as they are: images and labels. From a folder, by default that of the checkout.
pub fn raw(id: &str, split: &str, folder: Option<&Path>) -> Result<(Vec<u8>, Vec<u8>)> {
    let card = data::find(id)?;
    let folder = folder.map_or_else(|| PathBuf::from(ASSETS).join("data").join(id), Path::to_path_buf);
    let file = |what: &str| -> Result<Vec<u8>> {
        let known = names(split, what);
        let path = known.iter().map(|name| folder.join(name)).find(|path| path.exists()).ok_or_else(|| {
            Error::setting("data", format!("{}: no {split} {what} of {}", folder.display(), card.name))
                .hint(format!("run from the checkout, or give --data a folder that holds {}", known[0]))
        })?;
        read(&path)
    };
    Ok((file("images")?, file("labels")?))
}

/// Reads a split of a data set.
pub fn dataset(id: &str, split: &str, folder: Option<&Path>) -> Result<Dataset> {
    let (images, labels) = raw(id, split, folder)?;
    Dataset::read(data::find(id)?, &images, &labels)
}
