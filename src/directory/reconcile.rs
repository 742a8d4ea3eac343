//! Who is known, as small as it can be told whether somebody changed: a million people take some
//! twenty megabytes.

use std::collections::HashSet;
use std::hash::BuildHasher;

use panda_oidc_sdk::{Identity, Subject};

use crate::directory::person::{Person, Presence};

/// 128 bits that stand for a subject. Two of ten million people share one with a probability of one
/// in 10²⁴, and nobody can choose theirs: the hash has a random key.
type Key = [u64; 2];

/// The people the store knows, for one reading.
pub struct KnownUsers<S> {
    hashes: [S; 2],
    known: Vec<Known>,
    /// A bit for each of the known: whether this reading has met them.
    met: Vec<u64>,
    /// Those the reading has met that were not known.
    new: HashSet<Key>,
    counted: u64,
    counted_met: u64,
}

struct Known {
    key: Key,
    /// What is known of them, hashed; the lowest bit says whether they are counted when missing.
    print: u64,
}

/// What a reading finds out about an entry of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// They are known just so.
    Unchanged,
    /// They are new, changed or back.
    Changed,
    /// This reading has met them before.
    Repeated,
}

impl<S: BuildHasher> KnownUsers<S> {
    /// A roster of nobody. `hashes` have random keys of their own.
    pub fn new(hashes: [S; 2]) -> Self {
        Self {
            hashes,
            known: Vec::new(),
            met: Vec::new(),
            new: HashSet::new(),
            counted: 0,
            counted_met: 0,
        }
    }

    /// Adds somebody who is known. `counts` says whether they can be missing.
    pub fn add(&mut self, person: &Person, counts: bool) {
        let identity = &person.user.identity;
        let print = self.print(identity, person.presence == Presence::Listed);
        self.known.push(Known {
            key: self.key(&identity.subject),
            print: print | u64::from(counts),
        });
        self.counted += u64::from(counts);
    }

    /// Ends the adding.
    pub fn ready(&mut self) {
        self.known.sort_unstable_by_key(|known| known.key);
        self.begin();
    }

    /// Begins a reading: nobody has been met.
    pub fn begin(&mut self) {
        self.met = vec![0; self.known.len().div_ceil(64)];
        self.new = HashSet::new();
        self.counted_met = 0;
    }

    /// Meets somebody.
    pub fn meet(&mut self, identity: &Identity) -> Seen {
        let key = self.key(&identity.subject);
        let Some(index) = self.find(&key) else {
            return if self.new.insert(key) {
                Seen::Changed
            } else {
                Seen::Repeated
            };
        };
        let (word, bit) = (index / 64, 1 << (index % 64));
        if self.met[word] & bit != 0 {
            return Seen::Repeated;
        }
        self.met[word] |= bit;
        let known = &self.known[index];
        self.counted_met += known.print & 1;
        if known.print & !1 == self.print(identity, true) {
            Seen::Unchanged
        } else {
            Seen::Changed
        }
    }

    /// How many people are known that could be missing.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// How many of them the reading has not met.
    pub fn missing(&self) -> u64 {
        self.counted - self.counted_met
    }

    /// Whether somebody could be missing, and was not met.
    pub fn misses(&self, subject: &Subject) -> bool {
        self.find(&self.key(subject)).is_some_and(|index| {
            self.known[index].print & 1 == 1 && self.met[index / 64] & (1 << (index % 64)) == 0
        })
    }

    fn find(&self, key: &Key) -> Option<usize> {
        self.known.binary_search_by_key(key, |known| known.key).ok()
    }

    fn key(&self, subject: &Subject) -> Key {
        [0, 1].map(|half| self.hashes[half].hash_one(subject.as_str()))
    }

    fn print(&self, identity: &Identity, listed: bool) -> u64 {
        let told = (&identity.name, &identity.phone, listed);
        self.hashes[0].hash_one(told) & !1
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use crate::directory::reconcile::*;
    use crate::session::tests::session;

    fn person(subject: &str, name: &str, presence: Presence) -> Person {
        let mut user = session(subject).user;
        user.identity.name = Some(name.to_owned());
        Person { user, presence }
    }

    fn identity(subject: &str, name: &str) -> Identity {
        person(subject, name, Presence::Listed).user.identity
    }

    fn roster() -> KnownUsers<RandomState> {
        let mut roster = KnownUsers::new([RandomState::new(), RandomState::new()]);
        let now = chrono::DateTime::UNIX_EPOCH;
        roster.add(&person("1", "陈涛", Presence::Listed), true);
        roster.add(&person("2", "黑龙江", Presence::Absent(now)), true);
        roster.add(&person("3", "新耀分公司", Presence::Left(now)), false);
        roster.add(&person("4", "张伟", Presence::Unlisted), true);
        roster.ready();
        roster
    }

    #[test]
    fn who_is_known_just_so_is_the_same() {
        let mut roster = roster();
        assert_eq!(roster.meet(&identity("1", "陈涛")), Seen::Unchanged);
        assert_eq!(roster.meet(&identity("1", "陈涛")), Seen::Repeated);
    }

    #[test]
    fn who_is_new_renamed_back_or_listed_at_last_has_changed() {
        let mut roster = roster();
        for (subject, name) in [
            ("9", "新"),
            ("1", "陈涛涛"),
            ("2", "黑龙江"),
            ("3", "新耀分公司"),
            ("4", "张伟"),
        ] {
            assert_eq!(
                roster.meet(&identity(subject, name)),
                Seen::Changed,
                "{subject}"
            );
            assert_eq!(
                roster.meet(&identity(subject, name)),
                Seen::Repeated,
                "{subject}"
            );
        }
    }

    #[test]
    fn who_was_not_met_is_missing_but_for_those_who_left() {
        let mut roster = roster();
        assert_eq!((roster.counted(), roster.missing()), (3, 3));
        roster.meet(&identity("1", "陈涛"));
        assert_eq!(roster.missing(), 2);
        let misses = |subject: &str| roster.misses(&Subject::new(subject).unwrap());
        assert_eq!(
            ["1", "2", "3", "4", "9"].map(misses),
            [false, true, false, true, false]
        );
        roster.begin();
        assert_eq!(roster.missing(), 3);
    }
}
