//! Loads the signing keys from the store, and generates those that are missing.

use std::path::Path;

use panda_oidc_sdk::Clock;

use super::error::StartError;
use crate::crypto::{MasterKeyError, Sealer};
use crate::keys::{Keys, KeysError, SealedKey, SigningAlg};
use crate::store::SealedKeys;

/// Loads the keys, and generates one for each algorithm that has none. Processes that start at the
/// same time get the same keys: the store keeps the first key of an algorithm.
///
/// # Errors
///
/// When the store fails, or holds a key that cannot be opened.
pub async fn load_or_generate(
    store: &dyn SealedKeys,
    sealer: &Sealer,
    clock: &dyn Clock,
) -> Result<Keys, StartError> {
    let mut keys = store.keys().await?;
    for alg in SigningAlg::ALL {
        if !keys.iter().any(|key| key.alg == alg.as_str()) {
            let generated = SealedKey::generate(alg, sealer, clock.now())?;
            keys.push(store.insert_if_absent(generated).await?);
        }
    }
    Ok(Keys::open(&keys, sealer, clock.now())?)
}

/// Names the master key file in an error about a key that it does not open.
pub(super) fn other_master_key(error: StartError, file: &Path) -> StartError {
    match error {
        StartError::Keys(KeysError::OtherMasterKey(_)) => {
            MasterKeyError::Other(file.to_owned()).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::SystemClock;

    use super::*;
    use crate::crypto::{MasterKey, Purpose};
    use crate::store::SqliteStore;

    fn sealer() -> Sealer {
        MasterKey::random(&mut rand::rng()).sealer(Purpose::SigningKeys)
    }

    async fn load(store: &SqliteStore, sealer: &Sealer) -> Result<Keys, StartError> {
        load_or_generate(store, sealer, &SystemClock).await
    }

    #[tokio::test]
    async fn loading_twice_gives_the_same_keys() {
        let (store, sealer) = (SqliteStore::temporary().unwrap(), sealer());
        let first = load(&store, &sealer).await.unwrap();
        let again = load(&store, &sealer).await.unwrap();
        assert_eq!(first.jwks(), again.jwks());
    }

    #[tokio::test]
    async fn another_master_key_opens_no_key_and_replaces_none() {
        let store = SqliteStore::temporary().unwrap();
        load(&store, &sealer()).await.unwrap();
        let error = load(&store, &sealer()).await.err();
        let other = matches!(error, Some(StartError::Keys(KeysError::OtherMasterKey(_))));
        assert!(other, "{error:?}");
        assert_eq!(store.keys().await.unwrap().len(), SigningAlg::ALL.len());
    }
}
