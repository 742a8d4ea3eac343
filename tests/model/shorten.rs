//! Plays a sequence, and finds the shortest that still fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use proptest::test_runner::Config;
use proptest_state_machine::StateMachineTest as _;

use crate::product::Product;
use crate::step::Move;
use crate::world::World;

/// Plays the moves in a new world. Panics with the story when the product contradicts the reference. `seen`
/// counts the moves that were played.
pub fn play(moves: Vec<Move>, seen: Option<Arc<AtomicUsize>>) {
    Product::test_sequential(Config::default(), World::new(), moves, seen);
}

/// The failing `moves` without those that can be left out, and their story. Proptest tries each deletion
/// once; what it could not delete at first often can be deleted at the end.
pub fn shortest(mut why: String, mut moves: Vec<Move>) -> String {
    let mut index = moves.len();
    while index > 0 {
        index -= 1;
        let mut shorter = moves.clone();
        shorter.remove(index);
        let Some(still) = failure(shorter.clone()) else {
            continue;
        };
        why = still;
        moves = shorter;
        index = moves.len();
    }
    format!("{why}\n{moves:#?}")
}

/// Why the moves fail; `None` if they do not.
fn failure(moves: Vec<Move>) -> Option<String> {
    let played = catch_unwind(AssertUnwindSafe(|| play(moves, None)));
    let panic = played.err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.unwrap_or_else(|| "it panicked without a text".to_owned()))
}
