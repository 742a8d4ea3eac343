//! The guide's way to end everybody's session: it ends the logins and keeps everything else.

use std::process::Command;

use rusqlite::Connection;

use crate::support::browser::Browser;
use crate::support::program::{BINARY, Program};
use crate::tools::{portal, signed_in, tokens};

/// The SQL of a guide: what it has `sqlite3` run on the stopped database.
fn sql_of(guide: &str) -> &str {
    let (_, sql) = guide.split_once("sqlite3 panda-oidc.db \"BEGIN;").unwrap();
    sql.split_once("COMMIT;\"").unwrap().0
}

#[tokio::test]
async fn the_guides_way_to_end_all_sessions_keeps_accounts_and_keys() {
    let sql = sql_of(include_str!("../../docs/operating.md"));
    assert_eq!(sql, sql_of(include_str!("../../docs/operating.zh.md")));
    let portal = portal().await;
    let more = "refresh_token = 'always'";
    let mut program = Program::start(portal.url().as_str(), more).await;
    let mut browser = signed_in(&program, &portal).await;
    let given = tokens(&program, &mut browser).await;
    let (access, refresh) = (&given["access_token"], &given["refresh_token"]);
    let jwks = Browser::new().get(program.at("/jwks")).await.body;
    let links = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command
            .arg("links")
            .args(arguments)
            .arg("--config")
            .arg(program.config_file());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    links(&["set", "1", "--username", "chentao"]);
    let accounts = links(&["list"]);
    assert!(accounts.contains("chentao"));
    assert!(program.stop().await);

    let database = Connection::open(program.data().join("panda-oidc.db")).unwrap();
    database
        .execute_batch(&format!("BEGIN;{sql}COMMIT;"))
        .unwrap();
    drop(database);
    program.restart().await;
    let app = program.client();
    assert_eq!(app.userinfo(access.as_str().unwrap()).await.status, 401);
    let refreshed = app.refresh(refresh.as_str().unwrap()).await;
    assert_eq!(refreshed.json()["error"], "invalid_grant");
    let apps = browser.get(program.at("/launch")).await;
    assert!(apps.body.contains("请从"), "{}", apps.body);
    assert_eq!(Browser::new().get(program.at("/jwks")).await.body, jwks);
    let mut again = signed_in(&program, &portal).await;
    tokens(&program, &mut again).await;
    let output = Command::new(BINARY)
        .args(["links", "list", "--config"])
        .arg(program.config_file())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), accounts);
}
