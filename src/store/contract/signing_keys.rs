//! Sealed signing keys.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::keys::SealedKey;
use crate::store::Store;
use crate::store::contract::fixture::at;

fn key(kid: &str, alg: &str, seconds: i64) -> SealedKey {
    SealedKey {
        kid: kid.to_owned(),
        alg: alg.to_owned(),
        sealed: kid.as_bytes().to_vec(),
        created_at: at(seconds),
    }
}

pub(super) async fn the_first_key_of_an_algorithm_is_kept(store: impl Store) {
    let first = key("first", "RS256", 5);
    assert_eq!(store.insert_if_absent(first.clone()).await.unwrap(), first);
    let second = key("second", "RS256", 1);
    assert_eq!(store.insert_if_absent(second).await.unwrap(), first);
    assert_eq!(store.keys().await.unwrap(), [first]);
}

pub(super) async fn processes_that_start_at_once_all_get_the_same_key(store: impl Store + 'static) {
    let store = Arc::new(store);
    let mut processes = JoinSet::new();
    for process in 0..16 {
        let store = Arc::clone(&store);
        let key = key(&process.to_string(), "ES256", process);
        processes.spawn(async move { store.insert_if_absent(key).await.unwrap() });
    }
    let kept = single_key(&processes.join_all().await);
    assert_eq!(store.keys().await.unwrap(), [kept]);
}

fn single_key(keys: &[SealedKey]) -> SealedKey {
    let first = keys[0].clone();
    assert!(keys.iter().all(|key| *key == first));
    first
}

pub(super) async fn keys_are_listed_oldest_first(store: impl Store) {
    assert_eq!(store.keys().await.unwrap(), []);
    let newer = key("a", "RS256", 9);
    let older = key("b", "ES256", 1);
    for key in [&newer, &older] {
        store.insert_if_absent(key.clone()).await.unwrap();
    }
    assert_eq!(store.keys().await.unwrap(), [older, newer]);
}
