//! What the fuzz targets share: registered clients, and a check that no request authenticates a
//! client without its secret. [`site`] is a whole provider.

pub mod site;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use panda_oidc::config;
use panda_oidc::oauth::clients::Clients;
use panda_oidc::oauth::client_auth::{ClientProof, ClientCredentials, authenticate};
use panda_oidc::oauth::params::Params;
use percent_encoding::percent_decode;

/// The issuer.
pub const ISSUER: &str = "https://sso.example.com";

/// The redirect URIs of the clients. One of them has a query.
pub const REDIRECT_URIS: [&str; 3] = [
    "https://app.example.com/cb",
    "https://app.example.com/cb?x=1",
    "http://127.0.0.1/cb",
];

/// One client for each authentication method: `basic`, `hs256`, `none`, and `key`, whose keys are at a
/// `jwks_uri`.
pub fn clients() -> &'static Clients {
    static CLIENTS: LazyLock<Clients> = LazyLock::new(|| {
        let [plain, query, loopback] = REDIRECT_URIS;
        let toml = format!(
            "issuer = '{ISSUER}'\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://10.0.0.5'\n\
             [[clients]]\nclient_id = 'basic'\nclient_secret = 'basic-secret-0123456789abcdef'\n\
             redirect_uris = ['{plain}', '{query}']\nresources = ['https://api.example.com']\n\
             grant_types = ['authorization_code', 'refresh_token', 'client_credentials',\n\
             'urn:ietf:params:oauth:grant-type:token-exchange']\n\
             subject_token_types = ['urn:panda-oidc:token-type:ticket']\n\
             [[clients]]\nclient_id = 'hs256'\nclient_secret = 'hs256-secret-0123456789abcdef0123'\n\
             token_endpoint_auth_method = 'client_secret_jwt'\nredirect_uris = ['{plain}']\n\
             [[clients]]\nclient_id = 'none'\ntoken_endpoint_auth_method = 'none'\n\
             redirect_uris = ['{loopback}']\n\
             [[clients]]\nclient_id = 'key'\ntoken_endpoint_auth_method = 'private_key_jwt'\n\
             jwks_uri = 'https://app.example.com/jwks'\nredirect_uris = ['{plain}']\n"
        );
        match config::parse(&toml) {
            Ok(config) => config.clients,
            Err(problems) => panic!("{problems:#?}"),
        }
    });
    &CLIENTS
}

/// Panics if `header` and `form` authenticate a client without its secret.
pub fn proves_nothing(header: Option<&str>, form: &Params) {
    let request = ClientCredentials {
        header,
        form,
        audience: &[ISSUER.to_owned(), format!("{ISSUER}/token")],
        now: DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default(),
    };
    match authenticate(&request, clients()) {
        Ok(ClientProof::Authenticated(client)) => {
            let public = client.is_public() && header.is_none();
            assert!(
                public || contains_secret(header, form),
                "{:?} without its secret",
                client.id
            );
        }
        Ok(ClientProof::Unspent(assertion)) => panic!("{:?} without its key", assertion.client.id),
        Ok(ClientProof::AwaitsKeys(_)) | Err(_) => {}
    }
}

/// Whether the request contains the secret. Some seeds do, in one of its possible encodings.
fn contains_secret(header: Option<&str>, form: &Params) -> bool {
    const SECRET: &str = "basic-secret-0123456789abcdef";
    let basic = || {
        let (_, encoded) = header?.split_once(' ')?;
        let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
        let plain = percent_decode(&decoded).decode_utf8_lossy().into_owned();
        Some(plain.ends_with(SECRET))
    };
    basic().unwrap_or(false) || form.get("client_secret") == Some(SECRET)
}
