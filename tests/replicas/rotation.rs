//! An emergency rotation by the command: all processes sign with the new keys and refuse the old ones, without a
//! restart.

use std::process::Command;

use jsonwebtoken::decode_header;
use jsonwebtoken::jwk::JwkSet;

use crate::fleet::{Fleet, text};
use crate::support::browser::Browser;
use crate::support::program::BINARY;
use crate::support::until;

async fn jwks(fleet: &Fleet, number: usize) -> JwkSet {
    let answer = Browser::new().get(fleet.programs[number].at("/jwks")).await;
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn processes_agree_on_the_keys_after_an_emergency_rotation() {
    let fleet = Fleet::start(2, "").await;
    let mut browser = fleet.signed_in(0).await;
    let old = fleet.tokens(1, &mut browser).await;
    let old_kid = decode_header(text(&old, "id_token")).unwrap().kid.unwrap();
    let rotated = Command::new(BINARY)
        .args(["keys", "rotate", "--now", "--revoke", "--yes", "--config"])
        .arg(fleet.programs[0].config_file())
        .envs(fleet.variables())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert!(
        rotated.status.success(),
        "{}",
        String::from_utf8_lossy(&rotated.stderr)
    );
    for number in [0, 1] {
        until("the old key is gone", async || {
            jwks(&fleet, number).await.find(&old_kid).is_none()
        })
        .await;
    }
    assert_eq!(jwks(&fleet, 0).await, jwks(&fleet, 1).await);
    for number in [0, 1] {
        let tokens = fleet.tokens(number, &mut browser).await;
        let kid = decode_header(text(&tokens, "id_token"))
            .unwrap()
            .kid
            .unwrap();
        assert!(
            jwks(&fleet, 1 - number).await.find(&kid).is_some(),
            "signed by an unknown key"
        );
        let app = fleet.app(1 - number);
        assert_eq!(
            app.userinfo(text(&tokens, "access_token")).await.status,
            200
        );
        assert_eq!(app.userinfo(text(&old, "access_token")).await.status, 401);
        assert_eq!(
            app.refresh(text(&tokens, "refresh_token")).await.status,
            200
        );
    }
}
