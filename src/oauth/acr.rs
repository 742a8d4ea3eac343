//! `acr`: how sure we are of somebody (OIDC Core §2).
//!
//! All we ever know is that the portal answered for a ticket. How the portal had let its owner in
//! we are not told, so there is one class, and no `amr`.

/// Somebody brought a ticket that the portal answered for.
pub const TICKET: &str = "urn:panda-oidc:acr:ticket";

/// `acr` as ours, if it is one that can be met.
#[must_use]
pub fn supported(acr: &str) -> Option<&'static str> {
    (acr == TICKET).then_some(TICKET)
}

/// The first of a space-separated list, most wanted first, that can be met (`acr_values`).
#[must_use]
pub fn first_supported(acr_values: &str) -> Option<&'static str> {
    acr_values.split(' ').find_map(supported)
}
