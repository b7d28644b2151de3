//! Files of data sets and models on disk.

use std::fs;
use std::path::{Path, PathBuf};

use secateur::base::{Error, Result};
use secateur::data::{self, Dataset, Task};

/// Where a checkout keeps what the page serves.
const ASSETS: &str = "www/assets";

/// The folder with networks and data sets: what `SECATEUR_ASSETS` names, the checkout at hand, or the one that this program
/// was built from.
pub fn assets() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join(ASSETS);
    let here = || Some(PathBuf::from(ASSETS)).filter(|folder| folder.is_dir());
    std::env::var_os("SECATEUR_ASSETS").map(PathBuf::from).or_else(here).unwrap_or_else(built)
}

/// Reads a whole file, naming it when that fails.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::from(e).at(&path.display().to_string()))
}

/// The names by which the files of a split go, ours first and then the originals'.
fn names(split: &str, what: &str) -> Vec<String> {
    if what == "text" {
        return [".txt.gz", ".txt"].map(|ending| format!("{split}{ending}")).to_vec();
    }
    let original = if split == "test" { "t10k" } else { "train" };
    let dims = if what == "images" { "idx3" } else { "idx1" };
    let bases = [
        format!("{split}-{what}.idx"),
        format!("{original}-{what}-{dims}-ubyte"),
        format!("{original}-{what}.{dims}-ubyte"),
    ];
    bases.iter().flat_map(|base| [format!("{base}.gz"), base.clone()]).collect()
}

/// The files of a split, as they are: images and labels, or a text, which has no labels of its own. From a folder, by default that of the checkout.
pub fn raw(id: &str, split: &str, folder: Option<&Path>) -> Result<(Vec<u8>, Vec<u8>)> {
    let card = data::find(id)?;
    let folder = folder.map_or_else(|| assets().join("data").join(id), Path::to_path_buf);
    let file = |what: &str| -> Result<Vec<u8>> {
        let known = names(split, what);
        let path = known.iter().map(|name| folder.join(name)).find(|path| path.exists()).ok_or_else(|| {
            Error::setting("data", format!("{}: no {split} {what} of {}", folder.display(), card.name)).hint(format!(
                "give --data a folder that holds {}, or set SECATEUR_ASSETS to the www/assets of a checkout",
                known[0]
            ))
        })?;
        read(&path)
    };
    match card.task {
        Task::Classes => Ok((file("images")?, file("labels")?)),
        Task::NextToken => Ok((file("text")?, Vec::new())),
    }
}

/// Reads a split of a data set.
pub fn dataset(id: &str, split: &str, folder: Option<&Path>) -> Result<Dataset> {
    let (images, labels) = raw(id, split, folder)?;
    Dataset::read(data::find(id)?, &images, &labels)
}
