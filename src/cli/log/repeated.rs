//! Sums up warnings and errors that repeat, so that a stranger's requests do not fill the disk with log
//! lines.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use panda_oidc::limits::network;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::lines::Lines;

/// How many lines of one kind and caller are written within [`WINDOW`].
const LINES_PER_CALLER: u32 = 10;

/// How many lines of one kind without a caller are written within [`WINDOW`].
const LINES_PER_KIND: u32 = 60;

/// How many kinds of one caller are told apart. Further ones are summed up together.
const MAX_KINDS_PER_CALLER: usize = 16;

/// How many kinds and callers are told apart. Further ones are summed up together.
const MAX_KINDS: usize = 1024;

const WINDOW: Duration = Duration::from_mins(1);

/// A line says what happened first and details after that: the beginning is the kind.
const KIND_BYTES: usize = 64;

/// The layer that leaves out repeated lines, and writes how many there were after a minute.
pub(super) struct Repeated(Arc<Mutex<HashMap<Kind, Count>>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    place: Option<Identifier>,
    caller: String,
    path: String,
    beginning: String,
}

struct Count {
    since: Instant,
    lines: u32,
    left_out: u64,
}

impl Repeated {
    /// A layer that writes its sums into `log`.
    pub(super) fn new(log: Lines) -> Self {
        let counts = Arc::new(Mutex::new(HashMap::new()));
        let counted = Arc::clone(&counts);
        let summing = thread::Builder::new().name("log-sums".to_owned());
        // Without the thread there are no sums, but the lines are still bounded.
        let _ = summing.spawn(move || {
            loop {
                thread::sleep(WINDOW / 6);
                for sum in take_sums(&mut lock(&counted), Instant::now()) {
                    log.say(&sum);
                }
            }
        });
        Self(counts)
    }

    fn admits(&self, kind: Kind, now: Instant) -> bool {
        let mut counts = lock(&self.0);
        let kind = counted_as(kind, &counts);
        let limit = if kind.caller.is_empty() {
            LINES_PER_KIND
        } else {
            LINES_PER_CALLER
        };
        let count = counts.entry(kind).or_insert(Count {
            since: now,
            lines: 0,
            left_out: 0,
        });
        if count.lines < limit {
            count.lines += 1;
            return true;
        }
        count.left_out += 1;
        false
    }
}

/// The kind under which a line of `kind` is counted. A caller who varies the path has few kinds, so that it
/// hides no line of others.
fn counted_as(kind: Kind, counts: &HashMap<Kind, Count>) -> Kind {
    if counts.contains_key(&kind) {
        return kind;
    }
    // What has neither is no request, but something of our own.
    let is_request = !kind.caller.is_empty() || !kind.path.is_empty();
    let rest = Kind {
        place: kind.place.clone(),
        caller: kind.caller.clone(),
        ..Kind::others()
    };
    if is_request && counts.contains_key(&rest) {
        return rest;
    }
    if counts.len() < MAX_KINDS {
        let of_caller = counts.keys().filter(|known| known.caller == kind.caller);
        let is_full = is_request && of_caller.count() >= MAX_KINDS_PER_CALLER;
        return if is_full { rest } else { kind };
    }
    // The places are as many as the program has.
    Kind {
        place: kind.place,
        ..Kind::others()
    }
}

impl Kind {
    fn others() -> Self {
        Self {
            place: None,
            caller: String::new(),
            path: String::new(),
            beginning: String::new(),
        }
    }
}

