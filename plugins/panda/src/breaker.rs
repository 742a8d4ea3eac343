//! A circuit breaker for the portal. While it is open, a login fails at once instead of after a
//! timeout, and the portal gets time to recover.
//!
//! A stranger can send any ticket, also one at which the portal falls silent. So no ticket of anybody
//! opens or closes the breaker by its silence: [`FAILURE_THRESHOLD`] unanswered calls, with no answer
//! to any call since they began, only make it ask for a [`Probe`], a call of our own. The breaker opens
//! if the probe is not answered either. While it is open, no login is let through; every
//! [`OPEN_DURATION`], one more probe decides whether it stays so. Every answer closes it, whatever the
//! answer is. The breaker makes no calls and owns no errors: its caller makes them and reports how
//! they went.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use panda_oidc_sdk::Clock;

/// How many unanswered calls make a probe necessary.
pub(crate) const FAILURE_THRESHOLD: u32 = 5;
/// How long the breaker stays open before the next probe.
pub(crate) const OPEN_DURATION: Duration = Duration::from_secs(5);

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

#[derive(Debug, Default)]
struct State {
    /// How many calls were answered so far. The silence of a call counts only if this has not changed
    /// since the call began.
    answers: u64,
    /// How many calls were not answered since the last answer.
    silent: u32,
    /// Since when the breaker is open, by [`Clock::elapsed`].
    open_since: Option<Duration>,
    /// Whether a probe is under way.
    probing: bool,
}

/// What a login may do.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Make its call.
    Call(Permit),
    /// Have the probe made first, and ask again after it.
    Probe(Probe),
    /// Nothing: the portal is left alone.
    Refused,
}

impl Breaker {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            state: Mutex::default(),
        })
    }

    /// What a login may do now.
    pub(crate) fn admit(self: &Arc<Self>) -> Admission {
        let mut state = self.lock();
        let Some(since) = state.open_since else {
            return Admission::Call(Permit {
                breaker: Arc::clone(self),
                answers: state.answers,
            });
        };
        let is_due = self.clock.elapsed().saturating_sub(since) >= OPEN_DURATION;
        if is_due && !state.probing {
            Admission::Probe(self.probe(&mut state))
        } else {
            Admission::Refused
        }
    }

    /// Notes that the portal answered a call.
    pub(crate) fn answered(&self) {
        let mut state = self.lock();
        state.answers += 1;
        state.silent = 0;
        let was_open = state.open_since.take().is_some();
        drop(state);
        if was_open {
            tracing::info!("The portal answers again");
        }
    }

    fn probe(self: &Arc<Self>, state: &mut State) -> Probe {
        state.probing = true;
        Probe {
            breaker: Arc::clone(self),
            answers: state.answers,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breaker").field(&*self.lock()).finish()
    }
}

/// Permission to make one call with a ticket. Dropped without a report (the browser went away), it
/// says nothing about the portal.
#[derive(Debug)]
pub(crate) struct Permit {
    breaker: Arc<Breaker>,
    answers: u64,
}

impl Permit {
    /// Reports how the call went. Returns the probe that the caller must make, if one is necessary.
    pub(crate) fn report(self, outcome: Outcome) -> Option<Probe> {
        if outcome == Outcome::Answered {
            self.breaker.answered();
            return None;
        }
        let mut state = self.breaker.lock();
        if state.answers != self.answers {
            return None;
        }
        state.silent = state.silent.saturating_add(1);
        let suspect = state.silent >= FAILURE_THRESHOLD && state.open_since.is_none();
        (suspect && !state.probing).then(|| self.breaker.probe(&mut state))
    }
}

/// The duty to make a call of our own, which decides whether the portal is down. There is one at a
/// time.
#[derive(Debug)]
pub(crate) struct Probe {
    breaker: Arc<Breaker>,
    answers: u64,
}

impl Probe {
    /// Reports how the probe went.
    pub(crate) fn report(self, outcome: Outcome) {
        if outcome == Outcome::Answered {
            self.breaker.answered();
            return;
        }
        let mut state = self.breaker.lock();
        if state.answers != self.answers {
            return;
        }
        let now = self.breaker.clock.elapsed();
        let was_open = state.open_since.replace(now).is_some();
        drop(state);
        if !was_open {
            tracing::warn!(
                "The portal answered neither {FAILURE_THRESHOLD} logins nor a call of our own and is \
                 left alone for a while"
            );
        }
    }
}

