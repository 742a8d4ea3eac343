//! Client assertions (RFC 7523), built by hand so that a test can make malformed ones.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use panda_oidc_sdk::Clock as _;
use serde_json::{Value, json};

use super::app::RelyingParty;
use super::browser::Answer;
use super::provider::TestProvider;

/// RFC 7523 §2.2.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key that a client signs with.
#[derive(Clone)]
pub struct ClientKey {
    /// The header of the tokens it signs.
    pub header: Header,
    /// The public key; null for a secret.
    pub jwk: Value,
    key: EncodingKey,
}

impl ClientKey {
    /// A secret for HS256, HS384 or HS512.
    pub fn secret(alg: Algorithm, secret: &str) -> Self {
        Self {
            header: Header::new(alg),
            jwk: Value::Null,
            key: EncodingKey::from_secret(secret.as_bytes()),
        }
    }

    /// A new key pair for RS256, PS256, ES256 or `EdDSA`, with the key ID `kid`.
    pub fn pair(alg: Algorithm, kid: &str) -> Self {
        let random = SystemRandom::new();
        let text = |bytes: &[u8]| BASE64.encode(bytes);
        let (mut jwk, key) = match alg {
            Algorithm::ES256 => {
                let suite = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let der = EcdsaKeyPair::generate_pkcs8(suite, &random).unwrap();
                let pair = EcdsaKeyPair::from_pkcs8(suite, der.as_ref()).unwrap();
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                let jwk = json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) });
                (jwk, EncodingKey::from_ec_der(der.as_ref()))
            }
            Algorithm::EdDSA => {
                let der = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
                let x = text(pair.public_key().as_ref());
                let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
                (jwk, EncodingKey::from_ed_der(der.as_ref()))
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let public = pair.public_key();
                let jwk = json!({
                    "kty": "RSA",
                    "n": text(public.modulus().big_endian_without_leading_zero()),
                    "e": text(public.exponent().big_endian_without_leading_zero()),
                });
                let der = pair.as_der().unwrap();
                (jwk, EncodingKey::from_rsa_der(pkcs1(der.as_ref())))
            }
        };
        jwk["kid"] = json!(kid);
        let mut header = Header::new(alg);
        header.kid = Some(kid.to_owned());
        Self { header, jwk, key }
    }

    /// An assertion with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(&self.header, claims)
    }

    /// An assertion with these claims and another header.
    pub fn sign_under(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }
}

/// The PKCS#1 key inside a PKCS#8 key: the last element of the outer sequence. jsonwebtoken signs
/// with PKCS#1 keys.
fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    let inner = pkcs8.windows(2).skip(4).position(|at| at == [0x30, 0x82]);
    &pkcs8[4 + inner.expect("a sequence in a sequence")..]
}

/// The JWK Set of `keys`.
pub fn jwks(keys: &[&ClientKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| &key.jwk).collect();
    json!({ "keys": keys }).to_string()
}

/// The `[[clients]]` table of a client; `lines` are its authentication settings.
pub fn registration(client_id: &str, lines: &str) -> String {
    format!(
        "[[clients]]\nclient_id = '{client_id}'\n\
         redirect_uris = ['http://127.0.0.1:9/{client_id}']\n{lines}\n"
    )
}

/// The `[[clients]]` table of a `private_key_jwt` client with these keys.
pub fn with_keys(client_id: &str, keys: &[&ClientKey]) -> String {
    let keys = jwks(keys);
    registration(
        client_id,
        &format!("token_endpoint_auth_method = 'private_key_jwt'\njwks = '{keys}'"),
    )
}

/// The `[[clients]]` table of a `private_key_jwt` client with its keys at `uri`.
pub fn with_keys_at(client_id: &str, uri: &str) -> String {
    registration(
        client_id,
        &format!("token_endpoint_auth_method = 'private_key_jwt'\njwks_uri = '{uri}'"),
    )
}

/// The client that [`registration`] registers.
pub fn signing_client(provider: &TestProvider, client_id: &str) -> RelyingParty {
    RelyingParty {
        issuer: provider.issuer.clone(),
        client_id: client_id.to_owned(),
        client_secret: None,
        redirect_uri: format!("http://127.0.0.1:9/{client_id}"),
    }
}

/// The claims of a valid assertion of `client`, with a unique `jti`.
pub fn claims(provider: &TestProvider, client: &RelyingParty) -> Value {
    let now = provider.clock.now().timestamp();
    json!({
        "iss": client.client_id, "sub": client.client_id, "aud": provider.issuer,
        "jti": format!("{:032x}", rand::random::<u128>()), "iat": now, "exp": now + 60,
    })
}

/// Sends `assertion` to the token endpoint with a code that was never issued. A client whose
/// authentication succeeds gets `invalid_grant`.
pub async fn ask(client: &RelyingParty, assertion: &str) -> Answer {
    redeem(client, "A".repeat(43).as_str(), assertion).await
}

/// Redeems `code` with `assertion`.
pub async fn redeem(client: &RelyingParty, code: &str, assertion: &str) -> Answer {
    let credentials = [
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    client.redeem_with(code, &credentials).await
}

/// Asserts that client authentication succeeded.
#[track_caller]
pub fn accepted(answer: &Answer, what: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (400, &json!("invalid_grant")),
        "{what}: {}",
        answer.body
    );
}

/// Asserts that client authentication failed.
#[track_caller]
pub fn refused(answer: &Answer, what: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (401, &json!("invalid_client")),
        "{what}: {}",
        answer.body
    );
    // RFC 6749 §5.2: `WWW-Authenticate` is only for a client that used the `Authorization` header.
    assert_eq!(answer.header("www-authenticate"), "", "{what}");
}
