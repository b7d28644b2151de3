//! Threads that share one piece of work after another.
//!
//! Work comes in pieces of microseconds, one layer after the other, so members wait for the next piece awake for a while
//! before they sleep, and whoever hands out a piece does a share of it. Natively members are started when they are first
//! wanted; in a browser they are workers that call [`join`].

use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Threads of a piece at most.
pub const MOST: usize = 64;
/// How often a member looks for the next piece before it sleeps: some tens of microseconds.
const LOOKS: usize = 30_000;

type Share<'a> = dyn Fn(usize) + Sync + 'a;

/// What the leader and the members see.
struct Board {
    /// Pieces handed out so far, times [`MOST`] + 1, plus the threads of the present one: read at once, so that a late
    /// member never takes a share of a piece that has as many threads as an older one.
    turn: AtomicUsize,
    /// The present piece; only read by members that the leader waits for.
    piece: UnsafeCell<Option<&'static Share<'static>>>,
    /// Members that are not done with the present piece.
    busy: AtomicUsize,
    /// Whether a share panicked.
    failed: AtomicBool,
    members: AtomicUsize,
    asleep: AtomicUsize,
    bed: Mutex<()>,
    alarm: Condvar,
}

// SAFETY: `piece` is written by the one leader while no member is busy, and read by members between a turn and their
// leaving `busy`; both are ordered by those atomics.
unsafe impl Sync for Board {}

static BOARD: Board = Board {
    turn: AtomicUsize::new(0),
    piece: UnsafeCell::new(None),
    busy: AtomicUsize::new(0),
    failed: AtomicBool::new(false),
    members: AtomicUsize::new(0),
    asleep: AtomicUsize::new(0),
    bed: Mutex::new(()),
    alarm: Condvar::new(),
};

/// Held by whoever hands out pieces.
static LEADER: Mutex<()> = Mutex::new(());

/// Threads there are: the members and the one that asks.
pub fn size() -> usize {
    1 + BOARD.members.load(Ordering::Acquire)
}

/// Threads that this machine can run at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get()).min(MOST)
}

/// Makes sure of a number of threads where threads can be started; gives how many there are now.
pub fn hire(threads: usize) -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    while size() < threads.min(MOST) {
        let before = size();
        if std::thread::Builder::new().name("team".into()).spawn(join).is_err() {
            break;
        }
        while size() == before {
            std::thread::yield_now();
        }
    }
    size().min(threads.max(1))
}

/// Becomes a member, for good.
pub fn join() {
    let me = BOARD.members.fetch_add(1, Ordering::AcqRel) + 1;
    let mut seen = BOARD.turn.load(Ordering::SeqCst);
    loop {
        let turn = next(seen);
        seen = turn;
        if me < turn % (MOST + 1) {
            // SAFETY: the leader waits until this member has left `busy` before the piece goes away.
            let piece = unsafe { *BOARD.piece.get() };
            if let Some(piece) = piece
                && catch_unwind(AssertUnwindSafe(|| piece(me))).is_err()
            {
                BOARD.failed.store(true, Ordering::Relaxed);
            }
            BOARD.busy.fetch_sub(1, Ordering::Release);
        }
    }
}

/// Waits for a turn that was not seen yet.
fn next(seen: usize) -> usize {
    for _ in 0..LOOKS {
        let turn = BOARD.turn.load(Ordering::SeqCst);
        if turn != seen {
            return turn;
        }
        std::hint::spin_loop();
    }
    let mut bed = BOARD.bed.lock().unwrap_or_else(PoisonError::into_inner);
    BOARD.asleep.fetch_add(1, Ordering::SeqCst);
    loop {
        let turn = BOARD.turn.load(Ordering::SeqCst);
        if turn != seen {
            BOARD.asleep.fetch_sub(1, Ordering::SeqCst);
            return turn;
        }
        bed = BOARD.alarm.wait(bed).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Waits for the members even when the leader's own share panics: theirs borrow from its stack.
struct Wait;

impl Drop for Wait {
    fn drop(&mut self) {
        while BOARD.busy.load(Ordering::Acquire) > 0 {
            std::hint::spin_loop();
        }
    }
}

thread_local! {
    /// Whether this thread is at a share of a piece.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Calls `work` once for each item, side by side where there are members: item i goes to thread i modulo their number. Within
/// another piece of work there is nobody left to share with, and the items are done one after the other.
///
/// # Panics
/// When `work` does.
pub fn each<T: Send>(items: &mut [T], work: impl Fn(&mut T) + Sync) {
    let threads = size().min(items.len()).min(MOST);
    if threads <= 1 || BUSY.get() {
        return items.iter_mut().for_each(work);
    }
    let (first, n) = (Shared(items.as_mut_ptr()), items.len());
    let share = move |thread: usize| {
        let first = &first;
        let _done = Busy::new();
        for i in (thread..n).step_by(threads) {
            // SAFETY: i is below the number of items, and no other thread has this i.
            work(unsafe { &mut *first.0.add(i) });
        }
    };
    lead(&share, threads);
}

/// While it lives, this thread is at a share.
struct Busy;

impl Busy {
    fn new() -> Self {
        BUSY.set(true);
        Self
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.set(false);
    }
}

/// A pointer to items of which each thread takes its own.
struct Shared<T>(*mut T);

// SAFETY: threads use different items, and an item may go to another thread.
unsafe impl<T: Send> Sync for Shared<T> {}

/// Hands out a piece, does the first share of it and waits for the others.
fn lead(share: &Share, threads: usize) {
    let _leader = LEADER.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: nobody is busy, for the last leader waited; and the piece outlives its use, for this one waits too.
    unsafe { *BOARD.piece.get() = Some(std::mem::transmute::<&Share, &'static Share<'static>>(share)) };
    BOARD.busy.store(threads - 1, Ordering::Relaxed);
    let count = BOARD.turn.load(Ordering::Relaxed) / (MOST + 1);
    BOARD.turn.store(count.wrapping_add(1) % (usize::MAX / (MOST + 1)) * (MOST + 1) + threads, Ordering::SeqCst);
    if BOARD.asleep.load(Ordering::SeqCst) > 0 {
        drop(BOARD.bed.lock().unwrap_or_else(PoisonError::into_inner));
        BOARD.alarm.notify_all();
    }
    let wait = Wait;
    share(0);
    drop(wait);
    assert!(!BOARD.failed.swap(false, Ordering::Relaxed), "a share of the work panicked on another thread");
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once() {
        assert_eq!(hire(3), 3);
        for n in [0, 1, 2, 3, 7, 100] {
            let mut items = vec![0; n];
            for _ in 0..200 {
                each(&mut items, |item| *item += 1);
            }
            assert!(items.iter().all(|&item| item == 200), "{n} items");
        }
    }

    #[test]
    fn work_within_work_is_done_in_its_place() {
        hire(3);
        let mut items = vec![vec![0; 5]; 4];
        for _ in 0..200 {
            each(&mut items, |inner| each(inner, |item| *item += 1));
        }
        assert_eq!(items, vec![vec![200; 5]; 4]);
    }

    #[test]
    fn a_panic_on_another_thread_comes_out() {
        hire(2);
        let caught = catch_unwind(|| each(&mut [0, 1], |&mut i| assert!(i == 0, "share {i}")));
        assert!(caught.is_err());
        let mut items = [1; 4];
        each(&mut items, |item| *item *= 2);
        assert_eq!(items, [2; 4]);
    }
}
