//! The roll of people, in memory.

use async_trait::async_trait;
use panda_oidc_sdk::Subject;

use super::{Kept, MemoryStore};
use crate::links::Place;
use crate::scim::UserRow;
use crate::session::User;
use crate::store::{Roll, StoreError};

impl Kept {
    fn entry(&self, user: &User) -> UserRow {
        let place = Place {
            subject: user.subject().clone(),
            client: None,
        };
        UserRow {
            person: self.person(user),
            link: self.links.get(&place).cloned(),
        }
    }
}

#[async_trait]
impl Roll for MemoryStore {
    async fn entry(&self, subject: &Subject) -> Result<Option<UserRow>, StoreError> {
        let kept = self.step("find a person's entry")?;
        Ok(kept.users.get(subject).map(|user| kept.entry(user)))
    }

    async fn entries(
        &self,
        after: Option<&Subject>,
        most: u32,
    ) -> Result<Vec<UserRow>, StoreError> {
        let kept = self.step("list people's entries")?;
        let people = kept.people_after(after).into_iter().take(most as usize);
        Ok(people.map(|user| kept.entry(user)).collect())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.step("count people")?.users.len() as u64)
    }

    async fn further(
        &self,
        after: Option<&Subject>,
        steps: u32,
    ) -> Result<Option<Subject>, StoreError> {
        let kept = self.step("pass people by")?;
        let passed = steps.checked_sub(1).map(|passed| passed as usize);
        let there = passed.and_then(|passed| kept.people_after(after).get(passed).copied());
        Ok(there.map(|user| user.subject().clone()))
    }
}
