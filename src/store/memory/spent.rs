//! What is spent, in memory.

use async_trait::async_trait;

use super::{MemoryStore, Time};
use crate::crypto::handle::Digest;
use crate::store::{Spending, StoreError};

#[async_trait]
impl Spending for MemoryStore {
    async fn spend(&self, name: &Digest, until: Time, now: Time) -> Result<bool, StoreError> {
        let mut kept = self.step("spend what is good for one use")?;
        let spent = kept.spent.get(name).is_some_and(|until| *until > now);
        if !spent {
            kept.spent.insert(*name, until);
        }
        Ok(!spent)
    }

    async fn is_spent(&self, name: &Digest, now: Time) -> Result<bool, StoreError> {
        let kept = self.step("find what is spent")?;
        Ok(kept.spent.get(name).is_some_and(|until| *until > now))
    }
}
