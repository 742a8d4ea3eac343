//! The keys of a client that name who access tokens are for, and which of these names it goes by
//! itself (RFC 9068 §2.2, RFC 8707 §2).

use super::check::Check;
use super::section::ClientSection;

impl Check<'_, '_> {
    /// Whom the client's access tokens are for; this provider, unless it says.
    pub(super) fn audience(&mut self, section: &ClientSection) -> Vec<String> {
        let named = self.targets("access_token_audience", &section.access_token_audience);
        if named.is_empty() {
            return vec![self.issuer.to_owned()];
        }
        named
    }

    /// The names the client goes by as a service. A token for any of them is the client's business:
    /// it may introspect and exchange it (N40, N43).
    pub(super) fn resources(&mut self, section: &ClientSection) -> Vec<String> {
        let key = "resources";
        let others = |name: &str| name != section.client_id && self.ids.contains(&name);
        let of_others = section.resources.iter().find(|name| others(name)).cloned();
        if let Some(name) = of_others {
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

    /// URIs for `resource` (RFC 8707 §2), and plain names for `audience` (RFC 8693 §2.1), which a
    /// `client_id` may be: then the token is for that client.
    pub(super) fn targets(&mut self, key: &str, names: &[String]) -> Vec<String> {
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '#';
        for name in names {
            if name.is_empty() || name.contains(odd) {
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
