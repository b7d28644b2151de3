//! The result in words, and what else must be said about it.

use crate::compile::choose::dense;
use crate::data::{Card, Task};

use super::record::{Accuracy, Environment, LayerRow, PerImage, Size, Speed, TextResult};

/// "1.9x smaller when stored, 4.1x faster here (3.9-4.3), accuracy 91.8% → 91.2%: within the interval."
#[inline(never)]
pub fn verdict(accuracy: &Accuracy, size: &Size, speed: &Speed, text: Option<&TextResult>) -> String {
    let smaller = size.bytes_dense as f64 / size.bytes_stored.max(1) as f64;
    let size = if smaller >= 1.005 {
        format!("{} smaller when stored", times(smaller))
    } else {
        "no smaller when stored".into()
    };
    if let Some(TextResult { bits_before, bits_after, .. }) = text {
        return format!("{size}, {}, {bits_before:.2} → {bits_after:.2} bits per character.", pace(speed));
    }
    format!(
        "{size}, {}, accuracy {} → {}: {}.",
        pace(speed),
        percent(accuracy.before),
        percent(accuracy.after),
        judge(accuracy)
    )
}

/// How fast, honestly: an interval that holds 1 is no difference.
fn pace(speed: &Speed) -> String {
    let range = format!("({:.1}–{:.1})", speed.low, speed.high);
    if speed.doubt.is_some() {
        return format!("speed in doubt here ({})", times(speed.ratio));
    }
    if speed.low <= 1.0 && 1.0 <= speed.high {
        format!("no difference in speed here {range}")
    } else if speed.ratio > 1.0 {
        format!("{} faster here {range}", times(speed.ratio))
    } else {
        format!("{} slower here ({:.1}–{:.1})", times(1.0 / speed.ratio), 1.0 / speed.high, 1.0 / speed.low)
    }
}

fn judge(a: &Accuracy) -> String {
    if a.low <= a.before && a.before <= a.high {
        return format!("within the interval of {} test images", grouped(a.n));
    }
    let points = 100.0 * (a.after - a.before).abs();
    format!("{points:.1} points {}", if a.after < a.before { "lost" } else { "gained" })
}

/// "4.1×"; from a hundred on, whole numbers say all that was measured.
pub(super) fn times(x: f64) -> String {
    if x < 99.5 { format!("{x:.1}×") } else { format!("{x:.0}×") }
}

pub(super) fn percent(x: f64) -> String {
    format!("{:.1}%", 100.0 * x)
}

/// A whole number with commas between thousands, as the page writes it.
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let (head, tail) = digits.split_at(first.min(digits.len()));
    tail.as_bytes().chunks(3).fold(head.to_string(), |text, chunk| text + "," + &String::from_utf8_lossy(chunk))
}

/// Why a layer runs as it does.
pub fn why(row: &LayerRow) -> String {
    let sparse = !dense(&row.kernel);
    let first = row.candidates.first().map_or(0.0, |c| c.us);
    if row.kernel == "int8" {
        return format!(
            "8-bit integers: {} of {} weights are left, {first:.0} µs",
            grouped(row.kept),
            grouped(row.total)
        );
    }
    let other = row.candidates.iter().find(|c| !dense(&c.kernel));
    match (sparse, row.candidates.iter().find(|c| dense(&c.kernel)), other) {
        (true, Some(dense), _) => {
            format!(
                "{} of {} weights are left: {first:.0} µs sparse against {:.0} µs dense",
                grouped(row.kept),
                grouped(row.total),
                dense.us
            )
        }
        (false, _, Some(other)) => {
            format!("stays dense: {first:.0} µs, and {:.0} µs by the best sparse kernel ({})", other.us, other.kernel)
        }
        _ if row.kept < row.total => "smaller and dense: its channels are gone for real".into(),
        _ => "nothing is cut here".into(),
    }
}

/// Why a layer runs as it does that has become two of a rank; the first of them takes so many µs.
pub fn two(rank: usize, row: &LayerRow, first: f64) -> String {
    let second = row.candidates.first().map_or(0.0, |c| c.us);
    format!(
        "two layers of rank {rank}, with {} of {} weights: {first:.0} µs and {second:.0} µs",
        grouped(row.kept),
        grouped(row.total)
    )
}

/// Why a layer runs as it does of which each image runs some channels.
pub fn chosen(kept: usize, row: &LayerRow) -> String {
    let (all, us) = (row.shape.first().copied().unwrap_or(0), row.candidates.first().map_or(0.0, |c| c.us));
    format!("each image runs {kept} of {all} channels: {us:.0} µs if all channels come in")
}

