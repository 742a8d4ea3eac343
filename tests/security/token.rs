//! Attacks on the token endpoint and userinfo: N46, N47, docs/security.md.

use chrono::TimeDelta;
use reqwest::{Method, RequestBuilder};

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::tools::access_token;

async fn post(url: &str, build: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Answer {
    Browser::new().send(Method::POST, url, build).await
}

/// The form that redeems `code`, without credentials.
fn form<'a>(client: &'a RelyingParty, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", VERIFIER),
    ]
}

const SECRET: &str = "grafana-secret-0123456789";

#[tokio::test]
async fn n46_an_unknown_client_and_a_wrong_secret_get_the_same_response() {
    let provider = TestProvider::open().await;
    let url = provider.at("/token");
    let authenticate = async |id: &str, secret: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        Browser::new().post(&url, &form).await
    };
    let expected = authenticate("grafana", "wrong").await;
    assert_eq!(expected.status, 401);
    for (id, secret) in [
        ("nobody", "wrong"),
        ("nobody", SECRET),
        ("keycloak", SECRET),
        ("spa", "any"),
        ("grafana", &SECRET[..SECRET.len() - 1]),
        ("grafana", &SECRET.to_uppercase()),
        ("GRAFANA", SECRET),
        ("grafana\0", SECRET),
    ] {
        let other = authenticate(id, secret).await;
        assert_eq!(
            (other.status, &other.body),
            (expected.status, &expected.body),
            "{id}"
        );
    }
}

#[tokio::test]
async fn n46_unknown_spent_and_expired_codes_get_the_same_response() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let (spent, expired) = (
        grafana.login(&mut browser).await,
        grafana.login(&mut browser).await,
    );
    assert_eq!(grafana.redeem(&spent).await.status, 200);
    provider.advance(TimeDelta::seconds(60));
    let unknown = grafana.redeem(&"A".repeat(43)).await;
    for code in [&spent, &expired] {
        let answer = grafana.redeem(code).await;
        assert_eq!(
            (answer.status, answer.body),
            (unknown.status, unknown.body.clone())
        );
    }
}

#[tokio::test]
async fn n46_unknown_and_expired_tickets_get_the_same_page() {
    let provider = TestProvider::open().await;
    let expired = provider.portal.issue_ticket(CHEN_TAO);
    provider.portal.expire_tickets();
    let launch = |ticket: &str| provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let unknown = Browser::new().get(launch(&"0".repeat(32))).await;
    let expired = Browser::new().get(launch(&expired)).await;
    // Each page has a number of its own.
    let page = |answer: &Answer| {
        let (before, number) = answer.body.split_once("id=\"request\">").unwrap();
        let (_, after) = number.split_once("</p>").unwrap();
        (answer.status, format!("{before}{after}"))
    };
    assert_eq!(page(&expired), page(&unknown));
}

#[tokio::test]
async fn n47_the_token_endpoint_accepts_only_one_form_with_one_credential() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let code = grafana.login(&mut browser).await;
    let plain = form(&grafana, &code);
    let with = |more: &[(&'static str, &'static str)]| {
        let mut form: Vec<_> = plain.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        form.extend(more.iter().map(|(k, v)| (*k, (*v).to_owned())));
        form
    };
    let body = with(&[("client_id", "grafana"), ("client_secret", SECRET)]);
    let url = provider.at("/token");
    let query = url::Url::parse_with_params(&url, &body).unwrap();

    let get = browser.get(query.as_str()).await;
    assert_eq!(get.status, 405);
    assert!(get.header("allow").contains("POST"), "{:?}", get.headers);

    let secret_twice = with(&[("client_secret", SECRET), ("client_secret", "x")]);
    let id_twice = with(&[
        ("client_id", "grafana"),
        ("client_id", "spa"),
        ("client_secret", SECRET),
    ]);
    let code_twice = with(&[
        ("client_id", "grafana"),
        ("client_secret", SECRET),
        ("code", "x"),
    ]);
    let json = format!("{{\"a\":{}", "[".repeat(40_000));
    let large = "x".repeat(1 << 17);
    let kind = "application/x-www-form-urlencoded";
    let refused = [
        post(query.as_str(), |request| request).await,
        post(query.as_str(), |request| request.form(&body)).await,
        post(&format!("{url}?client_secret={SECRET}"), |request| {
            request.form(&plain)
        })
        .await,
        post(&url, |request| {
            request.basic_auth("grafana", Some(SECRET)).form(&body)
        })
        .await,
        post(&url, |request| {
            request
                .basic_auth("grafana", Some(SECRET))
                .form(&with(&[("client_id", "spa")]))
        })
        .await,
        post(&url, |request| request.form(&id_twice)).await,
        post(&url, |request| request.form(&code_twice)).await,
        post(&url, |request| {
            request
                .basic_auth("grafana", Some(SECRET))
                .form(&secret_twice)
        })
        .await,
        post(&url, |request| {
            request
                .header("content-type", "application/json")
                .body(json)
        })
        .await,
        post(&url, |request| {
            request
                .header("content-type", "text/plain")
                .body("grant_type=x")
        })
        .await,
        post(&url, |request| {
            request.header("content-type", kind).body(large)
        })
        .await,
    ];
    for (index, answer) in refused.into_iter().enumerate() {
        assert_eq!(answer.status, 400, "{index}: {}", answer.body);
        assert_eq!(answer.json()["error"], "invalid_request", "{index}");
    }
    for grant_type in ["password", "device_code", "implicit"] {
        let answer = grafana
            .redeem_with(&code, &[("grant_type", grant_type)])
            .await;
        assert_eq!(answer.json()["error"], "unsupported_grant_type");
    }
    assert_eq!(
        grafana.redeem(&code).await.status,
        200,
        "the refused requests did not spend the code"
    );
}

#[tokio::test]
async fn n47_an_access_token_is_accepted_once_per_request_and_never_in_the_query() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let token = access_token(&provider.client("grafana"), &mut browser).await;
    let url = provider.at("/userinfo");
    let query = format!("{url}?access_token={token}");
    assert_eq!(Browser::new().get(&query).await.status, 401);
    assert_eq!(post(&query, |request| request).await.status, 401);

    let field = [("access_token", token.as_str())];
    assert_eq!(Browser::new().post(&url, &field).await.status, 200);
    let twice = [field[0], ("access_token", "x")];
    let both = post(&url, |request| request.bearer_auth(&token).form(&field)).await;
    for answer in [Browser::new().post(&url, &twice).await, both] {
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.json()["error"], "invalid_request");
    }
    for scheme in ["Basic", "DPoP", ""] {
        let header = format!("{scheme} {token}");
        let answer = post(&url, |request| request.header("authorization", header)).await;
        assert_eq!(answer.status, 400, "{scheme}");
    }
}

#[tokio::test]
async fn n47_two_authorization_headers_are_refused() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let token = access_token(&grafana, &mut browser).await;
    let answer = post(&provider.at("/userinfo"), |request| {
        let good = format!("Bearer {token}");
        request
            .header("authorization", good)
            .header("authorization", "Bearer x")
    })
    .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let code = grafana.login(&mut browser).await;
    let answer = post(&provider.at("/token"), |request| {
        let request = request.basic_auth("grafana", Some(SECRET));
        request
            .basic_auth("keycloak", Some("x"))
            .form(&form(&grafana, &code))
    })
    .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}
