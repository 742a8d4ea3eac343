//! Logging somebody out who did not ask, going where nobody registered, and what is left after:
//! N10, N12, N20, N34, N48, N49, N50, N51, N62.

use panda_oidc::keys::SigningAlg;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, Ear, SESSION, access_token, keeps_quiet, refused, who};

const OUT: &str = "http://127.0.0.1:3000/out";

/// A provider with the clients every provider has, and one that may have browsers sent to [`OUT`].
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
async fn n48_no_link_logs_anybody_out_who_is_not_asked() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let own = id_token(
        &app(&provider),
        &mut provider.signed_in(HEI_LONG_JIANG).await,
    )
    .await;
    for asked in [
        vec![],
        vec![("client_id", "app")],
        vec![("client_id", "app"), ("post_logout_redirect_uri", OUT)],
        vec![("confirmation", "yes"), ("logout_hint", "1")],
        vec![("id_token_hint", &*own)],
        vec![("id_token_hint", &*own), ("post_logout_redirect_uri", OUT)],
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = match method {
                Method::GET => browser.get(url(&provider, &asked)).await,
                _ => browser.post(provider.at("/logout"), &asked).await,
            };
            assert_eq!(answer.status, 200, "{asked:?}");
            assert!(answer.body.contains("退出登录？"), "{asked:?}");
            assert!(answer.set_cookies().is_empty(), "{asked:?}");
            assert_eq!(answer.header("x-frame-options"), "DENY");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
        }
    }
}

#[tokio::test]
async fn n48_a_yes_counts_only_from_the_page_that_asked_in_this_browser() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut attacker = provider.signed_in(HEI_LONG_JIANG).await;
    let page = attacker.get(provider.at("/logout")).await;
    let own = page.field("confirmation");
    let page = browser.get(provider.at("/logout")).await;
    let good = page.field("confirmation");
    let mut bent = good.clone().into_bytes();
    bent[20] = if bent[20] == b'A' { b'B' } else { b'A' };
    let session = browser.cookies[SESSION].clone();
    let sealed_for_a_switch = provider
        .app
        .switch_sealer
        .seal_text(&json!({}), b"switch")
        .unwrap();
    for yes in [
        "",
        "yes",
        &own,
        &good[..good.len() - 1],
        std::str::from_utf8(&bent).unwrap(),
        &session,
        &sealed_for_a_switch,
    ] {
        let answer = confirm(&provider, &mut browser, yes).await;
        refused(&answer, 410, yes);
        assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
    }
    // A form of another site brings no cookies; it must not have any removed either.
    let forged = confirm(&provider, &mut Browser::new(), &own).await;
    assert!(
        forged.set_cookies().is_empty(),
        "{:?}",
        forged.set_cookies()
    );
    let by_get = browser.get(provider.at("/logout/confirm")).await;
    assert_eq!(by_get.status, 405);
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
    assert_eq!(confirm(&provider, &mut browser, &good).await.status, 200);
    assert_eq!(who(&provider, &mut browser).await, None);
}

/// An ID token with other claims, signed by us; and what is no ID token of ours.
async fn no_hints(
    provider: &TestProvider,
    browser: &mut Browser,
    id_token: &str,
) -> Vec<(&'static str, String)> {
    let app = app(provider);
    let sign = |typ: &str, claims: &Value| {
        let signed = provider.app.keys.sign(SigningAlg::RS256, typ, claims);
        signed.unwrap()
    };
    let with = |name: &str, value: Value| {
        let mut claims = claims(id_token);
        claims[name] = value;
        claims
    };
    let (head, rest) = id_token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let text = |json: &Value| {
        use base64::Engine as _;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
    };
    let mut other_head = header(id_token);
    let mut headed = |alg: &str| {
        other_head["alg"] = json!(alg);
        text(&other_head)
    };
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    vec![
        (
            "another issuer's",
            sign("JWT", &with("iss", json!("https://evil.com"))),
        ),
        (
            "a slash more",
            sign("JWT", &with("iss", json!(format!("{}/", provider.issuer)))),
        ),
        ("alg none", format!("{}.{body}.", headed("none"))),
        (
            "alg none, signed",
            format!("{}.{body}.{signature}", headed("none")),
        ),
        (
            "another alg",
            format!("{}.{body}.{signature}", headed("PS256")),
        ),
        ("HS256", format!("{}.{body}.{signature}", headed("HS256"))),
        (
            "another person's",
            format!("{head}.{}.{signature}", text(&with("sub", json!("2")))),
        ),
        ("cut short", id_token[..id_token.len() - 4].to_owned()),
        ("an access token", access_token(&app, browser).await),
        (
            "a logout token",
            sign("logout+jwt", &with("events", events.clone())),
        ),
        (
            "a logout token of typ JWT",
            sign("JWT", &with("events", events)),
        ),
        ("without sid", sign("JWT", &with("sid", Value::Null))),
        ("nonsense", "x.y.z".to_owned()),
    ]
}

