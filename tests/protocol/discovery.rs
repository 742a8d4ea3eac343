//! Discovery: the metadata matches what the provider does (OIDC Discovery, RFC 8414).

use serde_json::{Value, json};
use url::Url;

use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

async fn document(provider: &TestProvider, path: &str) -> Answer {
    let answer = Browser::new().get(provider.at(path)).await;
    assert_eq!(answer.status, 200, "{path}");
    answer
}

fn urls(document: &Value) -> Vec<(&String, &str)> {
    let members = document.as_object().unwrap().iter();
    let texts = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
    texts.filter(|(_, text)| text.contains("://")).collect()
}

#[tokio::test]
async fn both_well_known_paths_serve_one_document() {
    for path in ["", "/sso/panda"] {
        let provider = TestProvider::open_with_issuer_path(path, "", "").await;
        let openid = document(&provider, OPENID).await.json();
        assert_eq!(openid["issuer"], provider.issuer, "to the letter, no slash");
        assert_eq!(document(&provider, OAUTH).await.json(), openid);
    }
}

#[tokio::test]
async fn rfc8414_the_well_known_part_stands_before_an_issuers_path_too() {
    let provider = TestProvider::open_with_issuer_path("/sso/panda", "", "").await;
    let mut front = Url::parse(&provider.issuer).unwrap();
    front.set_path(&format!("{OAUTH}/sso/panda"));
    let answer = Browser::new().get(&front).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), document(&provider, OPENID).await.json());
}

#[tokio::test]
async fn nothing_is_served_outside_an_issuers_path() {
    let provider = TestProvider::open_with_issuer_path("/sso", "", "").await;
    for path in [OPENID, "/authorize", "/launch", "/jwks"] {
        let outside = Url::parse(&provider.issuer).unwrap().join(path).unwrap();
        assert_eq!(Browser::new().get(&outside).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_url_in_it_is_below_the_issuer_and_is_served() {
    for path in ["", "/sso"] {
        let provider = TestProvider::open_with_issuer_path(path, "", "").await;
        let document = document(&provider, OPENID).await.json();
        for endpoint in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "end_session_endpoint",
        ] {
            assert!(document[endpoint].is_string(), "{endpoint}");
        }
        for (name, url) in urls(&document) {
            assert!(url.starts_with(&provider.issuer), "{name}");
            if name != "issuer" {
                let status = Browser::new().get(url).await.status;
                assert!(
                    status != 404 && !status.is_server_error(),
                    "{name}: {status}"
                );
            }
        }
    }
}

#[tokio::test]
async fn it_lists_what_works_and_nothing_else() {
    let provider = TestProvider::open().await;
    let document = document(&provider, OPENID).await.json();
    for (member, value) in [
        ("response_types_supported", json!(["code"])),
        (
            "response_modes_supported",
            json!(["query", "fragment", "form_post"]),
        ),
        (
            "grant_types_supported",
            json!([
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ]),
        ),
        ("subject_types_supported", json!(["public"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
        ("frontchannel_logout_supported", json!(true)),
        ("frontchannel_logout_session_supported", json!(true)),
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
        ("request_parameter_supported", json!(false)),
        // It must be stated, since the default is true (OIDC Discovery §3).
        ("request_uri_parameter_supported", json!(false)),
        (
            "id_token_signing_alg_values_supported",
            json!(["RS256", "PS256", "ES256", "EdDSA"]),
        ),
        (
            "token_endpoint_auth_methods_supported",
            json!([
                "client_secret_basic",
                "client_secret_post",
                "client_secret_jwt",
                "private_key_jwt",
                "none"
            ]),
        ),
    ] {
        assert_eq!(document[member], value, "{member}");
    }
}

#[tokio::test]
async fn every_origin_may_read_it_and_cache_it_for_five_minutes() {
    let provider = TestProvider::open().await;
    for path in [OPENID, OAUTH] {
        let answer = document(&provider, path).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    }
}

#[tokio::test]
async fn every_scope_and_algorithm_it_lists_is_served() {
    let provider = TestProvider::open().await;
    let document = document(&provider, OPENID).await.json();
    let jwks = Browser::new().get(provider.at("/jwks")).await.json();
    let served: Vec<_> = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["alg"])
        .collect();
    let listed = document["id_token_signing_alg_values_supported"].as_array();
    assert!(listed.unwrap().iter().all(|alg| served.contains(&alg)));
    let scopes = document["scopes_supported"].as_array().unwrap();
    let all = scopes
        .iter()
        .map(|scope| scope.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ");
    let mut browser = provider.signed_in(crate::support::CHEN_TAO).await;
    let grafana = provider.client("grafana");
    let answer = browser.get(grafana.authorize_url(&[("scope", &all)])).await;
    let code = crate::support::app::RelyingParty::code(&answer);
    assert_eq!(grafana.redeem(&code).await.json()["scope"], all);
}
