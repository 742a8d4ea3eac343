//! Services that verify access tokens by themselves, in the ways of `docs/microservices.md`.

mod questions;
mod stage;

use questions::Question;
use serde_json::{Value, json};
use stage::{Look, Stage};

use crate::script;
use crate::support::provider::TestProvider;

/// A service.
struct Verifier {
    command: Vec<String>,
    /// Whether it is asked at all.
    asked: fn(&Question) -> bool,
    /// What it says to a token that is wrong in a way.
    words: fn(wrong: &str, look: Look) -> &'static str,
}

impl Verifier {
    async fn test(self) {
        let provider = TestProvider::open_with(&Look::clients(), "").await;
        let (mut stage, mut elsewhere) = (Stage::set().await, Stage::set().await);
        let mut questions = questions::all(&mut stage, &mut elsewhere).await;
        questions.extend(questions::about_time(&provider).await);
        questions.retain(|question| (self.asked)(question));

        let inputs: Vec<_> = questions.iter().map(|question| &question.input).collect();
        let said = script::run(self.command, json!({"questions": inputs})).await;
        let answers = said["answers"].as_array().unwrap();
        assert_eq!(answers.len(), questions.len());
        for (question, answer) in questions.iter().zip(answers) {
            check(question, answer, self.words);
        }
    }
}

#[track_caller]
fn check(question: &Question, answer: &Value, words: fn(&str, Look) -> &'static str) {
    let look = question.look;
    let what = format!("{} {} {:?}: {answer}", look.alg, look.typ, question.wrong);
    if let Some(wrong) = question.wrong {
        let refused = answer["refused"].as_str();
        let refused = refused.unwrap_or_else(|| panic!("it was taken: {what}"));
        assert!(refused.contains(words(wrong, look)), "{what}");
    } else {
        assert_eq!(answer["claims"]["sub"], "1", "{what}");
        assert_eq!(answer["claims"]["client_id"], look.client_id(), "{what}");
    }
}

#[tokio::test]
async fn jose_takes_good_tokens_and_no_others() {
    let verifier = Verifier {
        command: script::node("jose.mjs"),
        asked: |_| true,
        words: |wrong, look| match (wrong, look.typ) {
            ("for another service", _) => "unexpected \"aud\" claim value",
            ("an ID token", "JWT") => "missing required \"client_id\" claim",
            ("an ID token" | "of another typ", _) => "unexpected \"typ\" JWT header value",
            ("of another alg", _) => "\"alg\" (Algorithm) Header Parameter value not allowed",
            ("altered", _) => "signature verification failed",
            ("foreign", _) => "no applicable key found in the JSON Web Key Set",
            ("expired", _) => "\"exp\" claim timestamp check failed",
            _ => unreachable!("{wrong}"),
        },
    };
    verifier.test().await;
}

#[tokio::test]
async fn pyjwt_takes_good_tokens_and_no_others() {
    let python = script::libraries("python").join("venv/bin/python");
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/interop/python/verify.py"
    );
    let verifier = Verifier {
        command: vec![python.display().to_string(), script.to_owned()],
        asked: |_| true,
        words: |wrong, look| match (wrong, look.typ) {
            ("for another service", _) => "Audience doesn't match",
            ("an ID token", "JWT") => "Token is missing the \"client_id\" claim",
            ("an ID token" | "of another typ", _) => "not an access token",
            ("of another alg", _) => "The specified alg value is not allowed",
            ("altered", _) => "Signature verification failed",
            ("foreign", _) => "Unable to find a signing key that matches",
            ("expired", _) => "Signature has expired",
            _ => unreachable!("{wrong}"),
        },
    };
    verifier.test().await;
}

/// Spring knows no `EdDSA`; and by discovery it takes every algorithm that is in the JWKS.
fn spring_is_asked(question: &Question) -> bool {
    let by_discovery = question.input["typ"] == "JWT";
    question.look.alg != "EdDSA" && !(by_discovery && question.wrong == Some("of another alg"))
}

#[tokio::test]
async fn spring_security_takes_good_tokens_and_no_others() {
    let jars = script::libraries("spring").join("jars/*");
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/interop/spring/Verify.java"
    );
    let java = ["java", "-cp", &jars.display().to_string(), program];
    let verifier = Verifier {
        command: java.map(str::to_owned).to_vec(),
        asked: spring_is_asked,
        words: |wrong, look| match (wrong, look.typ) {
            ("an ID token", "at+jwt") | ("of another typ", "JWT") => {
                "the given typ value needs to be one of [at+jwt]"
            }
            ("of another typ", _) => "the given typ value needs to be one of [JWT]",
            ("for another service" | "an ID token", _) => "The aud claim is not valid",
            ("of another alg" | "foreign", _) => "Another algorithm expected, or no matching key",
            ("altered", _) => "Invalid signature",
            ("expired", _) => "Jwt expired at",
            _ => unreachable!("{wrong}"),
        },
    };
    verifier.test().await;
}
