//! `client_secret_basic`: the secret in the `Authorization` header (RFC 6749 §2.3.1).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::proof::{ClientCredentials, ClientProof, authenticated, authentication_failed, secret};
use crate::oauth::clients::Clients;
use crate::oauth::error::OAuthError;

pub(super) fn authenticate<'a>(
    header: &str,
    request: &ClientCredentials<'a>,
    clients: &Clients,
) -> Result<ClientProof<'a>, OAuthError> {
    let credentials = Credentials::read(header).ok_or_else(authentication_failed)?;
    if let Some(id) = request.form.get("client_id")
        && !credentials.includes_id(id)
    {
        return Err(OAuthError::invalid_request(
            "the client_id differs between header and body",
        ));
    }
    let client = credentials.readings().find_map(|(id, _)| clients.get(id));
    let secret = secret(client, |basic, _| basic);
    let readings = credentials.readings();
    let accepted = readings.fold(false, |accepted, (_, offered)| {
        accepted | secret.matches(offered)
    });
    authenticated(client, accepted)
}

/// The credentials of a Basic header, read in both ways that are in use: unchanged, as in RFC 7617
/// and as many clients send them, and form-decoded, as RFC 6749 §2.3.1 demands.
struct Credentials {
    raw: Pair,
    decoded: Option<Pair>,
}

type Pair = (Zeroizing<String>, Zeroizing<String>);

impl Credentials {
    fn read(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let bytes = BASE64_STANDARD.decode(encoded.trim()).ok()?;
        let text = Zeroizing::new(String::from_utf8(bytes).ok()?);
        let (id, secret) = text.split_once(':')?;
        Some(Self {
            raw: (
                Zeroizing::new(id.to_owned()),
                Zeroizing::new(secret.to_owned()),
            ),
            decoded: form_decode(id).zip(form_decode(secret)),
        })
    }

    fn readings(&self) -> impl Iterator<Item = &Pair> {
        [Some(&self.raw), self.decoded.as_ref()]
            .into_iter()
            .flatten()
    }

    fn includes_id(&self, id: &str) -> bool {
        self.readings().any(|(read, _)| read.as_str() == id)
    }
}

fn form_decode(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}
