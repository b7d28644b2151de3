//! `secateur prune`: the page's work without the page.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pollster::block_on;
use secateur::base::{Error, Result};
use secateur::gpu::Device;
use secateur::io::format;
use secateur::io::origin::Origin;
use secateur::prune::running::EXECUTOR;
use secateur::prune::{Settings, recipe};
use secateur::session::{Session, event::Event, file, record::Record};
use secateur::zoo;

use super::{files, say};

/// Options of `prune`.
#[derive(Args)]
pub struct Options {
    /// Settings, KEY=VALUE: those of the page's address. `secateur catalog` lists them.
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Print the record as JSON.
    #[arg(long)]
    json: bool,
    /// Folder with the data set; that of the checkout by default.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Weights of the model, plain or compact; those of the checkout by default. A saved file brings its model along.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Write the pruned network here, as .compact.safetensors, .safetensors or .onnx.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// KEY=VALUE pairs as settings.
pub fn parse(pairs: &[String]) -> Result<Settings> {
    let split = |pair: &String| {
        pair.split_once('=').map(|(k, v)| (k.to_string(), v.to_string())).ok_or_else(|| {
            Error::setting(pair, format!("'{pair}' is not KEY=VALUE")).hint("write settings like sparsity=0.9")
        })
    };
    let mut out = Settings::new();
    for (key, value) in pairs.iter().map(split).collect::<Result<Vec<_>>>()? {
        if out.insert(key.clone(), value).is_some() {
            return Err(Error::setting(&key, format!("{key} is given twice")).hint("give each key once"));
        }
    }
    Ok(out)
}

/// The GPU that runs may use, or why there is none.
pub type Gpu = Result<Device>;

/// Opens the GPU, unless all runs are for the processor.
pub fn gpu<'a>(runs: impl IntoIterator<Item = &'a Settings>) -> Gpu {
    let wanted = runs.into_iter().any(|settings| settings.get(EXECUTOR.key).is_none_or(|word| word != "cpu"));
    if wanted { block_on(Device::open()) } else { Err(Error::state("nothing that runs may use a GPU")) }
}

/// A session with the model and data that settings name.
pub fn session(settings: &Settings, data: Option<&PathBuf>, weights: Option<&PathBuf>, gpu: &Gpu) -> Result<Session> {
    let mut session = Session::new();
    session.attach(gpu.clone(), None);
    let model = open(&mut session, settings.get("model"), weights)?;
    let folder = data.map(PathBuf::as_path);
    let splits: &[&str] = if session.needs_training_images(settings)? { &["test", "train"] } else { &["test"] };
    for split in splits {
        let (images, labels) = files::raw(model.data, split, folder)?;
        session.data(model.data, split, &images, &labels)?;
    }
    Ok(session)
}

/// Opens the weights given, as the model named or the one that their file is of; else those of the checkout.
fn open(session: &mut Session, named: Option<&String>, weights: Option<&PathBuf>) -> Result<&'static zoo::Model> {
    let named = named.map(|id| zoo::find(id)).transpose()?;
    let Some(path) = weights else {
        let model = named.unwrap_or(&zoo::ALL[0]);
        let path = files::assets().join("models").join(format!("{}.safetensors", model.id));
        session.open(model.id, &files::read(&path)?)?;
        return Ok(model);
    };
    let bytes = files::read(path)?;
    let at = |e: Error| e.at(&path.display().to_string());
    let model = named.map_or_else(|| file::identify(&bytes), Ok).map_err(at)?;
    let info = session.open(model.id, &bytes).map_err(at)?;
    if let Some(saved) = &info.saved {
        let recipe: Vec<String> = saved.recipe.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let (path, Origin { model, digest, producer, .. }) = (path.display(), saved);
        eprintln!("{path}: {model}, digest {digest}, saved by {producer} after: {}", recipe.join(" "));
    }
    info.notes.iter().for_each(|note| eprintln!("{note}"));
    Ok(model)
}

/// Runs one job to its end with a bar; notes go to standard error.
pub fn drive(session: &mut Session, settings: &Settings, bar: &ProgressBar) -> Result<Record> {
    session.start("run", settings)?;
    let mut found = None;
    loop {
        for event in block_on(session.advance(100.0))? {
            match event {
                Event::Phase { label, .. } => bar.set_message(label),
                Event::Progress { done, total, .. } => {
                    bar.set_length(total as u64);
                    bar.set_position(done as u64);
                }
                Event::Note { message, .. } => bar.suspend(|| eprintln!("{message}")),
                Event::Result { record } => found = Some(*record),
                Event::Done => {
                    bar.finish_and_clear();
                    return found.ok_or_else(|| Error::state("the run ended without a record"));
                }
                _ => {}
            }
        }
    }
}

/// A bar for one run.
pub fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{elapsed} {bar:24} {pos}/{len} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// `prune`: one run, one record.
pub fn run(options: &Options) -> Result<()> {
    let settings = parse(&options.settings)?;
    recipe::Recipe::read(&settings)?;
    // A name that says nothing is found out before the run, not after it.
    let named = |path: &PathBuf| format::of_name(&path.to_string_lossy());
    let format = options.out.as_ref().map(named).transpose()?;
    let mut session = session(&settings, options.data.as_ref(), options.weights.as_ref(), &gpu([&settings]))?;
    let record = drive(&mut session, &settings, &bar())?;
    if options.json {
        say::json(&record)?
    } else {
        print_record(&record)?
    }
    // Last: what was found is told even if the file cannot be written.
    let (Some(path), Some(format), Some(file)) = (&options.out, format, session.file()) else { return Ok(()) };
    let bytes = file::convert(file, format.id)?;
    std::fs::write(path, &bytes).map_err(|e| Error::from(e).at(&path.display().to_string()))?;
    eprintln!("{}: {} bytes. {}", path.display(), bytes.len(), format.what);
    Ok(())
}

fn print_record(record: &Record) -> Result<()> {
    say::line(&record.verdict)?;
    record.notes.iter().try_for_each(say::line)?;
    say::line(format_args!(
        "{:<20} {:>9} {:>9} {:>8}  {:<10} {:>9} {:>9}",
        "layer", "kept", "of", "cut", "kernel", "dense µs", "here µs"
    ))?;
    record.layers.iter().try_for_each(|l| {
        say::line(format_args!(
            "{:<20} {:>9} {:>9} {:>7.1}%  {:<10} {:>9.1} {:>9.1}",
            l.name,
            l.kept,
            l.total,
            100.0 * l.sparsity,
            l.kernel,
            l.dense_us,
            l.pruned_us
        ))
    })
}