/// What single images took of a network of so many multiply-adds.
pub fn per_image(each: &PerImage, whole: u64) -> String {
    let PerImage { images, macs, ms } = each;
    format!(
        "Each image runs {} of the multiply-adds, as counted while {} test images ran: {:.2} ± {:.2} million, in {:.3} ± {:.3} ms.",
        percent(macs.mean / whole.max(1) as f64),
        grouped(*images),
        macs.mean / 1e6,
        macs.deviation / 1e6,
        ms.mean,
        ms.deviation
    )
}

/// What is said of a search whose target lies outside of what was measured.
#[inline(never)]
pub fn missed(target: f32, speed: &Speed) -> Option<String> {
    let (target, found) = (f64::from(target), format!("{:.1}× ({:.1}-{:.1})", speed.ratio, speed.low, speed.high));
    if speed.high < target {
        return Some(format!("The target of {target:.1}× was not met: {found} was reached. Choose a smaller one."));
    }
    (speed.low > target).then(|| format!("It is faster than the target of {target:.1}×: {found}."))
}

/// What a reader must know besides the figures.
#[inline(never)]
pub fn notes(layers: &[LayerRow], speed: &Speed, collapsed: &[String]) -> Vec<String> {
    let mut notes = Vec::new();
    if !collapsed.is_empty() {
        notes.push(format!(
            "Nothing is left of {}: the network is cut through there, and answers no longer depend on the image.",
            collapsed.join(", ")
        ));
    }
    if speed.high < 1.05 || (speed.low <= 1.0 && 1.0 <= speed.high) {
        let dense = layers.iter().filter(|l| dense(&l.kernel)).count();
        let chosen = layers.iter().any(|l| l.kernel.starts_with("boosted"));
        notes.push(match dense {
            _ if chosen => "It is not faster: the rows that an image chooses are packed anew for it, which takes as long as leaving the others out saves.".into(),
            0 => "It is not faster, although a sparse kernel is the fastest for every layer.".into(),
            _ => format!(
                "It is not faster: {dense} of {} layers run fastest dense, because too few of their weights are gone for a sparse kernel to win on this device.",
                layers.len()
            ),
        });
    } else if let Some(slow) = layers.iter().max_by(|a, b| a.pruned_us.total_cmp(&b.pruned_us)) {
        let total: f64 = layers.iter().map(|l| l.pruned_us).sum();
        if total > 0.0 {
            notes.push(format!(
                "{} takes {:.0}% of the time that is left in layers.",
                slow.name,
                100.0 * slow.pruned_us / total
            ));
        }
        notes.extend(remainder(total / 1e3, speed));
    }
    notes
}

/// What to say of a network that no longer knows anything.
#[inline(never)]
pub fn chance(accuracy: &Accuracy, card: &Card) -> Option<String> {
    let (classes, chance) = (card.classes.len(), 1.0 / card.classes.len().max(1) as f64);
    let of = if card.task == Task::NextToken { "characters" } else { "classes" };
    (accuracy.low <= chance && accuracy.before_low > chance).then(|| {
        format!(
            "{} is no better than chance among {classes} {of}: too much was cut, or too little was trained after it.",
            percent(accuracy.after)
        )
    })
}

/// Amdahl's law: what is not in layers with weights stays as it is, however much is cut.
fn remainder(layers_ms: f64, speed: &Speed) -> Option<String> {
    if speed.executor == "gpu" {
        // There, what is left is mostly launches and waiting, which are said elsewhere.
        return None;
    }
    let rest = speed.pruned_ms - layers_ms;
    let share = rest / speed.pruned_ms;
    (share > 0.05).then(|| {
        format!(
            "{:.0}% of the time that is left is outside of layers with weights (pools, sums, copies), which no cut makes faster: cutting everything else would end at {}.",
            100.0 * share,
            times(speed.dense_ms / rest)
        )
    })
}

/// What 8-bit integers did to the answers, or why there are none.
pub fn bytes(layers: &[LayerRow], accuracy: &Accuracy, asked: bool) -> Option<String> {
    let count = layers.iter().filter(|l| l.kernel == "int8").count();
    match accuracy.float {
        _ if !asked => None,
        Some(float) if count > 0 => Some(format!(
            "{count} of {} layers compute with 8-bit integers: accuracy {} in floats, {} in integers.",
            layers.len(),
            percent(float),
            percent(accuracy.after)
        )),
        _ => {
            Some("Only convolutions compute with 8-bit integers, and this network has none: it runs in floats.".into())
        }
    }
}

