//! People in memory, and the readings of the directory that change them.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use panda_oidc_sdk::{Identity, Subject};

use super::{Kept, MemoryStore, Time};
use crate::crypto::handle::Digest;
use crate::directory::{Change, Event, Happening, Person, Presence, Report};
use crate::session::{EndedSession, Farewell, SessionId, User};
use crate::store::{CarriedOut, DirectoryLease, People, Readings, StoreError};

/// What the directory has said.
#[derive(Default)]
pub(super) struct Directory {
    presence: HashMap<Subject, Presence>,
    history: HashMap<Subject, Vec<Happening>>,
    forgotten: Vec<Subject>,
    lease: Option<DirectoryLease>,
    changes: BTreeMap<Subject, Change>,
    accepted_at: Option<Time>,
    report: Option<Report>,
}

impl Directory {
    fn presence(&self, subject: &Subject) -> Presence {
        let known = self.presence.get(subject).copied();
        known.unwrap_or(Presence::Unlisted)
    }

    pub(super) fn has_left(&self, subject: &Subject) -> bool {
        !self.presence(subject).may_sign_in()
    }

    /// Whether the session `sid` ended when the person left, and that is remembered.
    pub(super) fn ended_by_leaving(&self, subject: &Subject, sid: &SessionId) -> bool {
        let history = self.history.get(subject).into_iter().flatten();
        history.into_iter().any(|one| match &one.event {
            Event::Left { sessions, .. } => sessions.iter().any(|left| left == sid.as_str()),
            _ => false,
        })
    }

    /// Adds to what became of a person.
    pub(super) fn write_down(&mut self, subject: &Subject, event: Event, at: Time) {
        let history = self.history.entry(subject.clone()).or_default();
        history.push(Happening { at, event });
    }

    fn renew(&mut self, lease: DirectoryLease) -> bool {
        let held = self.lease.is_some_and(|held| held.holder == lease.holder);
        if held {
            self.lease = Some(lease);
        }
        held
    }
}

impl Kept {
    /// Those who come after `after`, in the order of their subjects.
    pub(super) fn people_after(&self, after: Option<&Subject>) -> Vec<&User> {
        let later = |user: &&User| after.is_none_or(|after| user.subject() > after);
        let mut people: Vec<_> = self.users.values().filter(later).collect();
        people.sort_by(|a, b| a.subject().cmp(b.subject()));
        people
    }

    pub(super) fn person(&self, user: &User) -> Person {
        Person {
            user: user.clone(),
            presence: self.directory.presence(user.subject()),
        }
    }

    fn end_all(&mut self, subject: &Subject, farewell: &Farewell) -> Vec<EndedSession> {
        let all = self.sessions.values();
        let all = all.filter(|session| session.user.subject() == subject);
        let all: Vec<SessionId> = all.map(|session| session.sid.clone()).collect();
        all.iter()
            .filter_map(|sid| self.end(sid, farewell))
            .collect()
    }

    fn forget_person(&mut self, subject: &Subject) {
        self.directory.history.remove(subject);
        self.links.retain(|place, _| place.subject != *subject);
        self.directory
            .changes
            .retain(|of, change| of != subject || !matches!(change, Change::Listed(_)));
        if self.directory.has_left(subject) {
            if let Some(user) = self.users.get_mut(subject) {
                (user.identity.name, user.identity.phone) = (None, None);
            }
            self.directory.forgotten.push(subject.clone());
        } else {
            self.users.remove(subject);
            self.directory.presence.remove(subject);
        }
    }

    fn list(&mut self, identity: Identity, at: Time) {
        let subject = identity.subject.clone();
        if self.directory.has_left(&subject) {
            self.directory.write_down(&subject, Event::Returned, at);
        }
        self.directory
            .forgotten
            .retain(|forgotten| *forgotten != subject);
        self.directory.presence.insert(subject, Presence::Listed);
        self.remember(User {
            identity,
            updated_at: at,
        });
    }

    fn miss(&mut self, subject: &Subject, at: Time) {
        let presence = self.directory.presence(subject);
        if matches!(presence, Presence::Listed | Presence::Unlisted) {
            let absent = Presence::Absent(at);
            self.directory.presence.insert(subject.clone(), absent);
            self.directory.write_down(subject, Event::Absent, at);
        }
    }

    fn leave(&mut self, subject: &Subject, farewell: &Farewell, at: Time) -> Vec<EndedSession> {
        if self.directory.has_left(subject) {
            return Vec::new();
        }
        let left = Presence::Left(at);
        self.directory.presence.insert(subject.clone(), left);
        let ended = self.end_all(subject, farewell);
        let event = Event::left(&ended);
        self.directory.write_down(subject, event, at);
        ended
    }

