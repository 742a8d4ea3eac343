//! A client asks for a token of its own.

use super::{Issue, own_token};
use crate::app::App;
use crate::http::error::Failure;
use crate::oauth::client::Client;
use crate::oauth::params::Params;
use crate::oauth::resource;

/// Issues it. Nothing is kept: the token is good until it expires or is revoked.
///
/// # Errors
///
/// `invalid_target` when the client may not ask for the resource.
pub(super) fn own(app: &App, client: &Client, form: &Params) -> Result<Issue, Failure> {
    let audience = resource::audience(form, client, &[])?;
    Ok(Issue::of(own_token(app, client, audience)))
}
