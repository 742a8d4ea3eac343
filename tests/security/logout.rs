//! Logout: CSRF, forged hints, open redirects, and what still works afterwards (N10 to N12, N34,
//! N48 to N51, N62 and N69, docs/security.md).

use panda_oidc::keys::SigningAlg;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{
    BROWSER, SESSION, TrapServer, access_token, assert_error_page, assert_no_leak, user_of,
};

/// The registered `post_logout_redirect_uri` of the client `app`.
const OUT: &str = "http://127.0.0.1:3000/out";

/// A provider with the default clients and the client `app`.
async fn provider() -> TestProvider {
    let app = format!(
        "[[clients]]\nclient_id = 'app'\nclient_secret = 'app-secret-0123456789'\n\
         redirect_uris = ['http://127.0.0.1:3000/cb']\npost_logout_redirect_uris = ['{OUT}']\n"
    );
    TestProvider::open_with(&app, "").await
}

fn app(provider: &TestProvider) -> RelyingParty {
    RelyingParty {
        client_id: "app".to_owned(),
        client_secret: Some("app-secret-0123456789".to_owned()),
        redirect_uri: "http://127.0.0.1:3000/cb".to_owned(),
        ..provider.client("grafana")
    }
}

async fn id_token(client: &RelyingParty, browser: &mut Browser) -> String {
    let tokens = client.redeem(&client.login(browser).await).await.json();
    tokens["id_token"].as_str().unwrap().to_owned()
}

fn url(provider: &TestProvider, parameters: &[(&str, &str)]) -> Url {
    Url::parse_with_params(&provider.at("/logout"), parameters).unwrap()
}

async fn confirm(provider: &TestProvider, browser: &mut Browser, confirmation: &str) -> Answer {
    let form = [("confirmation", confirmation)];
    browser.post(provider.at("/logout/confirm"), &form).await
}

#[tokio::test]
async fn n48_a_logout_link_asks_for_confirmation() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let hint = id_token(
        &app(&provider),
        &mut provider.signed_in(HEI_LONG_JIANG).await,
    )
    .await;
    for parameters in [
        vec![],
        vec![("client_id", "app")],
        vec![("client_id", "app"), ("post_logout_redirect_uri", OUT)],
        vec![("confirmation", "yes"), ("logout_hint", "1")],
        vec![("id_token_hint", &*hint)],
        vec![("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)],
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = match method {
                Method::GET => browser.get(url(&provider, &parameters)).await,
                _ => browser.post(provider.at("/logout"), &parameters).await,
            };
            assert_eq!(answer.status, 200, "{parameters:?}");
            assert!(answer.body.contains("退出登录？"), "{parameters:?}");
            assert!(answer.set_cookies().is_empty(), "{parameters:?}");
            assert_eq!(answer.header("x-frame-options"), "DENY");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
        }
    }
}

#[tokio::test]
async fn n48_a_logout_is_confirmed_only_from_our_page_in_the_same_browser() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut attacker = provider.signed_in(HEI_LONG_JIANG).await;
    let page = attacker.get(provider.at("/logout")).await;
    let attackers_confirmation = page.field("confirmation");
    let page = browser.get(provider.at("/logout")).await;
    let valid = page.field("confirmation");
    let mut altered = valid.clone().into_bytes();
    altered[20] = if altered[20] == b'A' { b'B' } else { b'A' };
    let session = browser.cookies[SESSION].clone();
    let sealed_switch = provider
        .app
        .switch_sealer
        .seal_text(&json!({}), b"switch")
        .unwrap();
    for confirmation in [
        "",
        "yes",
        &attackers_confirmation,
        &valid[..valid.len() - 1],
        std::str::from_utf8(&altered).unwrap(),
        &session,
        &sealed_switch,
    ] {
        let answer = confirm(&provider, &mut browser, confirmation).await;
        assert_error_page(&answer, 410, confirmation);
        assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    }
    // A form posted by another site carries no cookies. The response must not remove any either.
    let cross_site = confirm(&provider, &mut Browser::new(), &attackers_confirmation).await;
    assert!(
        cross_site.set_cookies().is_empty(),
        "{:?}",
        cross_site.set_cookies()
    );
    let by_get = browser.get(provider.at("/logout/confirm")).await;
    assert_eq!(by_get.status, 405);
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    assert_eq!(confirm(&provider, &mut browser, &valid).await.status, 200);
    assert_eq!(user_of(&provider, &mut browser).await, None);
}

