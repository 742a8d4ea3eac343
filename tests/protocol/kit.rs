//! Helpers for several files: additional clients, and token verification with the served keys alone.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;

const SECRET: &str = "another-secret-0123456789";

/// The `[[clients]]` section of one more client; `lines` are its other keys.
pub fn registration(client_id: &str, lines: &str) -> String {
    format!(
        "[[clients]]\nclient_id = '{client_id}'\nclient_secret = '{SECRET}'\n\
         redirect_uris = ['http://127.0.0.1:9/{client_id}']\n{lines}\n"
    )
}

/// The client that [`registration`] registers.
pub fn registered(provider: &TestProvider, client_id: &str) -> RelyingParty {
    RelyingParty {
        issuer: provider.issuer.clone(),
        client_id: client_id.to_owned(),
        client_secret: Some(SECRET.to_owned()),
        redirect_uri: format!("http://127.0.0.1:9/{client_id}"),
    }
}

/// The token response of a login at `client` by the user of `browser`.
pub async fn tokens(client: &RelyingParty, browser: &mut Browser) -> Value {
    let answer = client.redeem(&client.login(browser).await).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The token response of a login at the client `client_id` by [`CHEN_TAO`].
pub async fn tokens_of(provider: &TestProvider, client_id: &str) -> Value {
    tokens(
        &provider.client(client_id),
        &mut provider.signed_in(CHEN_TAO).await,
    )
    .await
}

/// Verifies a token against the served JWKS, with the algorithm of its key and no other, and returns
/// the claims.
pub async fn verified(provider: &TestProvider, token: &str) -> Value {
    let served = Browser::new().get(provider.at("/jwks")).await.json();
    let keys: JwkSet = serde_json::from_value(served).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(&header.kid.unwrap()).expect("the key is served");
    let algorithm = key.common.key_algorithm.unwrap().to_string();
    let mut validation = Validation::new(algorithm.parse().unwrap());
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    // The provider runs on a test clock.
    validation.validate_exp = false;
    let verifier = DecodingKey::from_jwk(key).unwrap();
    decode(token, &verifier, &validation).unwrap().claims
}