    fn carry_out(&mut self, most: u32, farewell: &Farewell) -> CarriedOut {
        let Some(at) = self.directory.accepted_at else {
            return CarriedOut::default();
        };
        let mut done = CarriedOut::default();
        while done.changes < most as usize
            && let Some((_, change)) = self.directory.changes.pop_first()
        {
            done.changes += 1;
            match change {
                Change::Listed(identity) => self.list(identity, at),
                Change::Absent(subject) => self.miss(&subject, at),
                Change::Left(subject) => done.ended.extend(self.leave(&subject, farewell, at)),
            }
        }
        if done.changes == 0 {
            self.directory.accepted_at = None;
        }
        done
    }
}

#[async_trait]
impl People for MemoryStore {
    async fn person(&self, subject: &Subject) -> Result<Option<Person>, StoreError> {
        let kept = self.step("find a person")?;
        Ok(kept.users.get(subject).map(|user| kept.person(user)))
    }

    async fn people(&self, after: Option<&Subject>, most: u32) -> Result<Vec<Person>, StoreError> {
        let kept = self.step("list people")?;
        let people = kept.people_after(after).into_iter().take(most as usize);
        Ok(people.map(|user| kept.person(user)).collect())
    }

    async fn history(&self, subject: &Subject) -> Result<Vec<Happening>, StoreError> {
        let kept = self.step("read a person's history")?;
        let history = kept.directory.history.get(subject);
        Ok(history.cloned().unwrap_or_default())
    }

    async fn forget(
        &self,
        subject: &Subject,
        farewell: &Farewell,
        _: Time,
    ) -> Result<Option<Vec<EndedSession>>, StoreError> {
        let mut kept = self.step("forget a person")?;
        let joined = kept.links.keys().any(|place| place.subject == *subject);
        if !kept.users.contains_key(subject) && !joined {
            return Ok(None);
        }
        let ended = kept.end_all(subject, farewell);
        kept.forget_person(subject);
        Ok(Some(ended))
    }

    async fn forget_leavers(&self, before: Time, most: u32, _: Time) -> Result<usize, StoreError> {
        let mut kept = self.step("forget leavers")?;
        let directory = &kept.directory;
        let mut due: Vec<_> = directory
            .presence
            .iter()
            .filter_map(|(subject, presence)| match presence {
                Presence::Left(at) if *at < before => Some((*at, subject.clone())),
                _ => None,
            })
            .filter(|(_, subject)| !directory.forgotten.contains(subject))
            .collect();
        due.sort_unstable();
        due.truncate(most as usize);
        for (_, subject) in &due {
            kept.forget_person(subject);
        }
        Ok(due.len())
    }
}

#[async_trait]
impl Readings for MemoryStore {
    async fn lease_directory(&self, lease: DirectoryLease, now: Time) -> Result<bool, StoreError> {
        let directory = &mut self.step("take the directory up")?.directory;
        let held = directory.lease;
        let free = held.is_none_or(|held| held.holder == lease.holder || held.until <= now);
        if free {
            directory.lease = Some(lease);
        }
        Ok(free)
    }

    async fn release_directory(&self, holder: &Digest) -> Result<(), StoreError> {
        let directory = &mut self.step("give the directory back")?.directory;
        directory.lease = directory.lease.filter(|lease| lease.holder != *holder);
        Ok(())
    }

    async fn stage(&self, lease: DirectoryLease, changes: Vec<Change>) -> Result<bool, StoreError> {
        let directory = &mut self.step("put down what a reading found")?.directory;
        if !directory.renew(lease) {
            return Ok(false);
        }
        let changes = changes.into_iter();
        directory
            .changes
            .extend(changes.map(|change| (change.subject().clone(), change)));
        Ok(true)
    }

    async fn discard(&self, lease: DirectoryLease, most: u32) -> Result<Option<usize>, StoreError> {
        let directory = &mut self.step("throw a reading away")?.directory;
        if !directory.renew(lease) {
            return Ok(None);
        }
        let mut gone = 0;
        while directory.accepted_at.is_none()
            && gone < most as usize
            && directory.changes.pop_first().is_some()
        {
            gone += 1;
        }
        Ok(Some(gone))
    }

    async fn accept(&self, lease: DirectoryLease, now: Time) -> Result<bool, StoreError> {
        let directory = &mut self.step("accept a reading")?.directory;
        let held = directory.renew(lease);
        if held {
            directory.accepted_at = Some(now);
        }
        Ok(held)
    }

    async fn carry_out(
        &self,
        lease: DirectoryLease,
        most: u32,
        farewell: &Farewell,
    ) -> Result<Option<CarriedOut>, StoreError> {
        let mut kept = self.step("carry out what a reading found")?;
        if !kept.directory.renew(lease) {
            return Ok(None);
        }
        Ok(Some(kept.carry_out(most, farewell)))
    }

    async fn report(&self) -> Result<Option<Report>, StoreError> {
        let kept = self.step("read what the last reading came to")?;
        Ok(kept.directory.report.clone())
    }

    async fn note(&self, report: &Report) -> Result<(), StoreError> {
        let mut kept = self.step("write down what a reading came to")?;
        kept.directory.report = Some(report.clone());
        Ok(())
    }
}
