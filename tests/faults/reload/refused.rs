//! Reloads that are refused: for the configuration, or for the caller.

use std::fs;

use reqwest::Method;
use serde_json::json;

use super::{
    TOKEN, admin_tokens, edit, hang_up_until, launch, logged, post_reload, section_of, start,
};
use crate::support::browser::Browser;

#[tokio::test]
async fn a_broken_file_changes_nothing_and_says_where_the_mistake_is() {
    let (portal, program) = start("").await;
    let at = program.config_file().display().to_string();
    for (mistake, key, problem, remedy) in [
        (
            section_of("app"),
            "clients[1].client_id",
            "`app` is there twice",
            "give each client a name of its own",
        ),
        (
            "[limits]\nlaunches_per_minut = 1\n".to_owned(),
            "limits.launches_per_minut",
            "there is no such key",
            "did you mean `launches_per_minute`?",
        ),
    ] {
        let good = fs::read_to_string(program.config_file()).unwrap();
        // The mistake comes with a client that is all right: it does not count either.
        edit(&program, "", &format!("{mistake}{}", section_of("wiki")));
        let line = format!(
            "{at}: {key}: {problem}; {remedy}. The configuration that was read before stays"
        );
        hang_up_until(&program, &line).await;
        assert!(
            logged(&program)
                .lines()
                .all(|it| !it.contains(&line) || it.contains("ERROR"))
        );

        let answer = post_reload(&program, Some(TOKEN)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let document = answer.json();
        assert_eq!(
            document["errors"],
            json!([{ "file": at, "key": key, "problem": problem, "remedy": remedy }])
        );
        assert_eq!(
            (&document["status"], &document["title"]),
            (&json!(422), &json!("Unprocessable Entity"))
        );
        assert_eq!(launch(&program, &portal, "wiki").await.status, 404);
        assert_eq!(launch(&program, &portal, "app").await.status, 303);
        fs::write(program.config_file(), good).unwrap();
        assert_eq!(post_reload(&program, Some(TOKEN)).await.status, 200);
    }
    fs::write(program.config_file(), "issuer = [").unwrap();
    let answer = post_reload(&program, Some(TOKEN)).await;
    assert_eq!(answer.json()["errors"][0]["file"], at);
    assert_eq!(launch(&program, &portal, "app").await.status, 303);
}

#[tokio::test]
async fn a_reload_takes_a_token_with_its_scope() {
    let (_portal, program) = start("").await;
    let scim = format!("scim-{TOKEN}");
    for (token, status) in [
        (None, 401),
        (Some("wrong"), 401),
        (Some(scim.as_str()), 403),
    ] {
        let answer = post_reload(&program, token).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.json()["status"], status);
        assert_eq!(
            answer.headers.contains_key("www-authenticate"),
            status == 401
        );
    }
    let reloads = || logged(&program).matches("was reloaded").count();
    let url = format!("{}/reload", program.admin);
    let answer = Browser::new()
        .send(Method::GET, url, |it| it.bearer_auth(TOKEN))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (405, "POST")
    );
    let public = program.at("/reload");
    let answer = Browser::new()
        .send(Method::POST, public, |it| it.bearer_auth(TOKEN))
        .await;
    assert_eq!(answer.status, 404);
    assert_eq!(reloads(), 0);
    assert_eq!(post_reload(&program, Some(TOKEN)).await.status, 200);
    // A token that is taken out is refused from then on.
    edit(&program, &admin_tokens(), "");
    hang_up_until(&program, "(SIGHUP); changed: admin.tokens").await;
    assert_eq!(post_reload(&program, Some(TOKEN)).await.status, 401);
}
