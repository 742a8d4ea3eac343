//! Services that verify access tokens locally, as described in `docs/microservices.md`.

mod cases;
mod stage;

use cases::TokenCase;
use serde_json::{Value, json};
use stage::{Stage, TokenFormat};

use crate::script;
use crate::support::provider::TestProvider;

/// A service that verifies access tokens with a library.
struct Verifier {
    /// Reads the tokens on standard input and writes a result for each.
    command: Vec<String>,
    /// Whether the service can be given this token.
    applies: fn(&TokenCase) -> bool,
    /// A part of the error for a token with this fault.
    expected_error: fn(wrong: &str, format: TokenFormat) -> &'static str,
}

impl Verifier {
    async fn test(self) {
        let provider = TestProvider::open_with(&TokenFormat::clients(), "").await;
        let (mut stage, mut other_stage) = (Stage::start().await, Stage::start().await);
        let mut cases = cases::for_all_formats(&mut stage, &mut other_stage).await;
        cases.extend(cases::about_expiry(&provider).await);
        cases.retain(|case| (self.applies)(case));

        let inputs: Vec<_> = cases.iter().map(|case| &case.input).collect();
        let output = script::run(self.command, json!({"questions": inputs})).await;
        let answers = output["answers"].as_array().unwrap();
        assert_eq!(answers.len(), cases.len());
        for (case, answer) in cases.iter().zip(answers) {
            assert_answer(case, answer, self.expected_error);
        }
    }
}

#[track_caller]
fn assert_answer(
    case: &TokenCase,
    answer: &Value,
    expected_error: fn(&str, TokenFormat) -> &'static str,
) {
    let format = case.format;
    let context = format!("{} {} {:?}: {answer}", format.alg, format.typ, case.wrong);
    if let Some(wrong) = case.wrong {
        let error = answer["refused"].as_str();
        let error = error.unwrap_or_else(|| panic!("it was taken: {context}"));
        assert!(error.contains(expected_error(wrong, format)), "{context}");
    } else {
        assert_eq!(answer["claims"]["sub"], "1", "{context}");
        assert_eq!(
            answer["claims"]["client_id"],
            format.client_id(),
            "{context}"
        );
    }
}

#[tokio::test]
async fn jose_accepts_valid_tokens_and_no_others() {
    let verifier = Verifier {
        command: script::node("jose.mjs"),
        applies: |_| true,
        expected_error: |wrong, format| match (wrong, format.typ) {
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
async fn pyjwt_accepts_valid_tokens_and_no_others() {
    let python = script::libraries("python").join("venv/bin/python");
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/interop/python/verify.py"
    );
    let verifier = Verifier {
        command: vec![python.display().to_string(), script.to_owned()],
        applies: |_| true,
        expected_error: |wrong, format| match (wrong, format.typ) {
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

/// Spring does not support `EdDSA`. With discovery it accepts every algorithm in the JWKS.
fn applies_to_spring(case: &TokenCase) -> bool {
    let by_discovery = case.input["typ"] == "JWT";
    case.format.alg != "EdDSA" && !(by_discovery && case.wrong == Some("of another alg"))
}

#[tokio::test]
async fn spring_security_accepts_valid_tokens_and_no_others() {
    let jars = script::libraries("spring").join("jars/*");
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/interop/spring/Verify.java"
    );
    let java = ["java", "-cp", &jars.display().to_string(), program];
    let verifier = Verifier {
        command: java.map(str::to_owned).to_vec(),
        applies: applies_to_spring,
        expected_error: |wrong, format| match (wrong, format.typ) {
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
