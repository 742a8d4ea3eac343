//! A circuit breaker for the portal. While it is open, a login fails at once instead of after a
//! timeout, and the portal gets time to recover.
//!
//! The breaker counts unanswered calls only. A rejection and an unintelligible answer both count as
//! answers: anyone who can send tickets can provoke them, and neither takes long. After
//! [`FAILURE_THRESHOLD`] unanswered calls in a row the breaker lets no call through for
//! [`OPEN_DURATION`]. Then it lets one probe through, whose outcome closes or reopens it. The
//! breaker makes no calls and owns no errors: its caller reports how each call went.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Clock;

/// How many unanswered calls in a row open the breaker.
pub(crate) const FAILURE_THRESHOLD: u32 = 5;
/// How long the breaker stays open before it allows a probe.
pub(crate) const OPEN_DURATION: TimeDelta = TimeDelta::seconds(5);

/// How a call went, as far as the breaker is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The portal answered, whatever the answer was.
    Answered,
    /// The portal did not answer.
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

    /// A permit for one call, or `None` while the breaker is open. The call is over when the permit
    /// reports its outcome or is dropped.
    pub(crate) fn permit(&self) -> Option<Permit<'_>> {
        let now = self.clock.now();
        let mut state = self.lock();
        let probe = match *state {
            State::Closed { .. } => None,
            State::Open { until } if open_duration_is_over(until, now) => {
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

/// Whether the breaker has been open long enough. A clock that was set back must not keep it open
/// for hours.
fn open_duration_is_over(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now >= until || until - now > OPEN_DURATION
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breaker").field(&*self.lock()).finish()
    }
}

/// Permission to make one call.
///
/// A permit that is dropped without a report (the browser went away) says nothing about the
/// portal. If it was the probe, the next call becomes the probe.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    /// When the probe started, if this call is the probe.
    probe: Option<DateTime<Utc>>,
}

impl Permit<'_> {
    /// Reports how the call went.
    pub(crate) fn report(self, outcome: Outcome) {
        let now = self.breaker.clock.now();
        let mut state = self.breaker.lock();
        let before = *state;
        *state = match (before, outcome) {
            // A late answer to a call from before the pause counts as well.
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
            // A late timeout adds nothing: the breaker is open already, or the probe will decide.
            (State::Open { .. } | State::Probing { .. }, Outcome::Silent) => before,
        };
        let after = *state;
        drop(state);
        log_transition(before, after);
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

fn log_transition(before: State, after: State) {
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
        breaker.permit().expect("let through").report(outcome);
    }

    fn tripped() -> (Arc<ManualClock>, Breaker) {
        let (clock, breaker) = breaker();
        for _ in 0..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        (clock, breaker)
    }

    #[test]
    fn five_unanswered_calls_in_a_row_open_the_breaker() {
        let (_, breaker) = breaker();
        for _ in 1..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
            assert!(breaker.permit().is_some());
        }
        call(&breaker, Outcome::Silent);
        assert!(breaker.permit().is_none());
    }

    #[test]
    fn an_answer_in_between_resets_the_count() {
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
    fn after_the_open_duration_one_probe_is_let_through() {
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
    fn an_answered_probe_closes_the_breaker() {
        let (clock, breaker) = tripped();
        clock.advance(OPEN_DURATION);
        call(&breaker, Outcome::Answered);
        for _ in 1..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        assert!(breaker.permit().is_some(), "the count began anew");
    }

    #[test]
    fn an_unanswered_probe_opens_the_breaker_again() {
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
        next.report(Outcome::Answered);
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_dropped_permit_is_not_counted() {
        let (_, breaker) = breaker();
        for _ in 0..FAILURE_THRESHOLD * 2 {
            drop(breaker.permit().expect("let through"));
        }
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_late_timeout_does_not_extend_the_open_duration() {
        let (clock, breaker) = breaker();
        let late: Vec<_> = (0..9).filter_map(|_| breaker.permit()).collect();
        for _ in 0..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        clock.advance(OPEN_DURATION);
        for permit in late {
            permit.report(Outcome::Silent);
        }
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_late_answer_closes_the_breaker() {
        let (_, breaker) = breaker();
        let late = breaker.permit().expect("let through");
        for _ in 0..FAILURE_THRESHOLD {
            call(&breaker, Outcome::Silent);
        }
        late.report(Outcome::Answered);
        assert!(breaker.permit().is_some());
    }

    #[test]
    fn a_clock_set_back_does_not_extend_the_open_duration() {
        let (clock, breaker) = tripped();
        clock.advance(TimeDelta::hours(-8));
        assert!(breaker.permit().is_some());
    }
}
