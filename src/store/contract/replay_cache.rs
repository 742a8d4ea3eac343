//! The replay cache.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::store::Store;
use crate::store::contract::fixture::{at, digest};

pub(super) async fn a_key_is_inserted_once(store: impl Store) {
    let key = digest("a");
    assert!(!store.contains(&key, at(0)).await.unwrap());
    assert!(store.insert_once(&key, at(60), at(0)).await.unwrap());
    assert!(store.contains(&key, at(0)).await.unwrap());
    assert!(!store.insert_once(&key, at(60), at(1)).await.unwrap());
    assert!(!store.insert_once(&key, at(600), at(59)).await.unwrap());
    assert!(!store.contains(&digest("b"), at(0)).await.unwrap());
    assert!(
        store
            .insert_once(&digest("b"), at(60), at(0))
            .await
            .unwrap()
    );
}

pub(super) async fn of_concurrent_inserts_one_succeeds(store: impl Store + 'static) {
    let store = Arc::new(store);
    for key in ["a", "b", "c"] {
        let mut race = JoinSet::new();
        for _ in 0..16 {
            let store = Arc::clone(&store);
            race.spawn(async move {
                store
                    .insert_once(&digest(key), at(60), at(0))
                    .await
                    .unwrap()
            });
        }
        let inserted = race
            .join_all()
            .await
            .into_iter()
            .filter(|inserted| *inserted)
            .count();
        assert_eq!(inserted, 1);
    }
}

pub(super) async fn a_key_can_be_inserted_again_once_it_has_expired(store: impl Store) {
    let key = digest("a");
    assert!(store.insert_once(&key, at(60), at(0)).await.unwrap());
    assert!(store.contains(&key, at(59)).await.unwrap());
    assert!(!store.contains(&key, at(60)).await.unwrap());
    assert!(store.insert_once(&key, at(90), at(60)).await.unwrap());
    assert!(!store.insert_once(&key, at(90), at(89)).await.unwrap());
}

pub(super) async fn a_sweep_removes_expired_keys(store: impl Store) {
    for number in 0..450 {
        let key = digest(&number.to_string());
        assert!(store.insert_once(&key, at(60), at(0)).await.unwrap());
    }
    assert!(
        store
            .insert_once(&digest("later"), at(61), at(0))
            .await
            .unwrap()
    );
    assert_eq!(store.sweep(at(59)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(60)).await.unwrap(), 450);
    assert!(store.contains(&digest("later"), at(60)).await.unwrap());
    assert_eq!(store.sweep(at(61)).await.unwrap(), 1);
    assert!(!store.contains(&digest("later"), at(0)).await.unwrap());
}