/// What to say where a run is faster when fewer threads share it than might.
pub fn fewer_are_faster(speed: &Speed, allowed: usize) -> Option<String> {
    let ran = match (speed.dense_threads, speed.threads) {
        _ if speed.executor == "gpu" || speed.dense_executor == "gpu" => return None,
        (dense, pruned) if dense >= allowed && pruned >= allowed => return None,
        (dense, pruned) if dense == pruned => format!("both networks are fastest on {dense}"),
        (dense, pruned) => format!("the dense network is fastest on {dense}, the cut one on {pruned}"),
    };
    Some(format!("Up to {allowed} threads might share a run: {ran} here, and are measured so."))
}

/// What to say when a run had fewer threads than it asked for.
pub fn fewer_threads(asked: usize, had: usize, environment: &Environment) -> Option<String> {
    let why = if environment.cores >= asked {
        "the others could not be started"
    } else if environment.target.starts_with("wasm") && !environment.isolated {
        "only a cross-origin isolated page may share memory between threads"
    } else if environment.target.starts_with("wasm") && !environment.relaxed_simd {
        "this browser lacks relaxed SIMD, which the engine with threads is built for"
    } else {
        "this device has no more cores"
    };
    (had < asked).then(|| format!("{asked} threads were asked for and {had} measured: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accuracy(before: f64, after: f64) -> Accuracy {
        Accuracy {
            before,
            after,
            low: after - 0.012,
            high: after + 0.012,
            float: None,
            n: 2000,
            before_low: 0.0,
            before_high: 1.0,
            top5_before: 1.0,
            top5_after: 1.0,
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        let texts = [0, 12, 999, 1000, 26_620, 247_566, 1_000_000].map(grouped);
        assert_eq!(texts, ["0", "12", "999", "1,000", "26,620", "247,566", "1,000,000"]);
    }

    #[test]
    fn says_how_many_threads_are_fastest() {
        let of = |dense_threads, threads| Speed { dense_threads, threads, ..Speed::default() };
        assert_eq!(fewer_are_faster(&of(2, 2), 2), None);
        assert!(fewer_are_faster(&of(2, 1), 2).is_some_and(|said| said.contains("fastest on 2, the cut one on 1")));
        assert!(
            fewer_are_faster(&of(1, 1), 4).is_some_and(|said| said.contains("both networks are fastest on 1 here"))
        );
    }

    #[test]
    fn says_that_a_target_was_missed() {
        let of = |ratio, low, high| Speed { ratio, low, high, ..Speed::default() };
        assert_eq!(missed(3.0, &of(2.9, 2.7, 3.1)), None);
        let slow = missed(3.0, &of(1.7, 1.6, 1.8)).unwrap_or_default();
        assert_eq!(slow, "The target of 3.0× was not met: 1.7× (1.6-1.8) was reached. Choose a smaller one.");
        assert!(missed(1.1, &of(1.4, 1.3, 1.5)).is_some_and(|fast| fast.starts_with("It is faster than the target")));
    }

    #[test]
    fn says_what_no_cut_makes_faster() {
        let speed = Speed { dense_ms: 2.0, pruned_ms: 0.5, ratio: 4.0, low: 3.9, high: 4.2, ..Speed::default() };
        let said = remainder(0.4, &speed).unwrap_or_default();
        assert!(said.starts_with("20% of the time") && said.ends_with("would end at 20.0×."), "{said}");
        assert_eq!(remainder(0.49, &speed), None);
    }

    #[test]
    fn says_where_nothing_is_known_any_more() {
        let of = |after: f64| chance(&Accuracy { before_low: 0.9, ..accuracy(0.92, after) }, &crate::data::ALL[0]);
        assert!(of(0.065).is_some_and(|note| note.starts_with("6.5% is no better than chance among 10 classes")));
        assert_eq!(of(0.13), None);
        assert_eq!(chance(&accuracy(0.1, 0.1), &crate::data::ALL[0]), None, "it knew nothing before either");
    }

    #[test]
    fn says_what_was_measured() {
        let size = Size { parameters: 10, nonzero: 1, bytes_dense: 400, bytes_stored: 100 };
        let fast = Speed { dense_ms: 1.0, pruned_ms: 0.25, ratio: 4.0, low: 3.9, high: 4.2, ..Speed::default() };
        assert_eq!(
            verdict(&accuracy(0.918, 0.912), &size, &fast, None),
            "4.0× smaller when stored, 4.0× faster here (3.9–4.2), accuracy 91.8% → 91.2%: within the interval of 2,000 test images."
        );
        let same = Speed { ratio: 1.01, low: 0.97, high: 1.04, ..fast };
        assert!(
            verdict(&accuracy(0.9, 0.5), &size, &same, None)
                .contains("no difference in speed here (1.0–1.0), accuracy 90.0% → 50.0%: 40.0 points lost")
        );
    }
}
