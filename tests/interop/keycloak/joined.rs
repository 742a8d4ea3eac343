//! People who had accounts in Keycloak meet them, by a table an operator imports.

use std::fs;

use panda_oidc_panda::simulator::Person;

use super::joining::DEPARTMENT;
use super::operator::operate;
use super::stage::{ES256, Stage, Terms};
use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;

/// As a spreadsheet in China saves it.
const TABLE: &str = "编号,账号\r\n1,chentao\r\n";

const LIN_XIAO_YU: u64 = 204;

/// Who is joined keeps their address, and who is not cannot come by an account that was there before.
const APART: Terms = Terms {
    client: "email = '{% if not link.username %}{{ user.id }}@panda.invalid{% endif %}'\n\
        claims = { preferred_username = \"{{ link.username or 'panda-' ~ user.id }}\" }",
    ..ES256
};

/// Imports [`TABLE`].
async fn import(stage: &Stage) {
    let table = stage.program.folder().join("accounts.csv");
    let (bytes, ..) = encoding_rs::GB18030.encode(TABLE);
    fs::write(&table, bytes).unwrap();
    operate(
        &stage.program,
        &["links", "import", table.to_str().unwrap()],
    )
    .await;
}

/// Logs `user` in, and gives the id of the account they arrive in and its name.
async fn arrive(stage: &Stage, user: u64) -> (String, String) {
    let road = stage.click(&mut Browser::new(), user).await;
    let tokens = stage.app.tokens(&road).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let text = |claim: &str| id_token[claim].as_str().unwrap().to_owned();
    (text("sub"), text("preferred_username"))
}

#[tokio::test]
async fn who_was_joined_arrives_in_the_account_they_had_before() {
    let stage = Stage::set("joined", APART).await;
    let person = Person::new(LIN_XIAO_YU, "林小雨", "");
    stage.portal.add_user(person);
    stage.admin.join_accounts().await;
    let old = stage.admin.make_user("chentao", "chentao@water.cn").await;
    let strangers = stage.admin.make_user("204", "stranger@water.cn").await;
    import(&stage).await;

    let arrived = arrive(&stage, CHEN_TAO).await;
    assert_eq!(arrived, (old.clone(), "chentao".to_owned()));
    assert_eq!(stage.admin.users().await.len(), 2);
    assert_eq!(stage.admin.joined_to(&old).await, ["1"]);
    let user = stage.admin.user("chentao").await;
    assert_eq!(user["attributes"][DEPARTMENT][0], "调度中心");
    assert_eq!(user["email"], "chentao@water.cn");
    assert_eq!(user["emailVerified"], true);
    assert_eq!(user["firstName"], "涛", "as the portal has it");

    let (new, name) = arrive(&stage, LIN_XIAO_YU).await;
    assert!(![&old, &strangers].contains(&&new), "somebody else's");
    assert_eq!(name, "panda-204");
    assert_eq!(stage.admin.joined_to(&new).await, ["204"]);
    assert!(stage.admin.joined_to(&strangers).await.is_empty());

    let arrived = arrive(&stage, CHEN_TAO).await;
    assert_eq!(arrived, (old, "chentao".to_owned()));
    assert_eq!(stage.admin.users().await.len(), 3);
}

#[tokio::test]
async fn who_is_joined_too_late_moves_once_keycloak_forgets_the_new_account() {
    let stage = Stage::set("joined-late", APART).await;
    stage.admin.join_accounts().await;
    let old = stage.admin.make_user("chentao", "chentao@water.cn").await;
    let (new, name) = arrive(&stage, CHEN_TAO).await;
    assert_eq!(name, "panda-1");

    import(&stage).await;
    let arrived = arrive(&stage, CHEN_TAO).await;
    assert_eq!(arrived, (new.clone(), "panda-1".to_owned()));

    stage.admin.part(&new).await;
    let arrived = arrive(&stage, CHEN_TAO).await;
    assert_eq!(arrived, (old, "chentao".to_owned()));
}

#[tokio::test]
async fn nobody_takes_the_address_by_which_another_would_arrive() {
    let stage = Stage::set("joined-address", APART).await;
    let person = Person::new(LIN_XIAO_YU, "林小雨", "");
    stage.portal.add_user(person);
    stage.admin.join_accounts().await;
    let old = stage.admin.make_user("chentao", "chentao@water.cn").await;
    import(&stage).await;
    let road = stage.click(&mut Browser::new(), CHEN_TAO).await;
    let tokens = stage.app.tokens(&road).await;

    let access_token = tokens["access_token"].as_str().unwrap();
    let (status, said) = stage
        .admin
        .take_address(access_token, "204@panda.invalid")
        .await;
    let (arrived, _) = arrive(&stage, LIN_XIAO_YU).await;
    assert_ne!(arrived, old);
    assert_eq!(status, 400, "{said}");
}
