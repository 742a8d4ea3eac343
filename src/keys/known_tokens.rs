//! Remembers which tokens have a good signature.
//!
//! An access token mostly comes back within a second of its issue, to `/userinfo`. If it is, byte for byte,
//! one that this process signed or has verified before, its signature needs no second look: with ES256 that
//! costs three times as much as the signature did (ADR 18).

use std::collections::HashSet;
use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::crypto::handle::Digest;

/// How many tokens a generation holds: some hundred kilobytes, and several seconds of the fastest signing.
const GENERATION: usize = 8192;

/// The digests of the last 8192 to 16,384 tokens that were signed or verified.
#[derive(Default)]
pub(super) struct KnownTokens(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    current: HashSet<Digest>,
    previous: HashSet<Digest>,
}

impl KnownTokens {
    /// Remembers the token with this digest, and forgets the oldest when there are too many.
    pub(super) fn insert(&self, digest: Digest) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.current.len() == GENERATION {
            generations.previous = mem::take(&mut generations.current);
        }
        generations.current.insert(digest);
    }

    /// Whether exactly the token with this digest was remembered, and is not forgotten.
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        let generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.current.contains(digest) || generations.previous.contains(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tokens_are_remembered_and_the_memory_is_bounded() {
        let known = KnownTokens::default();
        let digest = |number: usize| Digest::of(number.to_string().as_bytes());
        for number in 0..3 * GENERATION {
            known.insert(digest(number));
        }
        assert!(!known.contains(&digest(0)), "it is forgotten");
        let last = 2 * GENERATION..3 * GENERATION;
        assert!(
            last.into_iter()
                .all(|number| known.contains(&digest(number)))
        );
        let generations = known.0.lock().unwrap();
        assert!(generations.current.len() + generations.previous.len() <= 2 * GENERATION);
    }
}
