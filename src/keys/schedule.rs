//! When a signing key is published, signs, is retired and may be removed.
//!
//! Every replica decides this from the rows in the store alone. A key's row says from which instant it
//! signs, and that instant is in the future when the row is written, so replicas that read the row within
//! [`READ_WITHIN`] all switch at the same time. `docs/adr/0021-rotation-is-decided-from-rows.md` has the reasons.

use chrono::{DateTime, TimeDelta, Utc};

use super::sealed::SealedKey;
use super::signing_alg::SigningAlg;

/// The longest lifetime of anything that is signed: an access token (`access_token_lifetime`) lives no longer.
/// ID tokens and logout tokens live for minutes.
pub const LONGEST_TOKEN_LIFETIME: TimeDelta = TimeDelta::days(1);

/// Every replica has read a new row after this time.
pub const READ_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// How long a key stays in the JWKS after its successor has begun to sign. A replica that reads late, and a
/// verifier whose clock is behind, have ten minutes more than the longest lifetime.
const PUBLISHED_FOR: TimeDelta = LONGEST_TOKEN_LIFETIME
    .checked_add(&TimeDelta::minutes(10))
    .expect("a day and ten minutes");

/// How long a key verifies an `id_token_hint` after its successor has begun to sign: apps send the ID token of a
/// login back at its logout (RP-Initiated Logout 1.0 §2), and a session lasts up to 30 days and can be ended for
/// seven more.
const VERIFIES_FOR: TimeDelta = TimeDelta::days(38);

/// How keys are rotated: `keys.publish_ahead` and `keys.rotate_every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationPolicy {
    /// How long the next key is in the JWKS before it signs.
    pub publish_ahead: TimeDelta,
    /// How long a key signs; `None` when keys are rotated only by command.
    pub rotate_every: Option<TimeDelta>,
}

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It is in the JWKS, and will sign.
    Next,
    /// It signs.
    Current,
    /// It is in the JWKS, because tokens that it signed may still be valid.
    Previous,
    /// It is no longer in the JWKS. It only verifies ID tokens that apps send back as hints.
    Retired,
    /// It verifies nothing any more.
    Expired,
    /// The operator revoked it: it verifies nothing.
    Revoked,
}

impl Phase {
    /// The word for it in `panda-oidc keys list`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Whether a key in this phase is in the JWKS.
    #[must_use]
    pub fn is_published(self) -> bool {
        matches!(self, Self::Next | Self::Current | Self::Previous)
    }

    /// Whether a key in this phase verifies tokens.
    #[must_use]
    pub fn verifies(self) -> bool {
        self.is_published() || self == Self::Retired
    }
}

/// A key and what it is used for.
#[derive(Debug, Clone, Copy)]
pub struct ScheduledKey<'a> {
    /// The key.
    pub key: &'a SealedKey,
    /// What it is used for.
    pub phase: Phase,
    /// Until when it is in the JWKS, if its successor has begun to sign.
    pub published_until: Option<DateTime<Utc>>,
}

/// The keys of `alg` among `keys`, in the order in which they sign; revoked ones last.
#[must_use]
pub fn schedule(keys: &[SealedKey], alg: SigningAlg, now: DateTime<Utc>) -> Vec<ScheduledKey<'_>> {
    let of_alg = keys.iter().filter(|key| key.alg == alg.as_str());
    let (mut live, revoked): (Vec<_>, Vec<_>) = of_alg.partition(|key| key.revoked_at.is_none());
    live.sort_by_key(|key| (key.signs_from, key.created_at, &key.kid));
    // Before all of them, as when the clock is behind, the first one signs.
    let current = live
        .iter()
        .rposition(|key| key.signs_from <= now)
        .unwrap_or(0);
    let phase_of = |index: usize| match live.get(index + 1) {
        _ if index > current => (Phase::Next, None),
        Some(successor) if index < current => {
            let since = successor.signs_from;
            let phase = match now {
                now if now < since + PUBLISHED_FOR => Phase::Previous,
                now if now < since + VERIFIES_FOR => Phase::Retired,
                _ => Phase::Expired,
            };
            (phase, Some(since + PUBLISHED_FOR))
        }
        _ => (Phase::Current, None),
    };
    let live = live.iter().enumerate().map(|(index, key)| {
        let (phase, published_until) = phase_of(index);
        ScheduledKey {
            key,
            phase,
            published_until,
        }
    });
    let revoked = revoked.into_iter().map(|key| ScheduledKey {
        key,
        phase: Phase::Revoked,
        published_until: key.revoked_at,
    });
    live.chain(revoked).collect()
}

/// The keys that may be removed from the store.
#[must_use]
pub fn removable(keys: &[SealedKey], now: DateTime<Utc>) -> Vec<String> {
    let scheduled = SigningAlg::ALL
        .into_iter()
        .flat_map(|alg| schedule(keys, alg, now));
    let removable = scheduled.filter(|one| match one.phase {
        Phase::Expired => true,
        // The listing shows it for a while.
        Phase::Revoked => one
            .key
            .revoked_at
            .is_some_and(|at| at + VERIFIES_FOR <= now),
        _ => false,
    });
    removable.map(|one| one.key.kid.clone()).collect()
}

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextKey {
    /// Its algorithm.
    pub alg: SigningAlg,
    /// The key that it follows. If the store has a later one meanwhile, the key is not needed.
    pub after: String,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
}

impl RotationPolicy {
    /// The keys to make now, because the present ones will have signed for `rotate_every`.
    #[must_use]
    pub fn due(&self, keys: &[SealedKey], now: DateTime<Utc>) -> Vec<NextKey> {
        let Some(rotate_every) = self.rotate_every else {
            return Vec::new();
        };
        let is_due = |alg: &SigningAlg| {
            let scheduled = schedule(keys, *alg, now);
            let current = scheduled.iter().find(|one| one.phase == Phase::Current);
            current.is_some_and(|one| {
                one.key.signs_from + rotate_every <= now + self.publish_ahead + READ_WITHIN
            })
        };
        let due = SigningAlg::ALL.into_iter().filter(is_due);
        due.filter_map(|alg| self.next(keys, alg, now)).collect()
    }

    /// The next key of `alg`, if it were made now; `None` if there is one, or no key to follow.
    #[must_use]
    pub fn next(&self, keys: &[SealedKey], alg: SigningAlg, now: DateTime<Utc>) -> Option<NextKey> {
        let scheduled = schedule(keys, alg, now);
        let mut live = scheduled.iter().filter(|one| one.phase != Phase::Revoked);
        let last = live.next_back()?;
        // A clock that was ahead has made a key that will not sign soon.
        let is_waited_for = |one: &ScheduledKey<'_>| {
            one.phase == Phase::Next && one.key.created_at <= now + READ_WITHIN
        };
        if scheduled.iter().any(is_waited_for) {
            return None;
        }
        Some(NextKey {
            alg,
            after: last.key.kid.clone(),
            signs_from: now + self.publish_ahead + READ_WITHIN,
        })
    }
}

#[cfg(test)]
mod tests;
