//! The tokens that a service has to verify, valid and invalid.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::stage::{ALGS, API, SignedInUser, Stage, TokenFormat, Tokens};
use crate::support::provider::TestProvider;

/// One token and what the service expects.
pub struct TokenCase {
    /// What is wrong with the token; `None` for a valid one.
    pub wrong: Option<&'static str>,
    /// The token format of the client.
    pub format: TokenFormat,
    /// The input of the service: the token, and the issuer, audience, algorithm and `typ` to expect.
    pub input: Value,
}

/// The cases for every format: tokens of `stage`, and tokens of another issuer with other keys.
pub async fn for_all_formats(stage: &mut Stage, other_stage: &mut Stage) -> Vec<TokenCase> {
    let mut cases = Vec::new();
    for format in TokenFormat::all() {
        let Tokens { access, id } = stage.user.tokens(format).await;
        let foreign = other_stage.user.tokens(format).await.access;
        let other_alg = ALGS.into_iter().find(|alg| *alg != format.alg).unwrap();
        let other_typ = match format.typ {
            "JWT" => "at+jwt",
            _ => "JWT",
        };
        let expected = json!({
            "issuer": stage.program.issuer, "audience": API, "alg": format.alg, "typ": format.typ,
        });
        let mut add = |wrong, token: &str, expectation: Option<(&str, &str)>| {
            let mut input = expected.clone();
            input["token"] = json!(token);
            if let Some((name, value)) = expectation {
                input[name] = json!(value);
            }
            cases.push(TokenCase {
                wrong,
                format,
                input,
            });
        };
        add(None, &access, None);
        add(
            Some("for another service"),
            &access,
            Some(("audience", "https://other.example.com")),
        );
        add(Some("an ID token"), &id, None);
        add(Some("of another alg"), &access, Some(("alg", other_alg)));
        add(Some("of another typ"), &access, Some(("typ", other_typ)));
        add(Some("altered"), &altered(&access), None);
        add(Some("foreign"), &foreign, None);
    }
    cases
}

/// The token with another `sub` and the old signature.
fn altered(token: &str) -> String {
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("{token}")
    };
    let payload = String::from_utf8(BASE64.decode(payload).unwrap()).unwrap();
    let payload = payload.replace(r#""sub":"1""#, r#""sub":"2""#);
    format!("{header}.{}.{signature}", BASE64.encode(payload))
}

/// The cases about `exp`: tokens that were issued two hours ago, and tokens that are issued now.
pub async fn about_expiry(provider: &TestProvider) -> Vec<TokenCase> {
    let now = SystemClock.now();
    provider.advance(now - provider.clock.now() - TimeDelta::hours(2));
    let mut cases = Vec::new();
    for (wrong, step) in [
        (Some("expired"), TimeDelta::zero()),
        (None, TimeDelta::hours(2)),
    ] {
        provider.advance(step);
        let mut user = SignedInUser::sign_in(&provider.portal, &provider.issuer).await;
        for format in TokenFormat::all() {
            let token = user.tokens(format).await.access;
            let input = json!({
                "issuer": provider.issuer, "audience": API, "alg": format.alg, "typ": format.typ,
                "token": token,
            });
            cases.push(TokenCase {
                wrong,
                format,
                input,
            });
        }
    }
    cases
}