/// The caller `text`. The addresses of one subscriber are one caller.
fn caller_of(text: &str) -> String {
    match text.parse() {
        Ok(address) => network(address).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Removes the kinds whose window is over. Returns a line for each of which some were left out.
fn take_sums(counts: &mut HashMap<Kind, Count>, now: Instant) -> Vec<String> {
    let mut sums = Vec::new();
    counts.retain(|kind, count| {
        if now.saturating_duration_since(count.since) < WINDOW {
            return true;
        }
        if count.left_out > 0 {
            sums.push(sum(kind, count.left_out));
        }
        false
    });
    sums
}

fn sum(kind: &Kind, left_out: u64) -> String {
    let Kind {
        caller,
        path,
        beginning,
        ..
    } = kind;
    let mut line = format!("{left_out} more lines within a minute were left out");
    let named = [("of", caller), ("at", path), ("that begin with", beginning)];
    for (word, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a string does not fail.
        let _ = write!(line, " {word} {value}");
    }
    line
}

impl<S: Subscriber> Layer<S> for Repeated {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if *event.metadata().level() > Level::WARN {
            return true;
        }
        let mut kind = Kind {
            place: Some(event.metadata().callsite()),
            ..Kind::others()
        };
        event.record(&mut kind);
        self.admits(kind, Instant::now())
    }
}

impl Visit for Kind {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let part = match field.name() {
            "client" | "address" => &mut self.caller,
            "path" => &mut self.path,
            "message" => &mut self.beginning,
            _ => return,
        };
        let text = format!("{value:?}");
        let end = text.find(['"', '“']).unwrap_or(text.len());
        let end = text.floor_char_boundary(end.min(KIND_BYTES));
        let text = text[..end].trim_end();
        *part = match field.name() {
            "address" => caller_of(text),
            _ => text.to_owned(),
        };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tracing::{Metadata, callsite::Callsite, subscriber::Interest};

    use super::*;

    fn kind(caller: &str, beginning: &str) -> Kind {
        Kind {
            caller: caller.to_owned(),
            beginning: beginning.to_owned(),
            ..Kind::others()
        }
    }

    struct Elsewhere(u8);

    static ELSEWHERE: Elsewhere = Elsewhere(0);

    impl Callsite for Elsewhere {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            unreachable!("only its address counts: {}", self.0)
        }
    }

    #[test]
    fn each_kind_of_each_caller_has_ten_lines_a_minute_and_a_sum() {
        let repeated = Repeated(Arc::default());
        let start = Instant::now();
        let admitted = |kind: &Kind| {
            let admitted = (0..100).filter(|_| repeated.admits(kind.clone(), start));
            admitted.count()
        };
        assert_eq!(admitted(&kind("10.0.0.1", "Refused")), 10);
        assert_eq!(admitted(&kind("10.0.0.1", "Failed")), 10);
        assert_eq!(admitted(&kind("10.0.0.2", "Refused")), 10);
        assert_eq!(admitted(&kind("", "Refused")), 60);
        let mut sums = take_sums(&mut lock(&repeated.0), start + WINDOW);
        sums.sort();
        assert_eq!(sums.len(), 4);
        assert_eq!(
            sums[1],
            "90 more lines within a minute were left out of 10.0.0.1 that begin with Failed"
        );
        assert_eq!(admitted(&kind("10.0.0.1", "Refused")), 10, "a new minute");
    }

    #[test]
    fn a_caller_who_varies_the_path_has_a_bounded_number_of_lines_and_hides_nobody() {
        let repeated = Repeated(Arc::default());
        let now = Instant::now();
        let of = |caller: &str, path: usize| Kind {
            path: format!("/{path}"),
            ..kind(caller, "Refused")
        };
        let flood = (0..100_000).map(|number| of("10.0.0.1", number % 2000));
        let lines = flood
            .filter(|kind| repeated.admits(kind.clone(), now))
            .count();
        let max = (MAX_KINDS_PER_CALLER + 1) * LINES_PER_CALLER as usize;
        assert!(lines <= max, "{lines}");
        for other in 0..100 {
            assert!(repeated.admits(kind(&format!("10.0.1.{other}"), "Refused"), now));
        }
        let from = |number| kind(&caller_of(&format!("2001:db8::{number:x}")), "Refused");
        let flood = (0..2000).map(from);
        let lines = flood
            .filter(|kind| repeated.admits(kind.clone(), now))
            .count();
        assert!(lines <= max, "one subscriber: {lines}");
        let flood = (0..2000).map(|number| of("", number));
        let lines = flood
            .filter(|kind| repeated.admits(kind.clone(), now))
            .count();
        let max = MAX_KINDS_PER_CALLER + LINES_PER_KIND as usize;
        assert!(lines <= max, "unknown: {lines}");
    }

    #[test]
    fn a_flood_of_callers_does_not_hide_what_another_place_says() {
        let repeated = Repeated(Arc::default());
        let now = Instant::now();
        for caller in 0..10_000 {
            repeated.admits(kind(&caller.to_string(), "Refused"), now);
        }
        let mut other = kind("", "Failed");
        other.place = Some(Identifier(&ELSEWHERE));
        assert!(repeated.admits(other, now));
    }

    #[test]
    fn a_flood_of_callers_is_bounded_in_memory_and_lines() {
        let repeated = Repeated(Arc::default());
        let now = Instant::now();
        let callers = (0..100_000).map(|caller| kind(&caller.to_string(), "Refused"));
        let lines = callers.filter(|kind| repeated.admits(kind.clone(), now));
        assert!(lines.count() <= MAX_KINDS + LINES_PER_KIND as usize);
        assert!(lock(&repeated.0).len() <= MAX_KINDS + 1);
    }
}
