//! The tokens of the admin API.

use crate::admin::{Scope, Token};
use crate::crypto::identifiers::AdminTokenHash;
use crate::store::Store;
use crate::store::contract::fixture::{at, digest};

fn token(id: &str, name: &str, seconds: i64, expires: Option<i64>) -> Token {
    Token {
        id: id.to_owned(),
        name: name.parse().unwrap(),
        scopes: vec![Scope::KeysRead, Scope::SessionsWrite],
        created_at: at(seconds),
        expires_at: expires.map(at),
    }
}

fn hash(secret: &str) -> AdminTokenHash {
    digest(secret)
}

pub(super) async fn an_admin_token_is_found_only_by_the_hash_of_its_secret(store: impl Store) {
    let console = token("b", "运维控制台", 1, Some(9));
    assert!(store.add_admin_token(&console, &hash("one")).await.unwrap());
    let found = store.admin_token(&hash("one")).await.unwrap();
    assert_eq!(found, Some(console));
    assert_eq!(store.admin_token(&hash("two")).await.unwrap(), None);
}

pub(super) async fn admin_tokens_are_listed_oldest_first(store: impl Store) {
    assert_eq!(store.admin_tokens().await.unwrap(), []);
    let newer = token("a", "newer", 5, None);
    let older = token("b", "older", 1, Some(2));
    for (token, secret) in [(&newer, "newer"), (&older, "older")] {
        assert!(store.add_admin_token(token, &hash(secret)).await.unwrap());
    }
    assert_eq!(store.admin_tokens().await.unwrap(), [older, newer]);
}

pub(super) async fn the_name_of_an_admin_token_is_unique(store: impl Store) {
    let first = token("a", "console", 1, None);
    assert!(store.add_admin_token(&first, &hash("first")).await.unwrap());
    let second = token("b", "console", 2, None);
    assert!(
        !store
            .add_admin_token(&second, &hash("second"))
            .await
            .unwrap()
    );
    assert_eq!(store.admin_token(&hash("second")).await.unwrap(), None);
    assert_eq!(store.admin_tokens().await.unwrap(), [first]);
}

pub(super) async fn a_revoked_admin_token_is_gone_and_its_name_is_free(store: impl Store) {
    let console = token("a", "console", 1, None);
    assert!(store.add_admin_token(&console, &hash("one")).await.unwrap());
    let revoked = store.revoke_admin_token("a").await.unwrap();
    assert_eq!(revoked.as_ref(), Some(&console));
    assert_eq!(store.admin_token(&hash("one")).await.unwrap(), None);
    assert_eq!(store.revoke_admin_token("a").await.unwrap(), None);
    assert!(store.add_admin_token(&console, &hash("two")).await.unwrap());
}
