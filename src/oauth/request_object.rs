//! Request objects (OIDC Core §6.1). They are refused. What one says about the way back to the client is
//! read, so that the refusal reaches the client as it asked.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::params::Params;

/// What a request object says, unverified: anybody can write one, as anybody can write a query.
#[derive(Default)]
pub(super) struct RequestObject(Map<String, Value>);

impl RequestObject {
    /// The request object in `params`. Empty if there is none, or none that can be read.
    pub(super) fn unverified(params: &Params) -> Self {
        let jwt = params.get("request").filter(|_| !params.repeats("request"));
        Self(jwt.and_then(payload).unwrap_or_default())
    }

    /// The value of a parameter: the request's own, else the object's. `None` if the request gives it
    /// more than once.
    pub(super) fn or_of<'a>(&'a self, params: &'a Params, name: &str) -> Option<&'a str> {
        let inside = || self.0.get(name)?.as_str().filter(|text| !text.is_empty());
        let value = params.get(name).or_else(inside);
        value.filter(|_| !params.repeats(name))
    }
}

fn payload(jwt: &str) -> Option<Map<String, Value>> {
    let payload = jwt.split('.').nth(1)?;
    let json = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('='));
    serde_json::from_slice(&json.ok()?).ok()
}
