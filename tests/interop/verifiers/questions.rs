//! The tokens a service is shown, good ones and bad ones.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::stage::{ALGS, API, Look, Stage, Tokens, Visitor};
use crate::support::provider::TestProvider;

/// One token, and whether it is good.
pub struct Question {
    /// What is wrong with it; `None` for a good one.
    pub wrong: Option<&'static str>,
    /// What the tokens of its application look like.
    pub look: Look,
    /// The issuer, audience, algorithm and `typ` that the service expects.
    pub input: Value,
}

/// The questions for every look, on the tokens of the program of `stage`, and on those of another.
pub async fn all(stage: &mut Stage, elsewhere: &mut Stage) -> Vec<Question> {
    let mut questions = Vec::new();
    for look in Look::all() {
        let Tokens { access, id } = stage.visitor.tokens(look).await;
        let foreign = elsewhere.visitor.tokens(look).await.access;
        let other_alg = ALGS.into_iter().find(|alg| *alg != look.alg).unwrap();
        let other_typ = match look.typ {
            "JWT" => "at+jwt",
            _ => "JWT",
        };
        let expected = json!({
            "issuer": stage.program.issuer, "audience": API, "alg": look.alg, "typ": look.typ,
        });
        let mut ask = |wrong, token: &str, expects: Option<(&str, &str)>| {
            let mut input = expected.clone();
            input["token"] = json!(token);
            if let Some((name, value)) = expects {
                input[name] = json!(value);
            }
            questions.push(Question { wrong, look, input });
        };
        ask(None, &access, None);
        ask(
            Some("for another service"),
            &access,
            Some(("audience", "https://other.example.com")),
        );
        ask(Some("an ID token"), &id, None);
        ask(Some("of another alg"), &access, Some(("alg", other_alg)));
        ask(Some("of another typ"), &access, Some(("typ", other_typ)));
        ask(Some("altered"), &altered(&access), None);
        ask(Some("foreign"), &foreign, None);
    }
    questions
}

/// The token with another person in it.
fn altered(token: &str) -> String {
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("{token}")
    };
    let payload = String::from_utf8(BASE64.decode(payload).unwrap()).unwrap();
    let payload = payload.replace(r#""sub":"1""#, r#""sub":"2""#);
    format!("{header}.{}.{signature}", BASE64.encode(payload))
}

/// The questions about time, on the tokens of a provider whose clock is two hours behind, and then
/// is not.
pub async fn about_time(provider: &TestProvider) -> Vec<Question> {
    let now = SystemClock.now();
    provider.advance(now - provider.clock.now() - TimeDelta::hours(2));
    let mut questions = Vec::new();
    for (wrong, step) in [
        (Some("expired"), TimeDelta::zero()),
        (None, TimeDelta::hours(2)),
    ] {
        provider.advance(step);
        let mut visitor = Visitor::enter(&provider.portal, &provider.issuer).await;
        for look in Look::all() {
            let token = visitor.tokens(look).await.access;
            let input = json!({
                "issuer": provider.issuer, "audience": API, "alg": look.alg, "typ": look.typ,
                "token": token,
            });
            questions.push(Question { wrong, look, input });
        }
    }
    questions
}
