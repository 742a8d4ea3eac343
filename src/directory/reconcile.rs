//! Compares a reading of the directory with the users that the store knows. Users are kept as hashes,
//! which is just enough to notice a change: a million users take about twenty megabytes.

use std::collections::HashSet;
use std::hash::BuildHasher;

use panda_oidc_sdk::{Identity, Subject};

use crate::directory::person::{Person, Presence};

/// A 128-bit hash of a subject. Among ten million users, two share a hash with a probability of one in
/// 10²⁴. The hash has a random key, so no attacker can choose a subject that collides.
type Key = [u64; 2];

/// The users that the store knows, and which of them the current reading has seen.
pub struct KnownUsers<S> {
    hashes: [S; 2],
    users: Vec<KnownUser>,
    /// A bit for each known user: whether this reading has seen them.
    seen: Vec<u64>,
    /// Users that this reading has seen and the store does not know.
    new: HashSet<Key>,
    /// How many known users can be missing.
    counted: u64,
    /// How many of them this reading has seen.
    counted_seen: u64,
}

struct KnownUser {
    key: Key,
    /// A hash of the stored data. The lowest bit says whether the user is counted when missing.
    fingerprint: u64,
}

/// How an entry of the list compares with the known users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The user is known with the same data.
    Unchanged,
    /// The user is new, has other data, or is listed again.
    Changed,
    /// This reading has already seen the user.
    Repeated,
}

impl<S: BuildHasher> KnownUsers<S> {
    /// An empty set of users. The two `hashes` must have different random keys.
    pub fn new(hashes: [S; 2]) -> Self {
        Self {
            hashes,
            users: Vec::new(),
            seen: Vec::new(),
            new: HashSet::new(),
            counted: 0,
            counted_seen: 0,
        }
    }

    /// Adds a known user. `counts` says whether the user can be missing.
    pub fn add(&mut self, person: &Person, counts: bool) {
        let identity = &person.user.identity;
        let fingerprint = self.fingerprint(identity, person.presence == Presence::Listed);
        self.users.push(KnownUser {
            key: self.key(&identity.subject),
            fingerprint: fingerprint | u64::from(counts),
        });
        self.counted += u64::from(counts);
    }

    /// Prepares for the first reading. No user can be added afterwards.
    pub fn finish_loading(&mut self) {
        self.users.sort_unstable_by_key(|user| user.key);
        self.begin_reading();
    }

    /// Begins a reading: no user has been seen.
    pub fn begin_reading(&mut self) {
        self.seen = vec![0; self.users.len().div_ceil(64)];
        self.new = HashSet::new();
        self.counted_seen = 0;
    }

    /// Records that the reading has seen the user, and compares the entry with the stored data.
    pub fn record(&mut self, identity: &Identity) -> Seen {
        let key = self.key(&identity.subject);
        let Some(index) = self.find(&key) else {
            return if self.new.insert(key) {
                Seen::Changed
            } else {
                Seen::Repeated
            };
        };
        let (word, bit) = (index / 64, 1 << (index % 64));
        if self.seen[word] & bit != 0 {
            return Seen::Repeated;
        }
        self.seen[word] |= bit;
        let user = &self.users[index];
        self.counted_seen += user.fingerprint & 1;
        if user.fingerprint & !1 == self.fingerprint(identity, true) {
            Seen::Unchanged
        } else {
            Seen::Changed
        }
    }

    /// How many known users can be missing.
    pub fn removable(&self) -> u64 {
        self.counted
    }

    /// How many of these the reading has not seen.
    pub fn missing(&self) -> u64 {
        self.counted - self.counted_seen
    }

    /// Whether the user can be missing and has not been seen.
    pub fn is_missing(&self, subject: &Subject) -> bool {
        self.find(&self.key(subject)).is_some_and(|index| {
            self.users[index].fingerprint & 1 == 1
                && self.seen[index / 64] & (1 << (index % 64)) == 0
        })
    }

    fn find(&self, key: &Key) -> Option<usize> {
        self.users.binary_search_by_key(key, |user| user.key).ok()
    }

    fn key(&self, subject: &Subject) -> Key {
        [0, 1].map(|half| self.hashes[half].hash_one(subject.as_str()))
    }

    fn fingerprint(&self, identity: &Identity, listed: bool) -> u64 {
        let data = (&identity.name, &identity.phone, listed);
        self.hashes[0].hash_one(data) & !1
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

    fn known_users() -> KnownUsers<RandomState> {
        let mut known_users = KnownUsers::new([RandomState::new(), RandomState::new()]);
        let now = chrono::DateTime::UNIX_EPOCH;
        known_users.add(&person("1", "陈涛", Presence::Listed), true);
        known_users.add(&person("2", "黑龙江", Presence::Absent(now)), true);
        known_users.add(&person("3", "新耀分公司", Presence::Left(now)), false);
        known_users.add(&person("4", "张伟", Presence::Unlisted), true);
        known_users.finish_loading();
        known_users
    }

    #[test]
    fn a_user_with_the_same_data_is_unchanged() {
        let mut known_users = known_users();
        assert_eq!(known_users.record(&identity("1", "陈涛")), Seen::Unchanged);
        assert_eq!(known_users.record(&identity("1", "陈涛")), Seen::Repeated);
    }

    #[test]
    fn a_user_who_is_new_renamed_listed_again_or_listed_for_the_first_time_has_changed() {
        let mut known_users = known_users();
        for (subject, name) in [
            ("9", "新"),
            ("1", "陈涛涛"),
            ("2", "黑龙江"),
            ("3", "新耀分公司"),
            ("4", "张伟"),
        ] {
            assert_eq!(
                known_users.record(&identity(subject, name)),
                Seen::Changed,
                "{subject}"
            );
            assert_eq!(
                known_users.record(&identity(subject, name)),
                Seen::Repeated,
                "{subject}"
            );
        }
    }

    #[test]
    fn users_who_were_not_seen_are_missing_except_leavers() {
        let mut known_users = known_users();
        assert_eq!((known_users.removable(), known_users.missing()), (3, 3));
        known_users.record(&identity("1", "陈涛"));
        assert_eq!(known_users.missing(), 2);
        let misses = |subject: &str| known_users.is_missing(&Subject::new(subject).unwrap());
        assert_eq!(
            ["1", "2", "3", "4", "9"].map(misses),
            [false, true, false, true, false]
        );
        known_users.begin_reading();
        assert_eq!(known_users.missing(), 3);
    }
}
