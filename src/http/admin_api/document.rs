//! What the OpenAPI document says about the API as a whole.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi};
use utoipa::{Modify, OpenApi as Derive};

use super::problem::ProblemBody;

/// The OpenAPI document, to which the operations are added.
#[derive(Derive)]
#[openapi(
    info(
        title = "panda-oidc admin API",
        description = "Operates a provider. `panda-oidc tokens create` makes the bearer tokens; an operation \
                       lists the scopes that its token needs. Errors are RFC 9457 problem details.",
        version = "1",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemBody)),
    modifiers(&BearerToken),
    tags(
        (name = "overview", description = "The provider at a glance"),
        (name = "clients", description = "The registered clients"),
        (name = "sessions", description = "The sessions of people"),
        (name = "users", description = "The people that are known from the portal's list and from sign-ins"),
        (name = "links", description = "The accounts that people have in clients"),
        (name = "groups", description = "The groups that people belong to"),
        (name = "keys", description = "The signing keys"),
        (name = "directory", description = "The portal's list of people, and the brake on removals"),
    )
)]
pub(super) struct Document;

/// Adds the bearer token to the document.
struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        token.description = Some("A token of `panda-oidc tokens create` (RFC 6750)".to_owned());
        openapi
            .components
            .get_or_insert_with(|| ComponentsBuilder::new().build())
            .add_security_scheme("token", SecurityScheme::Http(token));
    }
}