/// A probe that is over, or was given up, makes room for the next.
impl Drop for Probe {
    fn drop(&mut self) {
        self.breaker.lock().probing = false;
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use panda_oidc_sdk::ManualClock;

    use super::*;

    fn breaker() -> (Arc<ManualClock>, Arc<Breaker>) {
        let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
        (clock.clone(), Breaker::new(clock))
    }

    fn wait(clock: &ManualClock) {
        clock.advance(TimeDelta::from_std(OPEN_DURATION).unwrap());
    }

    fn permit(breaker: &Arc<Breaker>) -> Option<Permit> {
        match breaker.admit() {
            Admission::Call(permit) => Some(permit),
            Admission::Probe(_) | Admission::Refused => None,
        }
    }

    fn silence(breaker: &Arc<Breaker>) -> Option<Probe> {
        permit(breaker)
            .expect("let through")
            .report(Outcome::Silent)
    }

    fn due_probe(breaker: &Arc<Breaker>) -> Option<Probe> {
        match breaker.admit() {
            Admission::Probe(probe) => Some(probe),
            Admission::Call(_) | Admission::Refused => None,
        }
    }

    /// A breaker after five silent calls, with the probe that they made necessary.
    fn suspicious() -> (Arc<ManualClock>, Arc<Breaker>, Probe) {
        let (clock, breaker) = breaker();
        for _ in 1..FAILURE_THRESHOLD {
            assert!(silence(&breaker).is_none());
        }
        let probe = silence(&breaker).expect("a probe");
        (clock, breaker, probe)
    }

    fn open() -> (Arc<ManualClock>, Arc<Breaker>) {
        let (clock, breaker, probe) = suspicious();
        probe.report(Outcome::Silent);
        (clock, breaker)
    }

    #[test]
    fn silent_tickets_alone_do_not_open_the_breaker() {
        let (_, breaker, probe) = suspicious();
        for _ in 0..100 {
            assert!(silence(&breaker).is_none(), "one probe at a time");
        }
        probe.report(Outcome::Answered);
        assert!(permit(&breaker).is_some());
    }

    #[test]
    fn an_unanswered_probe_opens_the_breaker() {
        let (_, breaker) = open();
        assert!(matches!(breaker.admit(), Admission::Refused));
    }

    #[test]
    fn a_silence_does_not_count_if_a_call_was_answered_meanwhile() {
        let (_, breaker) = breaker();
        for _ in 0..10 {
            let silent: Vec<_> = (0..20).map(|_| permit(&breaker).unwrap()).collect();
            permit(&breaker).unwrap().report(Outcome::Answered);
            for permit in silent {
                assert!(permit.report(Outcome::Silent).is_none());
            }
        }
    }

    #[test]
    fn an_answer_in_between_resets_the_count() {
        let (_, breaker) = breaker();
        for _ in 0..10 {
            for _ in 1..FAILURE_THRESHOLD {
                assert!(silence(&breaker).is_none());
            }
            permit(&breaker).unwrap().report(Outcome::Answered);
        }
    }

    #[test]
    fn an_answer_during_the_probe_outweighs_its_silence() {
        let (_, breaker, probe) = suspicious();
        permit(&breaker).unwrap().report(Outcome::Answered);
        probe.report(Outcome::Silent);
        assert!(permit(&breaker).is_some());
    }

    #[test]
    fn after_the_open_duration_one_probe_is_due() {
        let (clock, breaker) = open();
        clock.advance(TimeDelta::milliseconds(4999));
        assert!(due_probe(&breaker).is_none());
        clock.advance(TimeDelta::milliseconds(1));
        let probe = due_probe(&breaker).expect("a probe");
        wait(&clock);
        assert!(due_probe(&breaker).is_none(), "one probe at a time");
        probe.report(Outcome::Silent);
        assert!(due_probe(&breaker).is_none());
        wait(&clock);
        due_probe(&breaker)
            .expect("a probe")
            .report(Outcome::Answered);
        for _ in 1..FAILURE_THRESHOLD {
            assert!(silence(&breaker).is_none(), "the count began anew");
        }
    }

    #[test]
    fn a_probe_that_was_given_up_makes_room_for_the_next() {
        let (clock, breaker) = open();
        wait(&clock);
        drop(due_probe(&breaker).expect("a probe"));
        assert!(due_probe(&breaker).is_some());
    }

    #[test]
    fn a_dropped_permit_is_not_counted() {
        let (_, breaker) = breaker();
        for _ in 0..FAILURE_THRESHOLD * 2 {
            drop(permit(&breaker).expect("let through"));
        }
        assert!(silence(&breaker).is_none());
    }

    #[test]
    fn a_late_answer_closes_the_breaker() {
        let (_, breaker) = breaker();
        let late = permit(&breaker).expect("let through");
        for _ in 1..FAILURE_THRESHOLD {
            silence(&breaker);
        }
        silence(&breaker).expect("a probe").report(Outcome::Silent);
        assert!(permit(&breaker).is_none());
        late.report(Outcome::Answered);
        assert!(permit(&breaker).is_some());
    }

    #[test]
    fn a_clock_that_jumps_neither_shortens_nor_extends_the_open_duration() {
        for hours in [-8, 8] {
            let (clock, breaker) = open();
            clock.jump(TimeDelta::hours(hours));
            assert!(due_probe(&breaker).is_none());
            wait(&clock);
            assert!(due_probe(&breaker).is_some());
        }
    }
}
