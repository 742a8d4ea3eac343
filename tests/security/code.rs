//! Codes and PKCE: N16, N17, N21, N23 to N29.

use chrono::TimeDelta;
use reqwest::Method;

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::{SESSION, refused, who};

#[track_caller]
fn refuses(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert!(answer.json()["access_token"].is_null());
}

fn parked(browser: &Browser) -> Vec<String> {
    let names = browser.cookies.keys();
    names
        .filter_map(|name| name.strip_prefix("panda-oidc-parked-"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn n16_a_request_that_waits_goes_on_in_its_own_browser_only() {
    let provider = TestProvider::open().await;
    let mut victim = Browser::new();
    victim
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let name = parked(&victim).remove(0);
    let resume = provider.at(&format!("/resume/{name}"));

    let mut attacker = provider.signed_in(CHEN_TAO).await;
    refused(&attacker.get(&resume).await, 410, "without the cookie");
    let sealed = victim.cookies[&format!("panda-oidc-parked-{name}")].clone();
    let mut spoilt = vec![String::new(), "AAAA".to_owned(), sealed[1..].to_owned()];
    spoilt.push(sealed[..sealed.len() - 1].to_owned());
    spoilt.push(sealed[..sealed.len() / 2].to_owned());
    spoilt.push(format!("{sealed}A"));
    let mut flipped = sealed.clone().into_bytes();
    flipped[7] ^= 1;
    spoilt.push(String::from_utf8(flipped).unwrap());
    for value in spoilt {
        let cookie = format!("panda-oidc-parked-{name}");
        attacker.cookies.insert(cookie, value.clone());
        refused(&attacker.get(&resume).await, 410, &value);
    }
    attacker
        .cookies
        .insert("panda-oidc-parked-other".to_owned(), sealed.clone());
    let other = attacker.get(provider.at("/resume/other")).await;
    refused(&other, 410, "under another name");
    attacker
        .cookies
        .insert("panda-oidc-switch".to_owned(), sealed);
    let switch = attacker.get(provider.at("/switch")).await;
    refused(&switch, 410, "as another kind");
}

#[tokio::test]
async fn n16_a_request_waits_ten_minutes_and_no_more() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    browser
        .get(provider.client("keycloak").authorize_url(&[]))
        .await;
    let name = parked(&browser).remove(0);
    provider.advance(TimeDelta::minutes(10) + TimeDelta::seconds(1));
    let launched = provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_eq!(launched.location().port(), Some(3000));
    let resumed = browser.get(provider.at(&format!("/resume/{name}"))).await;
    refused(&resumed, 410, "too late");
}

#[tokio::test]
async fn n17_a_session_handle_that_was_planted_is_not_adopted() {
    let provider = TestProvider::open().await;
    let planted = "A".repeat(43);
    let mut victim = Browser::new();
    victim.cookies.insert(SESSION.to_owned(), planted.clone());
    assert_eq!(
        provider
            .launch(&mut victim, "grafana", CHEN_TAO)
            .await
            .status,
        303
    );
    assert_ne!(victim.cookies[SESSION], planted);
    let mut attacker = Browser::new();
    attacker.cookies.insert(SESSION.to_owned(), planted);
    assert_eq!(who(&provider, &mut attacker).await, None);
}

#[tokio::test]
async fn n17_the_session_handle_changes_at_each_login_and_the_old_one_dies() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let mut stolen = browser.clone();
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    assert_ne!(browser.cookies[SESSION], stolen.cookies[SESSION]);
    provider.advance(TimeDelta::seconds(61));
    assert_eq!(who(&provider, &mut stolen).await, None);
    assert_eq!(who(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn n21_a_code_that_comes_again_revokes_what_it_gave() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let tokens = grafana.redeem(&code).await.json();
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(grafana.userinfo(access_token).await.status, 200);
    refuses(&grafana.redeem(&code).await, 400, "invalid_grant");
    assert_eq!(grafana.userinfo(access_token).await.status, 401);
}

#[tokio::test]
async fn n23_a_code_is_good_for_its_own_client_and_redirect_uri_only() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (grafana, spa) = (provider.client("grafana"), provider.client("spa"));
    let code = grafana.login(&mut browser).await;
    let stranger = RelyingParty {
        redirect_uri: grafana.redirect_uri.clone(),
        ..spa.clone()
    };
    refuses(&stranger.redeem(&code).await, 400, "invalid_grant");

    for uri in [
        "http://127.0.0.1:3000/login/generic_oauth/",
        "http://127.0.0.1:3000/LOGIN/generic_oauth",
        "http://evil.com/",
    ] {
        let code = grafana.login(&mut browser).await;
        let answer = grafana.redeem_with(&code, &[("redirect_uri", uri)]).await;
        refuses(&answer, 400, "invalid_grant");
    }
    let code = grafana.login(&mut browser).await;
    let answer = grafana.redeem_with(&code, &[("redirect_uri", "")]).await;
    refuses(&answer, 400, "invalid_request");

    let port = |port: u16| RelyingParty {
        redirect_uri: format!("http://127.0.0.1:{port}/callback"),
        ..spa.clone()
    };
    let code = port(50_001).login(&mut browser).await;
    refuses(&port(50_002).redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn n24_a_forged_or_truncated_code_is_worth_nothing() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let session = browser.cookies[SESSION].clone();
    for forged in [
        &code[..42],
        &code[1..],
        &format!("{code}A"),
        &format!("{code}="),
        &format!(" {code}"),
        &format!("{code}\0"),
        &code.to_uppercase(),
        &"A".repeat(43),
        &session,
        "' OR 1=1 --",
        "%",
    ] {
        let answer = grafana.redeem(forged).await;
        refuses(&answer, 400, "invalid_grant");
    }
    assert_eq!(
        grafana.redeem(&code).await.status,
        200,
        "it was never spent"
    );
}

#[tokio::test]
async fn n25_n26_pkce_is_stripped_by_neither_side() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let answer = grafana.redeem_with(&code, &[("code_verifier", "")]).await;
    refuses(&answer, 400, "invalid_grant");

    let bare = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = RelyingParty::code(&browser.get(grafana.authorize_url(&bare)).await);
    refuses(&grafana.redeem(&code).await, 400, "invalid_grant");

    for required in ["keycloak", "spa"] {
        let url = provider.client(required).authorize_url(&bare);
        let answer = browser.get(url).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
    }
}

#[tokio::test]
async fn n27_only_s256_is_begun() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for changes in [
        [("code_challenge_method", ""), ("code_challenge", VERIFIER)],
        [
            ("code_challenge_method", "plain"),
            ("code_challenge", VERIFIER),
        ],
        [
            ("code_challenge_method", "s256"),
            ("code_challenge", VERIFIER),
        ],
        [
            ("code_challenge_method", "S256"),
            ("code_challenge", "short"),
        ],
        [("code_challenge_method", "S256"), ("code_challenge", "")],
    ] {
        let answer = browser.get(grafana.authorize_url(&changes)).await;
        assert_eq!(
            answer.parameter("error").as_deref(),
            Some("invalid_request")
        );
        assert_eq!(answer.parameter("code"), None);
    }
}

#[tokio::test]
async fn n28_a_wrong_verifier_burns_the_code_and_a_wrong_secret_does_not() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    for verifier in [
        "a".repeat(43),
        "a".repeat(42),
        "a".repeat(129),
        "+".repeat(43),
    ] {
        let code = grafana.login(&mut browser).await;
        let wrong = grafana
            .redeem_with(&code, &[("code_verifier", &verifier)])
            .await;
        refuses(&wrong, 400, "invalid_grant");
        refuses(&grafana.redeem(&code).await, 400, "invalid_grant");
    }
    let code = grafana.login(&mut browser).await;
    for _ in 0..3 {
        let wrong = grafana
            .redeem_with(&code, &[("client_secret", "wrong")])
            .await;
        refuses(&wrong, 401, "invalid_client");
    }
    assert_eq!(grafana.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn n29_a_code_is_good_for_a_minute() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let (early, late) = (
        grafana.login(&mut browser).await,
        grafana.login(&mut browser).await,
    );
    provider.advance(TimeDelta::seconds(59));
    assert_eq!(grafana.redeem(&early).await.status, 200);
    provider.advance(TimeDelta::seconds(1));
    refuses(&grafana.redeem(&late).await, 400, "invalid_grant");
}

#[tokio::test]
async fn n28_a_client_that_tries_one_method_after_the_other_keeps_its_code() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &grafana.redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    let basic = |secret: &'static str| {
        move |request: reqwest::RequestBuilder| {
            request.basic_auth("grafana", Some(secret)).form(&form)
        }
    };
    let url = provider.at("/token");
    let wrong = Browser::new()
        .send(Method::POST, &url, basic("wrong"))
        .await;
    refuses(&wrong, 401, "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
    let right = basic("grafana-secret-0123456789");
    assert_eq!(
        Browser::new().send(Method::POST, &url, right).await.status,
        200
    );
}
