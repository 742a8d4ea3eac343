//! Clients that come and go.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{
    TOKEN, client, edit, edit_top, hang_up_until, keys_of, launch, logged, post_reload, section_of,
    start, until_logged,
};
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::program::{CLIENT_SECRET, REDIRECT_URI};
use crate::support::until;
use crate::tools::{signed_in, tokens};

#[tokio::test]
async fn a_client_that_is_added_logs_people_in_at_once() {
    let (portal, program) = start("").await;
    assert_eq!(launch(&program, &portal, "wiki").await.status, 404);
    edit(&program, "", &section_of("wiki"));
    assert_eq!(launch(&program, &portal, "wiki").await.status, 404);
    hang_up_until(&program, "(SIGHUP); changed: clients.wiki").await;
    assert!(logged(&program).contains("The client wiki is new"));
    let mut browser = signed_in(&program, &portal).await;
    let wiki = client(&program, "wiki");
    let code = wiki.login(&mut browser).await;
    assert_eq!(wiki.redeem(&code).await.status, 200);
    // The other client and its sessions are as before.
    tokens(&program, &mut browser).await;
}

#[tokio::test]
async fn a_client_that_is_removed_is_out_at_once() {
    let wiki_section = section_of("wiki");
    let (portal, program) = start(&format!("refresh_token = 'always'\n{wiki_section}")).await;
    let (app, wiki) = (program.client(), client(&program, "wiki"));
    let mut browser = signed_in(&program, &portal).await;
    let code = wiki.login(&mut browser).await;
    let granted = wiki.redeem(&code).await.json();
    let (access, refresh) = (
        granted["access_token"].as_str(),
        granted["refresh_token"].as_str(),
    );
    let (access, refresh) = (access.unwrap(), refresh.unwrap());
    let unused_code = wiki.login(&mut browser).await;
    let own = tokens(&program, &mut browser).await;
    assert_eq!(wiki.userinfo(access).await.status, 200);

    edit(&program, &wiki_section, "");
    let answer = post_reload(&program, Some(TOKEN)).await;
    assert_eq!(
        answer.json(),
        json!({
            "changed": ["clients.wiki"], "added_clients": [], "removed_clients": ["wiki"],
            "needs_restart": [],
        })
    );
    for answer in [
        wiki.redeem(&unused_code).await,
        wiki.refresh(refresh).await,
        wiki.userinfo(access).await,
        wiki.post_token("/introspect", access).await,
    ] {
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    let seen = app.post_token("/introspect", access).await.json();
    assert_eq!(seen, json!({ "active": false }));
    assert_eq!(launch(&program, &portal, "wiki").await.status, 404);
    let refused = browser.get(wiki.authorize_url(&[])).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    // The session and the other client go on.
    let refreshed = app.refresh(own["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    tokens(&program, &mut browser).await;
}

/// The head of a token request arrives before its client is removed, and its body afterwards.
#[tokio::test]
async fn a_request_ends_with_the_configuration_it_began_with() {
    let wiki_section = section_of("wiki");
    let (portal, program) = start(&wiki_section).await;
    let wiki = client(&program, "wiki");
    let mut browser = signed_in(&program, &portal).await;
    let code = wiki.login(&mut browser).await;
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={VERIFIER}\
         &client_id=wiki&client_secret={CLIENT_SECRET}",
        REDIRECT_URI.replace(':', "%3A").replace('/', "%2F"),
    );
    let address = program.issuer.trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    connection.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100");

    edit(&program, &wiki_section, "");
    assert_eq!(post_reload(&program, Some(TOKEN)).await.status, 200);
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
    let (_, granted) = answer.rsplit_once("\r\n\r\n").unwrap();
    let granted: Value = serde_json::from_str(granted).unwrap();
    // The next request is one of the new configuration.
    let refused = wiki
        .refresh(granted["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["error"].as_str()),
        (401, Some("invalid_client"))
    );
}

#[tokio::test]
async fn a_folder_of_clients_is_followed() {
    let (portal, mut program) = start("").await;
    let folder = program.folder().join("clients");
    fs::create_dir(&folder).unwrap();
    let file = |name: &str| -> PathBuf { folder.join(name) };
    let write = |name: &str, text: &str| {
        // As deployment tools do it: a file is there as a whole or not at all.
        fs::write(file(".new"), text).unwrap();
        fs::rename(file(".new"), file(name)).unwrap();
    };
    write("wiki.toml", &keys_of("wiki"));
    write("notes.txt", "no client");
    edit_top(&program, "clients_dir = 'clients'\nreload_on_change = true");
    program.restart().await;
    assert_eq!(launch(&program, &portal, "wiki").await.status, 303);

    let secret = file("secret");
    fs::write(&secret, "a-secret-of-its-own-0123456789").unwrap();
    let keys = keys_of("gis").replace(
        &format!("client_secret = '{CLIENT_SECRET}'"),
        "client_secret_file = 'secret'",
    );
    write("gis.toml", &keys);
    until_logged(&program, "(reload_on_change); changed: clients.gis").await;
    let mut browser = signed_in(&program, &portal).await;
    let with = |secret: &str| RelyingParty {
        client_secret: Some(secret.to_owned()),
        ..client(&program, "gis")
    };
    let (old, new) = (
        with("a-secret-of-its-own-0123456789"),
        with("another-secret-0123456789"),
    );
    let code = old.login(&mut browser).await;
    assert_eq!(old.redeem(&code).await.status, 200);

    // The file of a secret is followed as well.
    fs::write(&secret, "another-secret-0123456789").unwrap();
    let accepted = async || {
        let code = new.login(&mut browser).await;
        new.redeem(&code).await.status == 200
    };
    until("the new secret", accepted).await;
    let code = old.login(&mut browser).await;
    assert_eq!(old.redeem(&code).await.status, 401);

    write(
        "wiki.toml",
        &keys_of("wiki").replace("redirect_uris", "redirect_urls"),
    );
    let mistake = format!(
        "{}: redirect_urls: there is no such key; did you mean `redirect_uris`?",
        file("wiki.toml").display()
    );
    until_logged(&program, &mistake).await;
    write(
        "wiki.toml",
        &keys_of("wiki").replace(REDIRECT_URI, "no address"),
    );
    let mistake = format!("{}: redirect_uris", file("wiki.toml").display());
    until_logged(&program, &mistake).await;
    assert_eq!(launch(&program, &portal, "wiki").await.status, 303);

    fs::remove_file(file("wiki.toml")).unwrap();
    until_logged(&program, "The client wiki is gone").await;
    assert_eq!(launch(&program, &portal, "wiki").await.status, 404);
    fs::remove_dir_all(&folder).unwrap();
    until_logged(&program, "clients_dir: ").await;
    assert_eq!(launch(&program, &portal, "gis").await.status, 303);
}
