//! Client authentication: secrets, keys and methods.

use super::*;
use crate::crypto::identifiers::SecretHash;
use crate::oauth::client_auth::method::{Authentication, ClientKeys};

const SECRET: &str = "0123456789abcdef";
const SECRET_LINE: &str = "client_secret = \"0123456789abcdef\"\n";
const LONG: &str = "0123456789abcdef0123456789abcdef";
const KEY: &str = "kty = 'EC', crv = 'P-256', x = 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', \
                   y = 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'";

/// A configuration whose client has `lines` instead of its secret.
fn with(lines: &str) -> String {
    GOOD.replace(SECRET_LINE, "") + lines
}

fn authentication(lines: &str) -> Authentication {
    let config = parse(&with(lines)).unwrap_or_else(|problems| panic!("{lines}: {problems:?}"));
    config
        .clients
        .get("grafana")
        .unwrap()
        .authentication
        .clone()
}

fn private(lines: &str) -> String {
    format!("token_endpoint_auth_method = 'private_key_jwt'\n{lines}")
}

fn digest(lines: &str) -> SecretHash {
    match authentication(lines) {
        Authentication::Secret { digest, .. } => digest,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_comes_from_one_of_four_places() {
    let plain = digest(&format!("client_secret = '{SECRET}'"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    let file = format!("client_secret_file = '{}'", file.path().display());
    assert_eq!(digest(&file), plain);
    // Cargo sets it for every test.
    let named = std::env::var("CARGO_PKG_DESCRIPTION").unwrap();
    assert_eq!(
        digest("client_secret_env = 'CARGO_PKG_DESCRIPTION'"),
        SecretHash::of(named.as_bytes())
    );
    for hash in [
        "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f",
        "9F9F5111F7B27A781F1F1DDDE5EBC2DD2B796BFC7365C9C28B548E564176929F",
        "n59REfeyengfHx3d5evC3St5a/xzZcnCi1SOVkF2kp8=",
        "n59REfeyengfHx3d5evC3St5a/xzZcnCi1SOVkF2kp8",
        "n59REfeyengfHx3d5evC3St5a_xzZcnCi1SOVkF2kp8",
    ] {
        let hash = format!("client_secret_sha256 = '{hash}'");
        assert_eq!(digest(&hash), plain, "{hash}");
    }
}

#[test]
fn every_supported_method_of_rfc_7591_can_be_named() {
    let of = |method: &str, lines: &str| {
        authentication(&format!("token_endpoint_auth_method = '{method}'\n{lines}"))
    };
    let secret = format!("client_secret = '{LONG}'");
    let keys = format!("jwks = {{ keys = [{{ {KEY} }}] }}");
    for (method, by_header, by_body) in [
        ("client_secret_basic", true, false),
        ("client_secret_post", false, true),
    ] {
        let Authentication::Secret { basic, post, .. } = of(method, &secret) else {
            panic!("{method}");
        };
        assert_eq!((basic, post), (by_header, by_body));
    }
    assert!(matches!(of("none", ""), Authentication::None));
    assert!(matches!(
        of("client_secret_jwt", &secret),
        Authentication::SecretJwt { alg: None, .. }
    ));
    let pinned = format!("{keys}\ntoken_endpoint_auth_signing_alg = 'ES256'");
    let Authentication::PrivateKeyJwt { keys, alg } = of("private_key_jwt", &pinned) else {
        panic!();
    };
    assert_eq!(alg, Some(crate::keys::jws::JwsAlg::ES256));
    assert!(matches!(keys, ClientKeys::Inline(_)));
    let tls = with("token_endpoint_auth_method = 'tls_client_auth'");
    assert!(
        only_problem(&tls).contains("private_key_jwt"),
        "{}",
        only_problem(&tls)
    );
}

#[test]
fn keys_are_written_as_a_table_as_text_or_as_a_url() {
    let json = KEY.replace(" = '", "\":\"").replace("', ", "\",\"");
    let json = json.trim_end_matches('\'');
    for keys in [
        format!("jwks = {{ keys = [{{ {KEY} }}] }}"),
        format!("[[clients.jwks.keys]]\n{}", KEY.replace(", ", "\n")),
        format!("jwks = '{{\"keys\":[{{\"{json}\"}}]}}'"),
    ] {
        let read = authentication(&private(&keys));
        assert!(
            matches!(
                read,
                Authentication::PrivateKeyJwt {
                    keys: ClientKeys::Inline(_),
                    alg: None
                }
            ),
            "{keys}"
        );
    }
    for uri in ["https://10.0.0.7/jwks", "http://127.0.0.1:1/jwks"] {
        let read = authentication(&private(&format!("jwks_uri = '{uri}'")));
        assert!(matches!(
            read,
            Authentication::PrivateKeyJwt {
                keys: ClientKeys::Remote(_),
                ..
            }
        ));
    }
}

/// Asserts that `lines` have exactly one problem, that it is with `key` and contains `expected`, and
/// that it shows no secret.
#[track_caller]
fn assert_problem(lines: &str, key: &str, expected: &str) {
    let problem = only_problem(&with(lines));
    assert!(
        problem.contains(&format!("clients[0].{key}: ")) && problem.contains(expected),
        "{lines}\n{problem}"
    );
    assert!(
        !problem.contains(LONG) && !problem.contains("a:b"),
        "{problem}"
    );
}

#[test]
fn a_problem_with_a_secret_names_its_key_and_its_remedy() {
    let jwt = |lines: &str| format!("token_endpoint_auth_method = 'client_secret_jwt'\n{lines}");
    let hash = "client_secret_sha256 = 'n59REfeyengfHx3d5evC3St5a/xzZcnCi1SOVkF2kp8='";
    for (lines, key, expected) in [
        (
            format!("client_secret = '{LONG}'\nclient_secret_env = 'HOME'"),
            "client_secret",
            "client_secret and client_secret_env are both there; take one of the two out",
        ),
        (
            "client_secret_env = 'PANDA_NO_SUCH_VARIABLE'".to_owned(),
            "client_secret_env",
            "set it where panda-oidc is started",
        ),
        (
            "client_secret_file = '/nowhere/at/all'".to_owned(),
            "client_secret_file",
            "check path and permissions",
        ),
        (
            "client_secret_sha256 = 'abc'".to_owned(),
            "client_secret_sha256",
            "sha256sum",
        ),
        (
            format!("client_secret_sha256 = '{}'", "é".repeat(32)),
            "client_secret_sha256",
            "sha256sum",
        ),
        (
            "client_secret_sha256 = \
             'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"
                .to_owned(),
            "client_secret_sha256",
            "the hash of an empty secret",
        ),
        (
            jwt(hash),
            "client_secret_sha256",
            "cannot be verified with the hash of its secret; use client_secret_file",
        ),
        (
            jwt(&format!("client_secret = '{SECRET}'")),
            "client_secret",
            "shorter than 32 characters, which HS256 needs",
        ),
        (
            jwt(&format!(
                "client_secret = '{LONG}'\ntoken_endpoint_auth_signing_alg = 'HS512'"
            )),
            "client_secret",
            "shorter than 64 characters, which HS512 needs",
        ),
        (
            jwt(&format!(
                "client_secret = '{LONG}'\ntoken_endpoint_auth_signing_alg = 'RS256'"
            )),
            "token_endpoint_auth_signing_alg",
            "write HS256, HS384 or HS512",
        ),
    ] {
        assert_problem(&lines, key, expected);
    }
}

#[test]
fn a_problem_with_keys_names_its_key_and_its_remedy() {
    let keys = format!("jwks = {{ keys = [{{ {KEY} }}] }}");
    for (lines, key, expected) in [
        (
            private(&format!(
                "{keys}\ntoken_endpoint_auth_signing_alg = 'HS256'"
            )),
            "token_endpoint_auth_signing_alg",
            "write RS256, PS256, ES256 or EdDSA",
        ),
        (
            format!("client_secret = '{LONG}'\ntoken_endpoint_auth_signing_alg = 'HS256'"),
            "token_endpoint_auth_signing_alg",
            "say so in token_endpoint_auth_method",
        ),
        (
            private(""),
            "jwks",
            "add jwks with its public keys, or jwks_uri",
        ),
        (
            private(&format!("{keys}\njwks_uri = 'https://app/jwks'")),
            "jwks",
            "jwks and jwks_uri are both there",
        ),
        (
            private(&format!("{keys}\nclient_secret = '{LONG}'")),
            "client_secret",
            "a token_endpoint_auth_method that uses none",
        ),
        (
            format!("{keys}\nclient_secret = '{LONG}'"),
            "jwks",
            "say token_endpoint_auth_method = \"private_key_jwt\"",
        ),
        (
            private(&keys.replace(", y =", ", d = 'AA', y =")),
            "jwks",
            "its key number 1 is a private key",
        ),
        (private("jwks = 'x'"), "jwks", "it is no JWK Set"),
        (private("jwks = { keys = [] }"), "jwks", "it holds no key"),
        (
            private("jwks = { keys = [{ kty = 'RSA', n = 'AQAB', e = 'AQAB' }] }"),
            "jwks",
            "has fewer than 2048 bits",
        ),
        (
            private("jwks_uri = 'http://10.0.0.7/jwks'"),
            "jwks_uri",
            "server.allow_insecure_http = true",
        ),
        (
            private("jwks_uri = 'file:///etc/passwd'"),
            "jwks_uri",
            "it is not an https URL",
        ),
        (
            private("jwks_uri = 'https://a:b@app/jwks'"),
            "jwks_uri",
            "it has a user name or a password in it",
        ),
    ] {
        assert_problem(&lines, key, expected);
    }
}

#[test]
fn the_secret_of_the_example_is_refused_from_any_place() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME").unwrap();
    let line = format!("client_secret_file = '{}'", file.path().display());
    assert!(
        only_problem(&with(&line))
            .contains("clients[0].client_secret_file: it is still the example's")
    );
}

#[test]
fn a_signing_secret_is_in_no_debug() {
    let lines =
        format!("token_endpoint_auth_method = 'client_secret_jwt'\nclient_secret = '{LONG}'\n");
    let debug = format!("{:?}", parse(&with(&lines)).unwrap());
    assert!(!debug.contains(LONG), "{debug}");
}

/// A secret pasted into the key for its file is no path to print.
#[test]
fn a_secret_in_place_of_its_file_is_not_repeated() {
    for secret in [
        "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f",
        "n59REfeyengfHx3d5evC3St5a/xzZcnCi1SOVkF2kp8=",
        "correct-horse-battery-staple-9",
    ] {
        let problem = only_problem(&with(&format!("client_secret_file = '{secret}'")));
        let key = "clients[0].client_secret_file: the file cannot be read";
        assert!(problem.contains(key), "{problem}");
        assert!(!problem.contains(&secret[..8]), "{problem}");
    }
    let file = "client_secret_file = '/etc/panda-oidc/grafana.secret'";
    let problem = only_problem(&with(file));
    let named = "/etc/panda-oidc/grafana.secret cannot be read";
    assert!(problem.contains(named), "{problem}");
}
