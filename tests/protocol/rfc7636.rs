//! Proof Key for Code Exchange (RFC 7636), with the method S256 only.

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER, challenge};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

/// RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn authorize(
    client_id: &str,
    changes: &[(&str, &str)],
) -> (TestProvider, RelyingParty, Answer) {
    let provider = TestProvider::open().await;
    let client = provider.client(client_id);
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(client.authorize_url(changes)).await;
    (provider, client, answer)
}

/// Asserts that the request was refused, and returns the `error_description`.
fn assert_refused(answer: &Answer) -> String {
    assert_eq!(answer.parameter("code"), None);
    assert_eq!(
        answer.parameter("error").as_deref(),
        Some("invalid_request")
    );
    answer.parameter("error_description").unwrap()
}

const NO_CHALLENGE: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];

#[tokio::test]
async fn the_example_of_appendix_b_is_accepted() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let spa = provider.client("spa");
    let answer = browser
        .get(spa.authorize_url(&[("code_challenge", CHALLENGE)]))
        .await;
    let redeemed = spa.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn pkce_is_required_of_public_clients_and_where_configured() {
    for client in ["spa", "keycloak"] {
        let (_, _, answer) = authorize(client, &NO_CHALLENGE).await;
        assert!(
            assert_refused(&answer).contains("code_challenge"),
            "{client}"
        );
    }
}

#[tokio::test]
async fn pkce_is_optional_for_a_confidential_client() {
    let (_provider, grafana, answer) = authorize("grafana", &NO_CHALLENGE).await;
    let redeemed = grafana
        .redeem_with(&RelyingParty::code(&answer), &[("code_verifier", "")])
        .await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn a_challenge_needs_its_verifier_even_where_pkce_is_optional() {
    let (_provider, grafana, answer) = authorize("grafana", &[]).await;
    let redeemed = grafana
        .redeem_with(&RelyingParty::code(&answer), &[("code_verifier", "")])
        .await;
    assert_eq!(redeemed.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn plain_is_refused_at_the_authorization_endpoint_named_or_by_default() {
    for method in ["plain", "", "s256", "S512"] {
        let (_, _, answer) = authorize("spa", &[("code_challenge_method", method)]).await;
        assert!(assert_refused(&answer).contains("S256"), "{method}");
    }
}

#[tokio::test]
async fn a_method_without_a_challenge_is_refused() {
    let (_, _, answer) = authorize("grafana", &[("code_challenge", "")]).await;
    assert!(assert_refused(&answer).contains("code_challenge"));
}

#[tokio::test]
async fn a_malformed_challenge_is_refused() {
    let padded = format!("{CHALLENGE}=");
    for challenge in [
        "short",
        &padded,
        &CHALLENGE[1..],
        &CHALLENGE.replace('-', "+"),
    ] {
        let (_, _, answer) = authorize("spa", &[("code_challenge", challenge)]).await;
        assert_refused(&answer);
    }
}

#[tokio::test]
async fn a_verifier_has_43_to_128_unreserved_characters() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let spa = provider.client("spa");
    for (verifier, status) in [
        ("a".repeat(42), 400),
        ("~".repeat(43), 200),
        (format!("{}-._~", "Z9".repeat(62)), 200),
        ("a".repeat(129), 400),
        ("+".repeat(43), 400),
    ] {
        let challenge = challenge(&verifier);
        let answer = browser
            .get(spa.authorize_url(&[("code_challenge", &challenge)]))
            .await;
        let redeemed = spa
            .redeem_with(
                &RelyingParty::code(&answer),
                &[("code_verifier", &verifier)],
            )
            .await;
        assert_eq!(redeemed.status, status, "{verifier}");
    }
}

#[tokio::test]
async fn n28_a_wrong_verifier_uses_up_the_code() {
    let (_provider, spa, answer) = authorize("spa", &[]).await;
    let code = RelyingParty::code(&answer);
    let wrong = VERIFIER.replace('d', "e");
    let refused = spa.redeem_with(&code, &[("code_verifier", &wrong)]).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    assert_eq!(spa.redeem(&code).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn the_verifier_of_another_request_is_refused() {
    let provider = TestProvider::open().await;
    let mut browser: Browser = provider.signed_in(CHEN_TAO).await;
    let spa = provider.client("spa");
    let other_verifier = "b".repeat(43);
    let other_challenge = challenge(&other_verifier);
    let answer = browser
        .get(spa.authorize_url(&[("code_challenge", &other_challenge)]))
        .await;
    let redeemed = spa.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(redeemed.json()["error"], "invalid_grant");
}
