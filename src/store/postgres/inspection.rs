//! Looks at a database without creating, migrating or changing anything, for `panda-oidc check`.

use super::schema::KNOWN;
use super::{PostgresSettings, PostgresStore, readings, signing_keys};
use crate::store::{Inspection, StoreError};

impl PostgresStore {
    /// Looks at the database, which providers may be using. `None` if the provider will create the tables.
    ///
    /// # Errors
    ///
    /// What would keep [`open`](Self::open) from opening it.
    pub async fn inspect(settings: &PostgresSettings) -> Result<Option<Inspection>, StoreError> {
        let store = Self::new(settings);
        let version = store.version().await?;
        store.refuse_newer(version)?;
        if version.found == 0 {
            return Ok(None);
        }
        store
            .run("read its database", |mut sql| async move {
                Ok(Some(Inspection {
                    is_older: version.found < KNOWN,
                    keys: signing_keys::keys(&mut sql).await?,
                    report: readings::report(&mut sql).await?,
                }))
            })
            .await
    }
}
