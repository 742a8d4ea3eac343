//! Proof Key for Code Exchange (RFC 7636), by S256 alone.

use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, VERIFIER, challenge};
use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

/// RFC 7636 appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn asked(client_id: &str, changes: &[(&str, &str)]) -> (TestProvider, RelyingParty, Answer) {
    let provider = TestProvider::open().await;
    let client = provider.client(client_id);
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let answer = browser.get(client.authorize_url(changes)).await;
    (provider, client, answer)
}

fn refused(answer: &Answer) -> String {
    assert_eq!(answer.parameter("code"), None);
    assert_eq!(
        answer.parameter("error").as_deref(),
        Some("invalid_request")
    );
    answer.parameter("error_description").unwrap()
}

const NONE: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];

#[tokio::test]
async fn the_example_of_appendix_b_holds() {
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
async fn a_public_client_and_one_that_is_told_to_cannot_do_without() {
    for client in ["spa", "keycloak"] {
        let (_, _, answer) = asked(client, &NONE).await;
        assert!(refused(&answer).contains("code_challenge"), "{client}");
    }
}

#[tokio::test]
async fn a_confidential_client_may_do_without() {
    let (_house, grafana, answer) = asked("grafana", &NONE).await;
    let redeemed = grafana
        .redeem_with(&RelyingParty::code(&answer), &[("code_verifier", "")])
        .await;
    assert_eq!(redeemed.status, 200, "{}", redeemed.body);
}

#[tokio::test]
async fn whatever_was_begun_is_finished_even_where_it_was_optional() {
    let (_house, grafana, answer) = asked("grafana", &[]).await;
    let redeemed = grafana
        .redeem_with(&RelyingParty::code(&answer), &[("code_verifier", "")])
        .await;
    assert_eq!(redeemed.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn plain_is_refused_at_the_authorization_endpoint_said_or_unsaid() {
    for method in ["plain", "", "s256", "S512"] {
        let (_, _, answer) = asked("spa", &[("code_challenge_method", method)]).await;
        assert!(refused(&answer).contains("S256"), "{method}");
    }
}

#[tokio::test]
async fn a_method_without_a_challenge_is_refused() {
    let (_, _, answer) = asked("grafana", &[("code_challenge", "")]).await;
    assert!(refused(&answer).contains("code_challenge"));
}

#[tokio::test]
async fn a_challenge_that_no_verifier_has_is_refused() {
    let padded = format!("{CHALLENGE}=");
    for challenge in [
        "short",
        &padded,
        &CHALLENGE[1..],
        &CHALLENGE.replace('-', "+"),
    ] {
        let (_, _, answer) = asked("spa", &[("code_challenge", challenge)]).await;
        refused(&answer);
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
async fn n28_a_wrong_verifier_spends_the_code() {
    let (_house, spa, answer) = asked("spa", &[]).await;
    let code = RelyingParty::code(&answer);
    let wrong = VERIFIER.replace('d', "e");
    let refused = spa.redeem_with(&code, &[("code_verifier", &wrong)]).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    assert_eq!(spa.redeem(&code).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn the_challenge_of_one_request_is_not_met_by_the_verifier_of_another() {
    let provider = TestProvider::open().await;
    let mut browser: Browser = provider.signed_in(CHEN_TAO).await;
    let spa = provider.client("spa");
    let other = "b".repeat(43);
    let theirs = challenge(&other);
    let answer = browser
        .get(spa.authorize_url(&[("code_challenge", &theirs)]))
        .await;
    let redeemed = spa.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(redeemed.json()["error"], "invalid_grant");
}
