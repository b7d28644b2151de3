//! `secateur subset`: the compact data sets that the page ships, drawn from the full ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::{Compression, GzBuilder};
use secateur::base::{Error, Result, Rng};
use secateur::data::{self, Card, Dataset, Task, idx};
use serde_json::json;

use super::files;

/// Options of `subset`.
#[derive(Args)]
pub struct Options {
    /// The data set, by id.
    dataset: String,
    /// Folder with the original IDX files.
    #[arg(long)]
    data: PathBuf,
    /// Folder that the files and the card are written to.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Training images of each class.
    #[arg(long, default_value_t = 1000)]
    train: usize,
    /// Test images of each class.
    #[arg(long, default_value_t = 200)]
    test: usize,
}

const SEED: u64 = 1;

/// Draws, writes, and says how in a card.
pub fn run(options: &Options) -> Result<()> {
    let card = data::find(&options.dataset)?;
    let folder = options.out.clone().unwrap_or_else(|| files::assets().join("data").join(card.id));
    fs::create_dir_all(&folder)?;
    if card.task == Task::NextToken {
        return text(card, &options.data, &folder);
    }
    for (split, each) in [("train", options.train), ("test", options.test)] {
        let set = files::dataset(card.id, split, Some(&options.data))?;
        write(&set, &draw(&set, split, each)?, split, &folder)?;
    }
    let text = json!({
        "card": card,
        "train": options.train * card.classes.len(), "test": options.test * card.classes.len(),
        "made": format!("secateur subset {} --data DIR: {} training and {} test images of each class, drawn with seed {SEED} from the official splits", card.id, options.train, options.test),
    });
    let text = serde_json::to_string_pretty(&text).map_err(|e| Error::format(e.to_string()))?;
    fs::write(folder.join("card.json"), text + "\n")?;
    Ok(())
}

/// Texts of a folder, in the order of their names: the first 95% of each, to the end of a line, to learn from, the rest to test on.
fn text(card: &Card, from: &Path, folder: &Path) -> Result<()> {
    let mut paths: Vec<PathBuf> = fs::read_dir(from)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    paths.sort();
    let (mut train, mut test) = (String::new(), String::new());
    for path in &paths {
        let whole = fs::read_to_string(path).map_err(|e| Error::from(e).at(&path.display().to_string()))?;
        let most = whole.floor_char_boundary(whole.len() / 100 * 95);
        let cut = whole[..most].rfind('\n').map_or(0, |end| end + 1);
        train.push_str(&whole[..cut]);
        test.push_str(&whole[cut..]);
    }
    for (split, text) in [("train", &train), ("test", &test)] {
        Dataset::read(data::find(card.id)?, text.as_bytes(), &[]).map_err(|e| e.at(split))?;
        zip(&folder.join(format!("{split}.txt.gz")), text.as_bytes())?;
    }
    let names: Vec<_> = paths.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let text = json!({
        "card": card, "train": train.len(), "test": test.len(),
        "made": format!("secateur subset {} --data DIR: of {} the first 95% to learn from and the rest to test on", card.id, names.join(" and ")),
    });
    let text = serde_json::to_string_pretty(&text).map_err(|e| Error::format(e.to_string()))?;
    fs::write(folder.join("card.json"), text + "\n")?;
    Ok(())
}

/// Writes a file so that its bytes follow from its contents alone.
fn zip(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut gz = GzBuilder::new().mtime(0).write(fs::File::create(path)?, Compression::best());
    gz.write_all(bytes)?;
    gz.finish()?;
    Ok(())
}

/// `each` examples of every class, in the order of the original file.
fn draw(set: &Dataset, split: &str, each: usize) -> Result<Vec<usize>> {
    let mut order: Vec<usize> = (0..set.len()).collect();
    let labels = set.labels(&order);
    Rng::fork(SEED, split).shuffle(&mut order);
    let mut left = vec![each; set.card.classes.len()];
    let mut picks: Vec<usize> = order
        .into_iter()
        .filter(|&i| {
            let left = &mut left[labels[i]];
            let take = *left > 0;
            *left -= usize::from(take);
            take
        })
        .collect();
    if left.iter().any(|&n| n > 0) {
        return Err(Error::setting(split, format!("a class has fewer than {each} images")));
    }
    picks.sort_unstable();
    Ok(picks)
}

fn write(set: &Dataset, picks: &[usize], split: &str, folder: &Path) -> Result<()> {
    let pixels: Vec<u8> = picks.iter().flat_map(|&i| set.image(i).iter().copied()).collect();
    let labels: Vec<u8> = set.labels(picks).into_iter().map(|label| label as u8).collect();
    let shape: Vec<usize> = std::iter::once(picks.len()).chain(set.card.shape[1..].iter().copied()).collect();
    for (what, shape, bytes) in [("images", shape, pixels), ("labels", vec![picks.len()], labels)] {
        zip(&folder.join(format!("{split}-{what}.idx.gz")), &idx::write(&shape, &bytes))?;
    }
    Ok(())
}
