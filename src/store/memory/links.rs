//! Accounts in clients, in memory.

use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use openidconnect::ClientId;
use panda_oidc_sdk::{Identity, Subject};

use super::{Kept, MemoryStore, Time};
use crate::links::{Change, Joined, Place, TakenElsewhere, Tally, Unique, Wanted, folded};
use crate::people::Link;
use crate::store::{Links, StoreError};

impl Kept {
    /// The account a client has for somebody, completed with the one for all clients.
    pub(super) fn link(&self, subject: &Subject, client: &ClientId) -> Option<Link> {
        let of = |client| Place {
            subject: subject.clone(),
            client,
        };
        let own = self.links.get(&of(Some(client.as_str().to_owned())));
        let general = self.links.get(&of(None));
        match (own.cloned(), general.cloned()) {
            (Some(own), Some(general)) => Some(own.or(general)),
            (own, general) => own.or(general),
        }
    }

    fn join(&mut self, changes: &[Change]) -> Joined {
        let mut tally = Tally::default();
        let before = self.links.clone();
        for change in changes {
            let was = self.links.remove(&change.place);
            let is = change.edit.applied_to(was.as_ref());
            tally.count(was.as_ref(), is.as_ref());
            if let Some(link) = is {
                self.links.insert(change.place.clone(), link);
            }
        }
        let each = || changes.iter().enumerate();
        let mut taken: Vec<_> = each()
            .flat_map(|(index, change)| self.taken(index, &change.place))
            .collect();
        if taken.is_empty() {
            taken.extend(each().filter_map(|(index, change)| self.namesake(index, &change.place)));
        }
        if taken.is_empty() {
            return Joined::Done(tally);
        }
        self.links = before;
        Joined::Taken(taken)
    }

    /// Who is told by their identifier, being without an account, in a client in which the username at
    /// `place` is the same.
    fn namesake(&self, change: usize, place: &Place) -> Option<TakenElsewhere> {
        let username = self.links.get(place)?.username.as_deref()?;
        let subject = Subject::new(username).ok()?;
        let named = |client: &Option<String>| {
            let of = Place {
                subject: subject.clone(),
                client: client.clone(),
            };
            self.links
                .get(&of)
                .is_some_and(|link| link.username.is_some())
        };
        let is_namesake = subject != place.subject
            && self.users.contains_key(&subject)
            && !named(&place.client)
            && !named(&None);
        is_namesake.then(|| TakenElsewhere {
            change,
            what: Unique::Username,
            holder: Place {
                subject: subject.clone(),
                client: place.client.clone(),
            },
        })
    }

    /// What the link at `place` has that is another person's.
    fn taken(&self, change: usize, place: &Place) -> Vec<TakenElsewhere> {
        let text = |link: &Link, what| {
            let text = match what {
                Unique::Username => &link.username,
                Unique::Email => &link.email,
            };
            text.as_deref().map(folded)
        };
        let Some(link) = self.links.get(place) else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        for what in [Unique::Username, Unique::Email] {
            let Some(wanted) = text(link, what) else {
                continue;
            };
            let mut others = self.links.iter().filter(|(other, _)| {
                other.subject != place.subject
                    && (other.client == place.client
                        || other.client.is_none()
                        || place.client.is_none())
            });
            if let Some((holder, _)) =
                others.find(|(_, link)| text(link, what).as_ref() == Some(&wanted))
            {
                let holder = holder.clone();
                taken.push(TakenElsewhere {
                    change,
                    what,
                    holder,
                });
            }
        }
        taken
    }
}

#[async_trait]
impl Links for MemoryStore {
    async fn link(&self, subject: &Subject, client: &ClientId) -> Result<Option<Link>, StoreError> {
        Ok(self.step("find a link")?.link(subject, client))
    }

    async fn join(&self, changes: Arc<[Change]>, _now: Time) -> Result<Joined, StoreError> {
        Ok(self.step("join accounts")?.join(&changes))
    }

    async fn rehearse(&self, changes: Arc<[Change]>) -> Result<Joined, StoreError> {
        let mut kept = self.step("rehearse a join")?;
        let before = kept.links.clone();
        let joined = kept.join(&changes);
        kept.links = before;
        Ok(joined)
    }

    async fn part(&self, of: &Place) -> Result<bool, StoreError> {
        Ok(self.step("take a link away")?.links.remove(of).is_some())
    }

    async fn links_after(
        &self,
        place: Option<&Place>,
        most: u32,
    ) -> Result<Vec<(Place, Link)>, StoreError> {
        let kept = self.step("list links")?;
        let after = place.map_or(Bound::Unbounded, Bound::Excluded);
        let links = kept.links.range((after, Bound::Unbounded));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(links
            .take(most)
            .map(|(place, link)| (place.clone(), link.clone()))
            .collect())
    }

    async fn candidates(&self, wanted: Wanted) -> Result<Vec<Identity>, StoreError> {
        let kept = self.step("look for people")?;
        let people = kept.users.values().map(|user| &user.identity);
        let meant = people.filter(|person| {
            wanted.includes(
                &person.subject,
                person.name.as_deref(),
                person.phone.as_deref(),
            )
        });
        Ok(meant.cloned().collect())
    }
}
