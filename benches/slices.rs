//! The longest slice of each method: for so long a page could not cancel, draw or answer.
//!
//! `cargo bench --bench slices -- [WORDS]` makes a short run of every row whose id holds one of the words, or of all, on the
//! largest network that it fits, and prints its longest slices.

use std::time::Instant;

use pollster::block_on;
use secateur::base::{Error, Result};
use secateur::prune::{Settings, method};
use secateur::session::Session;
use secateur::session::event::Event;
use secateur::zoo;

/// What a page can be without for once, in milliseconds.
const MARK: f64 = 500.0;
/// The largest network of convolutions, and of attention for what needs that.
const NETWORKS: [&str; 2] = ["resnet14", "vit-small"];
/// Short trainings: a step is as long in long ones.
const STEPS: &str = "4";

fn read(path: &str) -> Result<Vec<u8>> {
    std::fs::read(format!("{}/www/assets/{path}", env!("CARGO_MANIFEST_DIR")))
        .map_err(|error| Error::format(format!("{path}: {error}")))
}

fn open(model: &str) -> Result<Session> {
    let (mut session, data) = (Session::new(), zoo::find(model)?.data);
    session.open(model, &read(&format!("models/{model}.safetensors"))?)?;
    for split in ["test", "train"] {
        let file = |what: &str| read(&format!("data/{data}/{split}-{what}.idx.gz"));
        session.data(data, split, &file("images")?, &file("labels")?)?;
    }
    Ok(session)
}

/// The longest slice of a run in milliseconds, the phase that it was in, how many slices there were, and how long all took.
struct Longest {
    ms: f64,
    phase: String,
    slices: usize,
    seconds: f64,
}

fn run(session: &mut Session, settings: &Settings) -> Result<Longest> {
    session.start("run", settings)?;
    let (start, mut phase) = (Instant::now(), String::from("begin"));
    let mut longest = Longest { ms: 0.0, phase: phase.clone(), slices: 0, seconds: 0.0 };
    loop {
        let slice = Instant::now();
        let events = block_on(session.advance(0.0))?;
        let ms = slice.elapsed().as_secs_f64() * 1e3;
        longest.slices += 1;
        if ms > longest.ms {
            (longest.ms, longest.phase) = (ms, phase.clone());
        }
        for event in events {
            match event {
                Event::Phase { label, .. } => phase = label,
                Event::Done => return Ok(Longest { seconds: start.elapsed().as_secs_f64(), ..longest }),
                _ => {}
            }
        }
    }
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut sessions = [open(NETWORKS[0])?, open(NETWORKS[1])?];
    println!("{:<22} {:<10} {:>9}  {:<44} {:>7} {:>9}", "method", "network", "longest", "in", "slices", "run");
    let mut worst: f64 = 0.0;
    for row in method::all().filter(|row| words.is_empty() || words.iter().any(|word| row.id.contains(word.as_str()))) {
        let settings: Settings =
            [("method", row.id), ("training.steps", STEPS)].map(|(key, value)| (key.into(), value.into())).into();
        let fits = (0..sessions.len()).find(|&i| sessions[i].check(&settings).ok);
        let Some(at) = fits else {
            println!("{:<22} fits neither network", row.id);
            continue;
        };
        let Longest { ms, phase, slices, seconds } = run(&mut sessions[at], &settings)?;
        let mark = if ms > MARK { "  over the mark" } else { "" };
        println!("{:<22} {:<10} {ms:>6.0} ms  {phase:<44} {slices:>7} {seconds:>7.1} s{mark}", row.id, NETWORKS[at]);
        worst = worst.max(ms);
    }
    println!("The longest of all is {worst:.0} ms; the mark is {MARK:.0} ms.");
    Ok(())
}
