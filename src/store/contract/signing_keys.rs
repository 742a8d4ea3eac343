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
        signs_from: at(seconds),
        revoked_at: None,
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

pub(super) async fn of_replicas_that_rotate_one_stores_its_key(store: impl Store + 'static) {
    let store = Arc::new(store);
    store
        .insert_if_absent(key("first", "ES256", 1))
        .await
        .unwrap();
    let mut replicas = JoinSet::new();
    for replica in 0..16 {
        let store = Arc::clone(&store);
        let key = key(&replica.to_string(), "ES256", 100 + replica);
        replicas.spawn(async move { store.insert_next(key, "first").await.unwrap() });
    }
    let stored = replicas.join_all().await;
    assert_eq!(stored.into_iter().filter(|stored| *stored).count(), 1);
    assert_eq!(store.keys().await.unwrap().len(), 2);
}

pub(super) async fn the_next_key_follows_the_last_one_of_its_algorithm(store: impl Store) {
    for key in [key("a", "ES256", 1), key("other", "RS256", 50)] {
        store.insert_if_absent(key).await.unwrap();
    }
    let mut next = key("b", "ES256", 2);
    next.signs_from = at(90);
    assert!(!store.insert_next(next.clone(), "other").await.unwrap());
    assert!(store.insert_next(next.clone(), "a").await.unwrap());
    assert!(!store.insert_next(key("c", "ES256", 99), "a").await.unwrap());
    let stored = store.keys().await.unwrap();
    assert_eq!(
        stored,
        [key("a", "ES256", 1), next, key("other", "RS256", 50)]
    );
}

pub(super) async fn new_keys_can_revoke_those_before_them(store: impl Store) {
    for key in [key("a", "ES256", 1), key("other", "RS256", 2)] {
        store.insert_if_absent(key).await.unwrap();
    }
    store
        .insert_keys(vec![key("b", "ES256", 3)], None)
        .await
        .unwrap();
    let is_revoked = async || {
        let keys = store.keys().await.unwrap();
        keys.into_iter()
            .map(|key| key.revoked_at)
            .collect::<Vec<_>>()
    };
    assert_eq!(is_revoked().await, [None, None, None]);
    store
        .insert_keys(vec![key("c", "ES256", 4)], Some(at(4)))
        .await
        .unwrap();
    store
        .insert_keys(vec![key("d", "ES256", 5)], Some(at(5)))
        .await
        .unwrap();
    let revoked = [Some(at(4)), None, Some(at(4)), Some(at(5)), None];
    assert_eq!(is_revoked().await, revoked);
    let next = key("e", "ES256", 9);
    assert!(
        !store.insert_next(next.clone(), "c").await.unwrap(),
        "c is revoked"
    );
    assert!(store.insert_next(next, "d").await.unwrap());
}

pub(super) async fn keys_are_removed_by_their_identifiers(store: impl Store) {
    store.insert_if_absent(key("a", "ES256", 1)).await.unwrap();
    store.insert_if_absent(key("b", "RS256", 2)).await.unwrap();
    let kids = ["a", "unknown"].map(str::to_owned).to_vec();
    assert_eq!(store.remove_keys(kids).await.unwrap(), 1);
    assert_eq!(store.keys().await.unwrap(), [key("b", "RS256", 2)]);
}
