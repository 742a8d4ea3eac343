//! `acr`: how a user was authenticated (OIDC Core §2).
//!
//! This provider only learns that the portal vouched for a ticket, not how the portal authenticated
//! the user. So there is only one class, and no `amr`.

/// The user presented a ticket that the portal vouched for.
pub const TICKET: &str = "urn:panda-oidc:acr:ticket";

/// The class `acr`, if it is supported.
#[must_use]
pub fn supported(acr: &str) -> Option<&'static str> {
    (acr == TICKET).then_some(TICKET)
}

/// The first supported class of `acr_values`, a space-separated list in order of preference.
#[must_use]
pub fn first_supported(acr_values: &str) -> Option<&'static str> {
    acr_values.split(' ').find_map(supported)
}
