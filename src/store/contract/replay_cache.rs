//! What is good for one use.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::store::Store;
use crate::store::contract::fixture::{at, digest};

pub(super) async fn a_name_is_spent_once(store: impl Store) {
    let name = digest("a");
    assert!(!store.contains(&name, at(0)).await.unwrap());
    assert!(store.insert_once(&name, at(60), at(0)).await.unwrap());
    assert!(store.contains(&name, at(0)).await.unwrap());
    assert!(!store.insert_once(&name, at(60), at(1)).await.unwrap());
    assert!(!store.insert_once(&name, at(600), at(59)).await.unwrap());
    assert!(!store.contains(&digest("b"), at(0)).await.unwrap());
    assert!(
        store
            .insert_once(&digest("b"), at(60), at(0))
            .await
            .unwrap()
    );
}

pub(super) async fn of_many_who_spend_a_name_one_does(store: impl Store + 'static) {
    let store = Arc::new(store);
    for round in ["a", "b", "c"] {
        let mut race = JoinSet::new();
        for _ in 0..16 {
            let store = Arc::clone(&store);
            race.spawn(async move {
                store
                    .insert_once(&digest(round), at(60), at(0))
                    .await
                    .unwrap()
            });
        }
        let won = race.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
    }
}

pub(super) async fn a_name_is_forgotten_when_its_time_is_over(store: impl Store) {
    let name = digest("a");
    assert!(store.insert_once(&name, at(60), at(0)).await.unwrap());
    assert!(store.contains(&name, at(59)).await.unwrap());
    assert!(!store.contains(&name, at(60)).await.unwrap());
    assert!(store.insert_once(&name, at(90), at(60)).await.unwrap());
    assert!(!store.insert_once(&name, at(90), at(89)).await.unwrap());
}

pub(super) async fn a_sweep_takes_the_names_whose_time_is_over(store: impl Store) {
    for number in 0..450 {
        let name = digest(&number.to_string());
        assert!(store.insert_once(&name, at(60), at(0)).await.unwrap());
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
