//! Refresh tokens in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Time};
use crate::crypto::handle::Digest;
use crate::store::{Family, NewFamily, RefreshTokens, Rotated, Rotation, StoreError};

pub(super) struct Kin {
    grant: Digest,
    current: Digest,
    previous: Option<Digest>,
    rotated_at: Time,
    pub expires_at: Time,
}

impl Kin {
    pub(super) fn begin(grant: Digest, first: NewFamily, now: Time) -> Self {
        Self {
            grant,
            current: first.token,
            previous: None,
            rotated_at: now,
            expires_at: first.expires_at,
        }
    }
}

impl Kept {
    fn family(&self, family: &Digest, now: Time) -> Option<Family> {
        let kin = self
            .families
            .get(family)
            .filter(|kin| kin.expires_at > now)?;
        Some(Family {
            id: kin.grant,
            granted: self.granted(&kin.grant, now)?,
            latest: kin.current,
            expires_at: kin.expires_at.min(self.stands_until(&kin.grant)?),
        })
    }

    fn rotate(&mut self, asked: &Rotation, now: Time) -> Rotated {
        let Some(Family { id, granted, .. }) = self.family(&asked.family, now) else {
            return Rotated::Unknown;
        };
        let Some(family) = self.families.get_mut(&asked.family) else {
            return Rotated::Unknown;
        };
        if family.current == asked.presented {
            family.previous = Some(asked.presented);
            family.current = asked.successor;
            family.rotated_at = now;
            family.expires_at = asked.expires_at;
            return Rotated::Granted(id, Box::new(granted));
        }
        let again = family.previous == Some(asked.presented);
        if again && family.rotated_at > asked.grace_since {
            return Rotated::Granted(id, Box::new(granted));
        }
        self.revoke(&id);
        Rotated::Reused(granted.grant.client_id)
    }
}

#[async_trait]
impl RefreshTokens for MemoryStore {
    async fn family(&self, family: &Digest, now: Time) -> Result<Option<Family>, StoreError> {
        Ok(self.step("find a refresh token")?.family(family, now))
    }

    async fn rotate(&self, rotation: Rotation, now: Time) -> Result<Rotated, StoreError> {
        Ok(self.step("refresh a token")?.rotate(&rotation, now))
    }
}
