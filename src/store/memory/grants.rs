//! Codes and grants in memory.

use async_trait::async_trait;

use super::{Kept, Kin, MemoryStore, Time};
use crate::crypto::handle::Digest;
use crate::oauth::grant::{Grant, Granted};
use crate::store::{Grants, NewFamily, StoreError, Taken};

pub(super) struct Issued {
    pub grant: Grant,
    pub code_expires_at: Time,
    pub redeemed: bool,
    pub revoked: bool,
    pub expires_at: Time,
}

impl Kept {
    fn take(&mut self, code: &Digest, family: Option<NewFamily>, now: Time) -> Taken {
        let Some(issued) = self.grants.get(code).filter(|g| g.expires_at > now) else {
            return Taken::Unknown;
        };
        let session = self.session(&issued.grant.sid, now);
        let Some(issued) = self.grants.get_mut(code) else {
            return Taken::Unknown;
        };
        if issued.redeemed {
            issued.revoked = true;
            return Taken::Reused(issued.grant.client_id.clone());
        }
        let Some(session) = session.filter(|_| issued.code_expires_at > now) else {
            return Taken::Unknown;
        };
        issued.redeemed = true;
        let grant = issued.grant.clone();
        let granted = Granted {
            link: self.link(&grant.subject, &grant.client_id),
            user: session.user,
            grant,
        };
        if let Some(family) = family.filter(|_| granted.grant.refreshable)
            && let Some(issued) = self.grants.get_mut(code)
        {
            issued.expires_at = family.keep_until;
            self.families
                .insert(family.family, Kin::begin(*code, family, now));
        }
        Taken::Granted(Box::new(granted))
    }

    pub(super) fn granted(&self, id: &Digest, now: Time) -> Option<Granted> {
        let issued = self.grants.get(id)?;
        let lives = issued.grant.is_offline() || self.session(&issued.grant.sid, now).is_some();
        let stands = issued.redeemed && !issued.revoked && issued.expires_at > now && lives;
        let user = self.users.get(&issued.grant.subject).filter(|_| stands)?;
        Some(Granted {
            grant: issued.grant.clone(),
            user: user.clone(),
            link: self.link(&issued.grant.subject, &issued.grant.client_id),
        })
    }

    /// Until when a grant can stand: its own end, or that of its session.
    pub(super) fn stands_until(&self, id: &Digest) -> Option<Time> {
        let issued = self.grants.get(id)?;
        if issued.grant.is_offline() {
            return Some(issued.expires_at);
        }
        let session = self.sessions.get(&issued.grant.sid)?;
        Some(issued.expires_at.min(session.expires_at))
    }

    pub(super) fn revoke(&mut self, id: &Digest) {
        if let Some(issued) = self.grants.get_mut(id) {
            issued.revoked = true;
        }
    }
}

#[async_trait]
impl Grants for MemoryStore {
    async fn issue(
        &self,
        code: &Digest,
        grant: Grant,
        code_expires_at: Time,
        keep_until: Time,
    ) -> Result<(), StoreError> {
        let mut kept = self.step("issue a code")?;
        if kept.sessions.contains_key(&grant.sid) {
            let client = grant.client_id.as_str().to_owned();
            kept.session_clients.insert((grant.sid.clone(), client));
        }
        let issued = Issued {
            grant,
            code_expires_at,
            redeemed: false,
            revoked: false,
            expires_at: keep_until,
        };
        kept.grants.insert(*code, issued);
        Ok(())
    }

    async fn take(
        &self,
        code: &Digest,
        family: Option<NewFamily>,
        now: Time,
    ) -> Result<Taken, StoreError> {
        Ok(self.step("redeem a code")?.take(code, family, now))
    }

    async fn granted(&self, id: &Digest, now: Time) -> Result<Option<Granted>, StoreError> {
        Ok(self.step("find a grant")?.granted(id, now))
    }

    async fn revoke(&self, id: &Digest) -> Result<(), StoreError> {
        self.step("revoke a grant")?.revoke(id);
        Ok(())
    }
}
