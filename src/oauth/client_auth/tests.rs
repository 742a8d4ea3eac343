//! Which credentials authenticate a client, and that nothing else does.

mod assertion;

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::keys::jws::JwsAlg;
use crate::keys::public_keys::PublicKeys;
use crate::keys::shared_key::SharedKey;
use crate::oauth::client::Client;
use crate::oauth::client::tests::{confidential, public};
use crate::oauth::client_auth::method::{Authentication, ClientKeys};
use crate::oauth::error::ErrorCode;
use crate::oauth::params::Params;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The keys the client `keyed` is registered with: `ec` and `ed`.
struct KeyPairs {
    ec: EncodingKey,
    ed: EncodingKey,
    jwks: Value,
}

static KEY_PAIRS: LazyLock<KeyPairs> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref()).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
    let ed_x = BASE64.encode(public.public_key().as_ref());
    KeyPairs {
        jwks: json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "ec", "x": BASE64.encode(x), "y": BASE64.encode(y) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": ed_x },
        ]}),
        ec: EncodingKey::from_ec_der(ec.as_ref()),
        ed: EncodingKey::from_ed_der(ed.as_ref()),
    }
});

fn clients() -> Clients {
    let with = |id: &str, authentication: Authentication| Client {
        authentication,
        ..public(id)
    };
    let key = |alg| Authentication::SecretJwt {
        key: SharedKey::new(SECRET.as_bytes()),
        alg,
    };
    let keys = || PublicKeys::strict(&KEY_PAIRS.jwks).unwrap();
    let private = |keys, alg| Authentication::PrivateKeyJwt { keys, alg };
    let uri = Url::parse("https://app.example.com/jwks").unwrap();
    [
        confidential("app", "s%2B:c"),
        public("spa"),
        with("shared", key(None)),
        with("keyed", private(ClientKeys::Inline(keys()), None)),
        with(
            "pinned",
            private(ClientKeys::Inline(keys()), Some(JwsAlg::EdDSA)),
        ),
        with("elsewhere", private(ClientKeys::Remote(uri), None)),
    ]
    .into_iter()
    .collect()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The client that `header` and `form` authenticate. An arrow before its identifier stands for an
/// assertion that is yet to be marked as used.
fn authenticated(header: Option<&str>, form: &str) -> Result<String, ErrorCode> {
    let form = Params::parse(form.as_bytes()).unwrap();
    let audience = ["https://op".to_owned(), "https://op/token".to_owned()];
    let request = ClientCredentials {
        header,
        form: &form,
        audience: &audience,
        now: now(),
    };
    match authenticate(&request, &clients()) {
        Ok(ClientProof::Authenticated(client)) => Ok(client.id.to_string()),
        Ok(ClientProof::Unspent(unspent)) => Ok(format!("→{}", unspent.client.id.as_str())),
        Ok(ClientProof::AwaitsKeys(pending)) => Ok(pending.jwks_uri.to_string()),
        Err(error) => Err(error.code),
    }
}

fn header(credentials: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(credentials))
}

fn claims(client: &str) -> Value {
    json!({
        "iss": client, "sub": client, "aud": "https://op", "jti": "1",
        "exp": now().timestamp() + 60,
    })
}

fn signed(header: &Header, key: &EncodingKey, claims: &Value) -> String {
    let jwt = jsonwebtoken::encode(header, claims, key).unwrap();
    format!("client_assertion_type={TYPE}&client_assertion={jwt}")
}

fn ec(claims: &Value) -> String {
    signed(&Header::new(Algorithm::ES256), &KEY_PAIRS.ec, claims)
}

fn hs(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    signed(&Header::new(Algorithm::HS256), &key, claims)
}

#[test]
fn a_secret_is_accepted_in_the_header_encoded_or_not_and_in_the_body() {
    let app = Ok("app".to_owned());
    assert_eq!(authenticated(Some(&header("app:s%2B:c")), ""), app);
    assert_eq!(
        authenticated(Some(&header("app:s%252B%3Ac")), "client_id=app"),
        app
    );
    assert_eq!(
        authenticated(None, "client_id=app&client_secret=s%252B%3Ac"),
        app
    );
}