/// Values that must be refused as `id_token_hint`: altered ID tokens, ID tokens with wrong claims that
/// we signed, and other tokens of ours.
async fn invalid_hints(
    provider: &TestProvider,
    browser: &mut Browser,
    id_token: &str,
) -> Vec<(&'static str, String)> {
    let app = app(provider);
    let sign = |typ: &str, claims: &Value| {
        let signed = provider.app.keys.sign(SigningAlg::RS256, typ, claims);
        signed.unwrap()
    };
    let with_claim = |name: &str, value: Value| {
        let mut claims = claims(id_token);
        claims[name] = value;
        claims
    };
    let (head, rest) = id_token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let encode = |json: &Value| {
        use base64::Engine as _;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
    };
    let mut changed_header = header(id_token);
    let mut header_with_alg = |alg: &str| {
        changed_header["alg"] = json!(alg);
        encode(&changed_header)
    };
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    vec![
        (
            "another issuer's",
            sign("JWT", &with_claim("iss", json!("https://evil.com"))),
        ),
        (
            "an issuer with an extra slash",
            sign(
                "JWT",
                &with_claim("iss", json!(format!("{}/", provider.issuer))),
            ),
        ),
        ("alg none", format!("{}.{body}.", header_with_alg("none"))),
        (
            "alg none, signed",
            format!("{}.{body}.{signature}", header_with_alg("none")),
        ),
        (
            "another alg",
            format!("{}.{body}.{signature}", header_with_alg("PS256")),
        ),
        (
            "HS256",
            format!("{}.{body}.{signature}", header_with_alg("HS256")),
        ),
        (
            "another person's",
            format!(
                "{head}.{}.{signature}",
                encode(&with_claim("sub", json!("2")))
            ),
        ),
        ("cut short", id_token[..id_token.len() - 4].to_owned()),
        ("an access token", access_token(&app, browser).await),
        (
            "a logout token",
            sign("logout+jwt", &with_claim("events", events.clone())),
        ),
        (
            "a logout token of typ JWT",
            sign("JWT", &with_claim("events", events)),
        ),
        ("without sid", sign("JWT", &with_claim("sid", Value::Null))),
        ("nonsense", "x.y.z".to_owned()),
    ]
}

#[tokio::test]
async fn n49_an_id_token_hint_that_is_not_ours_is_refused_on_an_error_page() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let id_token = id_token(&app(&provider), &mut browser).await;
    for (what, hint) in invalid_hints(&provider, &mut browser, &id_token).await {
        let parameters = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
        for mut caller in [browser.clone(), Browser::new()] {
            let answer = caller.get(url(&provider, &parameters)).await;
            assert_error_page(&answer, 400, what);
            assert!(
                answer.body.contains("the id_token_hint is not an ID token"),
                "{what}"
            );
            assert_no_leak(&answer, &hint);
        }
        let user = user_of(&provider, &mut browser).await;
        assert_eq!(user.as_deref(), Some("1"), "{what}");
    }
    let parameters = [
        ("id_token_hint", &*id_token),
        ("post_logout_redirect_uri", OUT),
    ];
    let answer = browser.get(url(&provider, &parameters)).await;
    assert_eq!(answer.location().as_str(), OUT);
}