#[tokio::test]
async fn n49_a_hint_that_is_not_ours_is_refused_on_a_page_that_says_so() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let id_token = id_token(&app(&provider), &mut browser).await;
    for (what, hint) in no_hints(&provider, &mut browser, &id_token).await {
        let asked = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
        for mut at in [browser.clone(), Browser::new()] {
            let answer = at.get(url(&provider, &asked)).await;
            refused(&answer, 400, what);
            assert!(
                answer.body.contains("the id_token_hint is not an ID token"),
                "{what}"
            );
            keeps_quiet(&answer, &hint);
        }
        let who = who(&provider, &mut browser).await;
        assert_eq!(who.as_deref(), Some("1"), "{what}");
    }
    let asked = [
        ("id_token_hint", &*id_token),
        ("post_logout_redirect_uri", OUT),
    ];
    let answer = browser.get(url(&provider, &asked)).await;
    assert_eq!(answer.location().as_str(), OUT);
}

#[tokio::test]
async fn n10_n49_a_browser_goes_to_a_registered_address_or_nowhere() {
    let provider = provider().await;
    let ear = Ear::open();
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let hint = id_token(&app(&provider), &mut browser).await;
    let evil = ear.url();
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
        let to = ("post_logout_redirect_uri", uri);
        let hinted = vec![("id_token_hint", &*hint), to];
        let named = vec![("client_id", "app"), to];
        let another = vec![("client_id", "grafana"), ("post_logout_redirect_uri", OUT)];
        let nobodys = vec![("post_logout_redirect_uri", OUT)];
        for asked in [hinted, named, another, nobodys] {
            for mut at in [browser.clone(), Browser::new()] {
                let answer = at.get(url(&provider, &asked)).await;
                refused(&answer, 400, uri);
                assert!(answer.body.contains("post_logout_redirect_uri"), "{uri}");
            }
        }
        assert_eq!(
            who(&provider, &mut browser).await.as_deref(),
            Some("1"),
            "{uri}"
        );
    }
    ear.heard_nothing();
}

#[tokio::test]
async fn n12_n49_a_request_that_contradicts_itself_ends_nothing() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let hint = id_token(&app(&provider), &mut browser).await;
    let out = ("post_logout_redirect_uri", OUT);
    for asked in [
        vec![("id_token_hint", &*hint), ("client_id", "grafana"), out],
        vec![("id_token_hint", &*hint), ("client_id", "nobody")],
        vec![("id_token_hint", &*hint), ("id_token_hint", &*hint)],
        vec![("client_id", "app"), ("client_id", "grafana"), out],
        vec![
            ("client_id", "app"),
            out,
            ("post_logout_redirect_uri", "http://evil.com/"),
        ],
        vec![
            ("id_token_hint", &*hint),
            out,
            ("state", "a"),
            ("state", "b"),
        ],
    ] {
        let answer = browser.get(url(&provider, &asked)).await;
        refused(&answer, 400, "contradiction");
        assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn n50_a_yes_kept_for_later_does_not_log_the_next_person_out() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let kept = browser
        .get(provider.at("/logout"))
        .await
        .field("confirmation");
    let hint = id_token(&app(&provider), &mut browser).await;
    let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser
        .get_from(launch, provider.portal.url().as_str())
        .await;
    assert_eq!(confirm(&provider, &mut browser, &kept).await.status, 410);
    let asked = [("id_token_hint", &*hint), ("post_logout_redirect_uri", OUT)];
    let page = browser.get(url(&provider, &asked)).await;
    assert!(page.body.contains("“黑龙江”"), "{}", page.body);
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn n50_n51_n62_after_a_logout_nothing_of_the_session_opens_anything() {
    let provider = provider().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    browser.get(&launch).await;
    let client = app(&provider);
    let hint = id_token(&client, &mut browser).await;
    let token = access_token(&client, &mut browser).await;
    let code = client.login(&mut browser).await;
    let owner = browser.cookies[BROWSER].clone();
    let mut old = browser.clone();
    browser
        .get(url(&provider, &[("id_token_hint", &hint)]))
        .await;

    assert!(!browser.cookies.contains_key(SESSION), "N51");
    assert_eq!(browser.cookies[BROWSER], owner, "it still owns its tickets");
    for browser in [&mut browser, &mut old] {
        assert_eq!(who(&provider, browser).await, None);
        let asked = provider.portal.calls().user_by_ticket;
        refused(&browser.get(&launch).await, 403, "the same ticket again");
        assert_eq!(
            provider.portal.calls().user_by_ticket,
            asked,
            "nor is it prolonged"
        );
        let entrance = browser.get(client.authorize_url(&[])).await;
        assert!(entrance.body.contains("请从熊猫智慧水务门户进入"), "N51");
    }
    assert_eq!(client.redeem(&code).await.json()["error"], "invalid_grant");
    assert_eq!(client.userinfo(&token).await.status, 401);
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("2"));
    assert_eq!(who(&provider, &mut old).await, None);
}

#[tokio::test]
async fn n11_n69_the_pages_escape_what_they_were_sent() {
    let provider = provider().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let evil = "\"><script>alert(1)</script>";
    for asked in [
        vec![("client_id", evil)],
        vec![("client_id", "app"), ("post_logout_redirect_uri", evil)],
        vec![("id_token_hint", evil)],
        vec![("client_id", "app"), ("state", evil), ("ui_locales", evil)],
        vec![(evil, "1"), (evil, "2")],
    ] {
        let answer = browser.get(url(&provider, &asked)).await;
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    }
}
