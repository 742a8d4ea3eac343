//! Leaves a silent portal alone for a while, so that people are told at once instead of after a
//! time-out each, and the portal can get up again.
//!
//! The breaker counts silence, not answers. A rejection is an answer, and so is nonsense: whoever
//! can send tickets can provoke both, and neither takes long. After [`PATIENCE`] silent calls in a
//! row nobody is let through for [`PAUSE`]; then one call is, and what comes of it decides. It owns
//! no call and no error: its user says how a call went.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Clock;

/// How many silent calls in a row are put up with.
pub(crate) const FAILURE_THRESHOLD: u32 = 5;
/// How long a silent portal is left alone.
pub(crate) const OPEN_DURATION: TimeDelta = TimeDelta::seconds(5);

/// How a call went, as far as the breaker is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Something answered, whatever it said.
    Answered,
    /// Nothing did.
    Silent,
}

/// The breaker of one portal, shared by all calls.
pub(crate) struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { silent: u32 },
    Open { until: DateTime<Utc> },
    Probing { probe: DateTime<Utc> },
}

impl Breaker {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::new(State::Closed { silent: 0 }),
        }
    }

    /// Lets a call through, or does not. The call is over when the permit is settled or dropped.
    pub(crate) fn permit(&self) -> Option<Permit<'_>> {
        let now = self.clock.now();
        let mut state = self.lock();
        let probe = match *state {
            State::Closed { .. } => None,
            State::Open { until } if rested(until, now) => {
                *state = State::Probing { probe: now };
                Some(now)
            }
            State::Open { .. } | State::Probing { .. } => return None,
        };
        Some(Permit {
            breaker: self,
            probe,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back must not turn the pause into hours.
fn rested(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now >= until || until - now > OPEN_DURATION
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breaker").field(&*self.lock()).finish()
    }
}

/// Leave to make one call. Dropped unsettled (the browser went away), it says nothing about the
/// portal; if it was the probe, the next call becomes one.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: Option<DateTime<Utc>>,
}

impl Permit<'_> {
    /// Reports how the call went.
    pub(crate) fn settle(self, outcome: Outcome) {
        let now = self.breaker.clock.now();
        let mut state = self.breaker.lock();
        let before = *state;
        *state = match (before, outcome) {
            // Even a late answer, to a call from before the pause, is one.
            (_, Outcome::Answered) => State::Closed { silent: 0 },
            (State::Closed { silent }, Outcome::Silent) if silent + 1 < FAILURE_THRESHOLD => {
                State::Closed { silent: silent + 1 }
            }
            (State::Closed { .. }, Outcome::Silent) => State::Open {
                until: now + OPEN_DURATION,
            },
            (State::Probing { probe }, Outcome::Silent) if self.probe == Some(probe) => {
                State::Open {
                    until: now + OPEN_DURATION,
                }
            }
            // A late time-out says nothing that the pause, or the probe, does not know already.
            (State::Open { .. } | State::Probing { .. }, Outcome::Silent) => before,
        };
        let after = *state;
        drop(state);
        tell(before, after);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.breaker.lock();
        if let (State::Probing { probe }, Some(own)) = (*state, self.probe)
            && probe == own
        {
            *state = State::Open {
                until: self.breaker.clock.now(),
            };
        }
    }
}

fn tell(before: State, after: State) {
    match (before, after) {
        (State::Closed { .. }, State::Open { .. }) => tracing::warn!(
            "The portal did not answer {FAILURE_THRESHOLD} calls in a row and is left alone for a while"
        ),
        (State::Open { .. } | State::Probing { .. }, State::Closed { .. }) => {
            tracing::info!("The portal answers again");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::ManualClock;

    use super::*;

    fn breaker() -> (Arc<ManualClock>, Breaker) {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        (clock.clone(), Breaker::new(clock))
    }

    fn call(breaker: &Breaker, outcome: Outcome) {
        breaker.permit().expect("let through").settle(outcome);
    }

    fn tripped() -> (Arc<ManualClock>, Breaker) {
        let (clock, breaker) = breaker();
        for _ in 0..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        (clock, breaker)
    }

    #[test]
    fn five_silent_calls_in_a_row_open_it() {
        let (_, breaker) = breaker();
        for _ in 1..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
            assert!(breaker.permit().is_some());
        }
        call(&breaker, Outcome::Silent);
        assert!(breaker.permit().is_none());
    }

    #[test]
    fn an_answer_in_between_starts_the_count_again() {
        let (_, breaker) = breaker();
        for _ in 0..10 {
            for _ in 1..FAILURE_THRESHOLD {
                call(&breaker, Outcome::Silent);
            }
            call(&breaker, Outcome::Answered);
        }
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn after_the_pause_one_probe_is_let_through() {
        let (clock, breaker) = tripped();
        clock.advance(OPEN_DURATION - TimeDelta::milliseconds(1));
        assert!(breaker.permit().is_none());
        clock.advance(TimeDelta::milliseconds(1));
        let probe = breaker.permit();
        assert!(probe.is_some());
        clock.advance(OPEN_DURATION * 3);
        assert!(breaker.permit().is_none(), "one probe at a time");
    }

    #[test]
    fn a_probe_that_is_answered_closes_it() {
        let (clock, breaker) = tripped();
        clock.advance(OPEN_DURATION);
        call(&breaker, Outcome::Answered);
        for _ in 1..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        assert!(breaker.permit().is_some(), "the count began anew");
    }

    #[test]
    fn a_probe_that_is_not_answered_means_another_pause() {
        let (clock, breaker) = tripped();
        clock.advance(OPEN_DURATION);
        call(&breaker, Outcome::Silent);
        assert!(breaker.permit().is_none());
        clock.advance(OPEN_DURATION);
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_dropped_probe_makes_the_next_call_the_probe() {
        let (clock, breaker) = tripped();
        clock.advance(OPEN_DURATION);
        drop(breaker.permit().expect("the probe"));
        let next = breaker.permit().expect("the next probe");
        assert!(breaker.permit().is_none());
        next.settle(Outcome::Answered);
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_dropped_call_counts_for_nothing() {
        let (_, breaker) = breaker();
        for _ in 0..FAILURE_THRESHOLD * 2 {
            drop(breaker.permit().expect("let through"));
        }
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_late_time_out_does_not_lengthen_the_pause() {
        let (clock, breaker) = breaker();
        let late: Vec<_> = (0..9).filter_map(|_| breaker.permit()).collect();
        for _ in 0..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        clock.advance(OPEN_DURATION);
        for permit in late {
            permit.settle(Outcome::Silent);
        }
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_late_answer_ends_the_pause() {
        let (_, breaker) = breaker();
        let late = breaker.permit().expect("let through");
        for _ in 0..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        late.settle(Outcome::Answered);
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_clock_set_back_does_not_lengthen_the_pause() {
        let (clock, breaker) = tripped();
        clock.advance(TimeDelta::hours(-8));
        assert!(breaker.permit().is_some());
    }
}