#[tokio::test]
async fn n10_n49_the_browser_is_sent_only_to_a_registered_post_logout_redirect_uri() {
    let provider = provider().await;
    let trap = TrapServer::open();
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let hint = id_token(&app(&provider), &mut browser).await;
    let evil = trap.url();
    for uri in [
        &*evil,
        "http://127.0.0.1:3000/cb",
        "http://127.0.0.1:3000/out/",
        "http://127.0.0.1:3000/out?x",
        "http://127.0.0.1:3000/out#x",
        "http://127.0.0.1:3000/x/../out",
        "http://127.0.0.1:3000/%6fut",
        "http://127.0.0.1:3000@evil.com/out",
        "http://127.0.0.1:3001/out",
        "HTTP://127.0.0.1:3000/out",
        "/\\evil.com",
        "//evil.com",
        "/%09/evil.com",
        "\\/evil.com",
        "\t//evil.com",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        let redirect = ("post_logout_redirect_uri", uri);
        let with_hint = vec![("id_token_hint", &*hint), redirect];
        let with_client_id = vec![("client_id", "app"), redirect];
        let other_client = vec![("client_id", "grafana"), ("post_logout_redirect_uri", OUT)];
        let no_client = vec![("post_logout_redirect_uri", OUT)];
        for parameters in [with_hint, with_client_id, other_client, no_client] {
            for mut caller in [browser.clone(), Browser::new()] {
                let answer = caller.get(url(&provider, &parameters)).await;
                assert_error_page(&answer, 400, uri);
                assert!(answer.body.contains("post_logout_redirect_uri"), "{uri}");
            }
        }
        assert_eq!(
            user_of(&provider, &mut browser).await.as_deref(),
            Some("1"),
            "{uri}"
        );
    }
    trap.assert_not_contacted();
}

#[tokio::test]
async fn n12_n49_a_contradictory_logout_request_ends_no_session() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let hint = id_token(&app(&provider), &mut browser).await;
    let redirect = ("post_logout_redirect_uri", OUT);
    for parameters in [
        vec![
            ("id_token_hint", &*hint),
            ("client_id", "grafana"),
            redirect,
        ],
        vec![("id_token_hint", &*hint), ("client_id", "nobody")],
        vec![("id_token_hint", &*hint), ("id_token_hint", &*hint)],
        vec![("client_id", "app"), ("client_id", "grafana"), redirect],
        vec![
            ("client_id", "app"),
            redirect,
            ("post_logout_redirect_uri", "http://evil.com/"),
        ],
        vec![
            ("id_token_hint", &*hint),
            redirect,
            ("state", "a"),
            ("state", "b"),
        ],
    ] {
        let answer = browser.get(url(&provider, &parameters)).await;
        assert_error_page(&answer, 400, "contradiction");
        assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn n50_a_saved_logout_confirmation_does_not_log_out_the_next_user() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let saved = browser
        .get(provider.at("/logout"))
        .await
        .field("confirmation");
    let hint = id_token(&app(&provider), &mut browser).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    assert_eq!(confirm(&provider, &mut browser, &saved).await.status, 410);
    let parameters = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    let page = browser.get(url(&provider, &parameters)).await;
    assert!(page.body.contains("“黑龙江”"), "{}", page.body);
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn n50_n51_n62_a_logout_invalidates_everything_of_the_session() {
    let provider = provider().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser.get(&launch).await;
    let client = app(&provider);
    let hint = id_token(&client, &mut browser).await;
    let token = access_token(&client, &mut browser).await;
    let code = client.login(&mut browser).await;
    let browser_id = browser.cookies[BROWSER].clone();
    let mut other_tab = browser.clone();
    browser
        .get(url(&provider, &[("id_token_hint", &hint)]))
        .await;

    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(
        browser.cookies[BROWSER], browser_id,
        "the browser still owns its tickets"
    );
    for browser in [&mut browser, &mut other_tab] {
        assert_eq!(user_of(&provider, browser).await, None);
        let calls_before = provider.portal.calls().user_by_ticket;
        assert_error_page(&browser.get(&launch).await, 403, "the same ticket again");
        assert_eq!(
            provider.portal.calls().user_by_ticket,
            calls_before,
            "the portal is not asked, so the ticket is not extended"
        );
        let page = browser.get(client.authorize_url(&[])).await;
        assert!(page.body.contains("请从熊猫智慧水务门户进入"));
    }
    assert_eq!(client.redeem(&code).await.json()["error"], "invalid_grant");
    assert_eq!(client.userinfo(&token).await.status, 401);
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));
    assert_eq!(user_of(&provider, &mut other_tab).await, None);
}

#[tokio::test]
async fn n11_n69_logout_pages_escape_request_parameters() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let evil = "\"><script>alert(1)</script>";
    for parameters in [
        vec![("client_id", evil)],
        vec![("client_id", "app"), ("post_logout_redirect_uri", evil)],
        vec![("id_token_hint", evil)],
        vec![("client_id", "app"), ("state", evil), ("ui_locales", evil)],
        vec![(evil, "1"), (evil, "2")],
    ] {
        let answer = browser.get(url(&provider, &parameters)).await;
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    }
}
