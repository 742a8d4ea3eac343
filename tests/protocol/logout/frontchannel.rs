//! Front-Channel Logout 1.0, and the `session_state` of token responses.

use super::*;

#[tokio::test]
async fn frontchannel_logout_uris_are_loaded_in_frames_before_the_redirect() {
    let framed = "frontchannel_logout_uri = 'http://127.0.0.1:9/bye?a=1'\n";
    let provider = provider("", &registration("framed", framed)).await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    tokens(&registered(&provider, "framed"), &mut browser).await;
    let parameters = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "\"><s>"),
    ];
    let page = browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(page.status, 200);
    let issuer = provider.issuer.replace(':', "%3A").replace('/', "%2F");
    let sid = claims(&hint)["sid"].as_str().unwrap().to_owned();
    let frame =
        format!("<iframe src=\"http://127.0.0.1:9/bye?a=1&#38;iss={issuer}&#38;sid={sid}\"");
    assert_contains(&page, &frame);
    assert_eq!(page.body.matches("<iframe").count(), 1);
    let redirect = format!("{POST_LOGOUT_URI}&#38;state=%22%3E%3Cs%3E");
    assert_contains(&page, &format!("data-continue-url=\"{redirect}\""));
    assert_contains(&page, &format!("href=\"{redirect}\""));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("; frame-src http://127.0.0.1:9"),
        "{policy}"
    );
    assert!(policy.contains("; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!browser.cookies.contains_key(SESSION_COOKIE));
}

#[tokio::test]
async fn a_page_loads_twenty_frames_at_most() {
    let clients: String = (0..25)
        .map(|number| {
            let line = format!("frontchannel_logout_uri = 'http://127.0.0.1:9/bye/{number}'");
            registration(&format!("framed-{number:02}"), &line)
        })
        .collect();
    let provider = TestProvider::open_with(&clients, "").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut hint = Value::Null;
    for number in 0..25 {
        let client = registered(&provider, &format!("framed-{number:02}"));
        hint = tokens(&client, &mut browser).await["id_token"].clone();
    }
    let hint = hint.as_str().unwrap();
    let page = browser
        .get(logout_url(&provider, &[("id_token_hint", hint)]))
        .await;
    assert_eq!(page.body.matches("<iframe").count(), 20);
    assert!(
        !page.body.contains("<script"),
        "there is no redirect to follow"
    );
}

#[tokio::test]
async fn the_token_response_has_session_state_for_older_keycloaks() {
    let provider = TestProvider::open().await;
    let tokens = tokens_of(&provider, "keycloak").await;
    let sid = &claims(tokens["id_token"].as_str().unwrap())["sid"];
    assert_eq!(&tokens["session_state"], sid);
}
