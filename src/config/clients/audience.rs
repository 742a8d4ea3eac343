//! The keys of a client about audiences: who its access tokens are for, and which audiences name the
//! client itself (RFC 9068 §2.2, RFC 8707 §2).

use super::check::Check;
use super::section::ClientSection;

impl Check<'_, '_> {
    /// The default audience of the client's access tokens: this provider, unless others are configured.
    pub(super) fn audience(&mut self, section: &ClientSection) -> Vec<String> {
        let named = self.targets("access_token_audience", &section.access_token_audience);
        if named.is_empty() {
            return vec![self.issuer.to_owned()];
        }
        named
    }

    /// The audiences that name the client as a resource server. The client may introspect and exchange
    /// tokens for them, even tokens of other clients (N40, N43, docs/security.md).
    pub(super) fn resources(&mut self, section: &ClientSection) -> Vec<String> {
        let key = "resources";
        let is_other_client = |name: &str| name != section.client_id && self.ids.contains(&name);
        let taken_name = section
            .resources
            .iter()
            .find(|name| is_other_client(name))
            .cloned();
        if let Some(name) = taken_name {
            self.fail(
                key,
                format!("`{name}` is the client_id of another client, whose tokens would be this one's, too"),
                "name this service alone, such as https://api.example.com",
            );
        }
        if section.resources.iter().any(|name| name == self.issuer) {
            self.fail(
                key,
                "it has the issuer in it: tokens of all clients that name no audience would be this one's",
                "name this service alone, such as https://api.example.com",
            );
        }
        self.targets(key, &section.resources)
    }

    /// Checks names of audiences: URIs for `resource` (RFC 8707 §2), and plain names for `audience` (RFC
    /// 8693 §2.1). A plain name may be a `client_id`; then the token is for that client.
    pub(super) fn targets(&mut self, key: &str, names: &[String]) -> Vec<String> {
        let is_invalid = |c: char| c.is_whitespace() || c.is_control() || c == '#';
        for name in names {
            if name.is_empty() || name.contains(is_invalid) {
                self.fail(
                    key,
                    format!("{name:?} is neither a URI without a fragment nor a plain name"),
                    "write it as the aud of access tokens shall have it, such as https://api.example.com",
                );
            }
        }
        names.to_vec()
    }
}