#[test]
fn a_public_client_needs_only_its_client_id() {
    assert_eq!(authenticated(None, "client_id=spa"), Ok("spa".to_owned()));
    assert_eq!(
        authenticated(None, "client_id=spa&client_secret=x"),
        Err(ErrorCode::InvalidClient)
    );
}

#[test]
fn a_client_without_its_secret_is_refused() {
    for form in [
        "client_id=app",
        "client_id=keyed",
        "client_id=shared",
        "client_id=shared&client_secret=0123456789abcdef0123456789abcdef",
        "client_id=app&client_secret=wrong",
        "client_id=nobody&client_secret=x",
        "",
    ] {
        assert_eq!(
            authenticated(None, form),
            Err(ErrorCode::InvalidClient),
            "{form}"
        );
    }
    for header in [
        header("app:wrong"),
        header("app"),
        "Basic !".to_owned(),
        "Bearer x".to_owned(),
    ] {
        assert_eq!(
            authenticated(Some(&header), "client_id=app"),
            Err(ErrorCode::InvalidClient),
            "{header}"
        );
    }
}

#[test]
fn n47_two_methods_at_once_are_refused() {
    let basic = header("app:s%2B:c");
    let assertion = ec(&claims("keyed"));
    let body = "client_id=app&client_secret=s%252B%3Ac";
    for (header, form) in [
        (Some(&basic), "client_secret=s%252B%3Ac".to_owned()),
        (Some(&basic), "client_id=spa".to_owned()),
        (Some(&basic), assertion.clone()),
        (None, format!("{body}&{assertion}")),
        (None, format!("{assertion}&client_secret=x")),
        (None, format!("{body}&client_secret=x")),
        (None, format!("{assertion}&client_assertion=x")),
        (None, format!("{assertion}&client_id=app")),
    ] {
        let refused = authenticated(header.map(String::as_str), &form);
        assert_eq!(refused, Err(ErrorCode::InvalidRequest), "{form}");
    }
}

/// An assertion of an unknown client is verified with a dummy key, so that it takes as long as any
/// other (N46, docs/security.md). RFC 7515 A.1 publishes a key and a signature made with it. None
/// of these keys authenticates a client.
#[test]
fn n46_the_dummy_verification_authenticates_no_client() {
    let zeros = EncodingKey::from_secret(&[0; 64]);
    for id in ["nobody", "app", "spa", "keyed", "shared"] {
        let form = signed(&Header::new(Algorithm::HS256), &zeros, &claims(id));
        assert_eq!(
            authenticated(None, &form),
            Err(ErrorCode::InvalidClient),
            "{id}"
        );
    }
}

#[test]
fn n46_a_failed_authentication_has_the_same_error_for_every_client() {
    let error_for = |form: &str| {
        let form = Params::parse(form.as_bytes()).unwrap();
        let request = ClientCredentials {
            header: None,
            form: &form,
            audience: &["https://op".to_owned()],
            now: now(),
        };
        authenticate(&request, &clients()).unwrap_err()
    };
    let unknown_key = EncodingKey::from_secret(&[1; 32]);
    for id in ["nobody", "app", "spa", "keyed", "pinned", "shared"] {
        let form = signed(&Header::new(Algorithm::HS256), &unknown_key, &claims(id));
        assert_eq!(error_for(&form), authentication_failed(), "{id}");
        let secret = format!("client_id={id}&client_secret=x");
        assert_eq!(error_for(&secret), authentication_failed(), "{id}");
    }
}

proptest! {
    #[test]
    fn no_other_header_authenticates_a_client(text in any::<String>()) {
        prop_assert!(authenticated(Some(&text), "").is_err());
        prop_assert!(authenticated(Some(&header(&text)), "").is_err());
    }
}
