//! Users who already have an account in Keycloak are linked to it by a table that an operator imports.

use std::fs;

use panda_oidc_panda::simulator::Person;

use super::admin_linking::DEPARTMENT;
use super::cli::run_cli;
use super::stage::{ClientSettings, ES256, Stage};
use crate::support::CHEN_TAO;
use crate::support::app::claims;
use crate::support::browser::Browser;

/// A table of Panda ID and username. The file is in GB18030, as spreadsheets in China save it.
const ACCOUNTS_CSV: &str = "编号,账号\r\n1,chentao\r\n";

const LIN_XIAO_YU: u64 = 204;

/// Linked users keep the username and the email address of their account. Other users get a username
/// and an address that no existing account has, so they cannot match one.
const SEPARATE_USERNAMES: ClientSettings = ClientSettings {
    client: "email = '{% if not link.username %}{{ user.id }}@panda.invalid{% endif %}'\n\
        claims = { preferred_username = \"{{ link.username or 'panda-' ~ user.id }}\" }",
    ..ES256
};

/// Imports [`ACCOUNTS_CSV`] with `panda-oidc links import`.
async fn import_links(stage: &Stage) {
    let file = stage.program.folder().join("accounts.csv");
    let (bytes, ..) = encoding_rs::GB18030.encode(ACCOUNTS_CSV);
    fs::write(&file, bytes).unwrap();
    run_cli(&stage.program, &["links", "import", file.to_str().unwrap()]).await;
}

/// Signs in `user`. Returns the id and the username of the Keycloak account.
async fn sign_in(stage: &Stage, user: u64) -> (String, String) {
    let responses = stage.click(&mut Browser::new(), user).await;
    let tokens = stage.app.tokens(&responses).await;
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let text = |claim: &str| id_token[claim].as_str().unwrap().to_owned();
    (text("sub"), text("preferred_username"))
}

#[tokio::test]
async fn a_linked_user_signs_in_to_their_existing_account() {
    let stage = Stage::start("joined", SEPARATE_USERNAMES).await;
    let person = Person::new(LIN_XIAO_YU, "林小雨", "");
    stage.portal.add_user(person);
    stage.admin.link_existing_accounts().await;
    let old = stage.admin.create_user("chentao", "chentao@water.cn").await;
    let unrelated = stage.admin.create_user("204", "stranger@water.cn").await;
    import_links(&stage).await;

    let account = sign_in(&stage, CHEN_TAO).await;
    assert_eq!(account, (old.clone(), "chentao".to_owned()));
    assert_eq!(stage.admin.users().await.len(), 2);
    assert_eq!(stage.admin.linked_user_ids(&old).await, ["1"]);
    let user = stage.admin.user("chentao").await;
    assert_eq!(user["attributes"][DEPARTMENT][0], "调度中心");
    assert_eq!(user["email"], "chentao@water.cn");
    assert_eq!(user["emailVerified"], true);
    assert_eq!(user["firstName"], "涛", "as the portal has it");

    let (new, name) = sign_in(&stage, LIN_XIAO_YU).await;
    assert!(![&old, &unrelated].contains(&&new), "somebody else's");
    assert_eq!(name, "panda-204");
    assert_eq!(stage.admin.linked_user_ids(&new).await, ["204"]);
    assert!(stage.admin.linked_user_ids(&unrelated).await.is_empty());

    let account = sign_in(&stage, CHEN_TAO).await;
    assert_eq!(account, (old, "chentao".to_owned()));
    assert_eq!(stage.admin.users().await.len(), 3);
}

#[tokio::test]
async fn a_user_who_is_linked_late_moves_once_keycloak_unlinks_the_new_account() {
    let stage = Stage::start("joined-late", SEPARATE_USERNAMES).await;
    stage.admin.link_existing_accounts().await;
    let old = stage.admin.create_user("chentao", "chentao@water.cn").await;
    let (new, name) = sign_in(&stage, CHEN_TAO).await;
    assert_eq!(name, "panda-1");

    import_links(&stage).await;
    let account = sign_in(&stage, CHEN_TAO).await;
    assert_eq!(account, (new.clone(), "panda-1".to_owned()));

    stage.admin.unlink(&new).await;
    let account = sign_in(&stage, CHEN_TAO).await;
    assert_eq!(account, (old, "chentao".to_owned()));
}

#[tokio::test]
async fn no_user_can_take_the_email_that_another_users_first_login_matches() {
    let stage = Stage::start("joined-address", SEPARATE_USERNAMES).await;
    let person = Person::new(LIN_XIAO_YU, "林小雨", "");
    stage.portal.add_user(person);
    stage.admin.link_existing_accounts().await;
    let old = stage.admin.create_user("chentao", "chentao@water.cn").await;
    import_links(&stage).await;
    let responses = stage.click(&mut Browser::new(), CHEN_TAO).await;
    let tokens = stage.app.tokens(&responses).await;

    let access_token = tokens["access_token"].as_str().unwrap();
    let (status, body) = stage
        .admin
        .change_email(access_token, "204@panda.invalid")
        .await;
    let (account, _) = sign_in(&stage, LIN_XIAO_YU).await;
    assert_ne!(account, old);
    assert_eq!(status, 400, "{body}");
}
