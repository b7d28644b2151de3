//! The survey of this device: what it measures makes sense, and it can be left at any moment.

use pollster::block_on;
use secateur::base::{Result, error::ErrorKind};
use secateur::prune::Settings;
use secateur::session::{Session, event::Event};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test(unsupported = test)]
fn points_are_measured_one_by_one_and_nothing_need_be_open() -> Result<()> {
    let mut session = Session::new();
    session.start("survey", &Settings::new())?;
    let refused = session.start("survey", &Settings::new()).map_err(|e| e.kind);
    assert_eq!(refused, Err(ErrorKind::State), "one at a time");
    let mut events = Vec::new();
    for _ in 0..3 {
        events.extend(block_on(session.advance(0.0))?);
    }
    assert!(
        matches!(&events[0], Event::Timeline { phases } if phases.len() >= 5 && phases.iter().all(|p| p.steps > 0))
    );
    let rows: Vec<_> =
        events.iter().filter_map(|e| if let Event::Measured { row } = e { Some(row) } else { None }).collect();
    assert_eq!(rows.len(), 3, "a slice is a point");
    for row in &rows {
        assert!(row.us > 0.0 && row.dense_us > 0.0 && row.low <= row.ratio && row.ratio <= row.high, "{row:?}");
        assert!(!row.kernel.starts_with("dense") && row.weights == 64 * 64 * 9, "{row:?}");
    }
    assert!(rows.windows(2).all(|w| w[0].sparsity < w[1].sparsity), "{rows:?}");
    session.cancel();
    assert_eq!(
        block_on(session.advance(1.0)).map(|_| ()).map_err(|e| e.kind),
        Err(ErrorKind::State),
        "nothing is going on"
    );
    Ok(())
}
