//! Client authentication at the token endpoint (RFC 6749 §2.3, OIDC Core §9).

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::client::{Authentication, Client, Clients, secret_matches};
use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use crate::handle::Digest;

/// Finds out which client is asking, and has it prove so.
///
/// `header` is the value of the `Authorization` header. Nothing is changed by a failure: a client
/// library that tries one method after the other keeps its code.
///
/// # Errors
///
/// `invalid_client` when the proof fails, in the same words whether or not the client exists (N46);
/// `invalid_request` when two methods are used at once (RFC 6749 §2.3).
pub fn authenticate<'a>(
    header: Option<&str>,
    form: &Params,
    clients: &'a Clients,
) -> Result<&'a Arc<Client>, OAuthError> {
    let basic = header.map(basic).transpose()?;
    let in_body = form.get("client_secret");
    if basic.is_some() && in_body.is_some() {
        return Err(OAuthError::invalid_request(
            "the client authenticates in the header and in the body; use one of them",
        ));
    }
    let id = match (&basic, form.get("client_id")) {
        (Some(basic), Some(id)) if !basic.names(id) => {
            return Err(OAuthError::invalid_request(
                "the client_id differs between header and body",
            ));
        }
        (Some(basic), _) => basic.known(clients),
        (None, Some(id)) => id.to_owned(),
        (None, None) => return Err(failed()),
    };
    let client = clients.get(&id);
    // A client that does not exist costs the same work as one that does.
    let nobody = Authentication::Secret {
        digest: Digest::of(b""),
        basic: false,
        post: false,
    };
    let accepted = match client.map_or(&nobody, |client| &client.authentication) {
        Authentication::None => basic.is_none() && in_body.is_none(),
        Authentication::Secret {
            digest,
            basic: by_header,
            post,
        } => {
            let header = basic.as_ref().is_some_and(|basic| basic.proves(digest));
            let body = in_body.is_some_and(|secret| secret_matches(digest, secret));
            header && *by_header || body && *post
        }
    };
    client.filter(|_| accepted).ok_or_else(failed)
}

fn failed() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "the client is unknown, or did not prove itself by a method registered for it",
    )
}

/// What a Basic header says, in both readings that are in use: form-encoded as RFC 6749 §2.3.1
/// demands, and as it stands, as RFC 7617 and many clients have it.
struct Basic {
    raw: (Zeroizing<String>, Zeroizing<String>),
    decoded: Option<(Zeroizing<String>, Zeroizing<String>)>,
}

fn basic(header: &str) -> Result<Basic, OAuthError> {
    let credentials = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Basic"))
        .and_then(|(_, credentials)| BASE64_STANDARD.decode(credentials.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(Zeroizing::new)
        .ok_or_else(failed)?;
    let (id, secret) = credentials.split_once(':').ok_or_else(failed)?;
    Ok(Basic {
        raw: (
            Zeroizing::new(id.to_owned()),
            Zeroizing::new(secret.to_owned()),
        ),
        decoded: form_decode(id).zip(form_decode(secret)),
    })
}

fn form_decode(text: &str) -> Option<Zeroizing<String>> {
    let spaced = Zeroizing::new(text.replace('+', " "));
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}

impl Basic {
    fn readings(&self) -> impl Iterator<Item = &(Zeroizing<String>, Zeroizing<String>)> {
        [Some(&self.raw), self.decoded.as_ref()]
            .into_iter()
            .flatten()
    }

    fn names(&self, id: &str) -> bool {
        self.readings().any(|(name, _)| name.as_str() == id)
    }

    /// The reading of the identifier that a client has, else as it stands.
    fn known(&self, clients: &Clients) -> String {
        let known = self
            .readings()
            .find(|(name, _)| clients.get(name).is_some());
        known.unwrap_or(&self.raw).0.to_string()
    }

    fn proves(&self, digest: &Digest) -> bool {
        self.readings().fold(false, |proven, (_, secret)| {
            proven | secret_matches(digest, secret)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::tests::{confidential, public};
    use proptest::prelude::*;

    fn ask(header: Option<&str>, form: &str) -> Result<String, ErrorCode> {
        let clients: Clients = [confidential("app", "s%2B:c"), public("spa")]
            .into_iter()
            .collect();
        let form = Params::parse(form.as_bytes()).unwrap();
        let client = authenticate(header, &form, &clients);
        client
            .map(|client| client.id.to_string())
            .map_err(|error| error.code)
    }

    fn header(credentials: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(credentials))
    }

    #[test]
    fn a_secret_is_accepted_in_the_header_encoded_or_not_and_in_the_body() {
        let app = Ok("app".to_owned());
        assert_eq!(ask(Some(&header("app:s%2B:c")), ""), app);
        assert_eq!(ask(Some(&header("app:s%252B%3Ac")), "client_id=app"), app);
        assert_eq!(ask(None, "client_id=app&client_secret=s%252B%3Ac"), app);
    }

    #[test]
    fn a_public_client_is_named_and_proves_nothing() {
        assert_eq!(ask(None, "client_id=spa"), Ok("spa".to_owned()));
        assert_eq!(
            ask(None, "client_id=spa&client_secret=x"),
            Err(ErrorCode::InvalidClient)
        );
    }

    #[test]
    fn a_client_without_its_secret_is_nobody() {
        for form in [
            "client_id=app",
            "client_id=app&client_secret=wrong",
            "client_id=nobody&client_secret=x",
            "",
        ] {
            assert_eq!(ask(None, form), Err(ErrorCode::InvalidClient), "{form}");
        }
        for header in [
            header("app:wrong"),
            header("app"),
            "Basic !".to_owned(),
            "Bearer x".to_owned(),
        ] {
            assert_eq!(
                ask(Some(&header), "client_id=app"),
                Err(ErrorCode::InvalidClient),
                "{header}"
            );
        }
    }

    #[test]
    fn n47_two_methods_at_once_are_refused() {
        let both = ask(Some(&header("app:s%2B:c")), "client_secret=s%252B%3Ac");
        assert_eq!(both, Err(ErrorCode::InvalidRequest));
        let two_names = ask(Some(&header("app:s%2B:c")), "client_id=spa");
        assert_eq!(two_names, Err(ErrorCode::InvalidRequest));
    }

    proptest! {
        #[test]
        fn no_header_but_the_right_one_proves_anything(text in any::<String>()) {
            prop_assert!(ask(Some(&text), "").is_err());
            prop_assert!(ask(Some(&header(&text)), "").is_err());
        }
    }
}
