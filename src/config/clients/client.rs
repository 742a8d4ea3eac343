//! Checks a client section and makes the client.

use chrono::TimeDelta;
use openidconnect::ClientId;

use super::check::Check;
use super::section::{AccessTokenTyp, ClientSection, IdTokenClaims};
use crate::keys::schedule::LONGEST_TOKEN_LIFETIME;
use crate::oauth::client::{AccessTokenSettings, ClaimsInIdToken, Client};
use crate::oauth::client_auth::method::Authentication;
use crate::oauth::grant_type::GrantType;
use crate::oauth::redirect::RegisteredUri;

impl Check<'_, '_> {
    pub(super) fn client(&mut self, section: &ClientSection) -> Option<Client> {
        self.client_id(&section.client_id);
        let authentication = self.authentication(section)?;
        let public = matches!(authentication, Authentication::None);
        let lifetime = TimeDelta::from_std(section.access_token_lifetime).unwrap_or(TimeDelta::MAX);
        if lifetime < TimeDelta::seconds(10) || lifetime > LONGEST_TOKEN_LIFETIME {
            self.fail(
                "access_token_lifetime",
                "it is shorter than ten seconds or longer than a day",
                "write something like \"15m\"",
            );
        }
        if section.token_parameters_in_url {
            self.warn(
                "token_parameters_in_url",
                format!(
                    "`{}` may send its secret and codes in URLs, which proxies write into their logs",
                    section.client_id
                ),
                "leave it off if the app can send them in the body",
            );
        }
        let client_uri = self.url("client_uri", section.client_uri.as_deref());
        Some(Client {
            id: ClientId::new(section.client_id.clone()),
            name: self.name(section),
            authentication,
            token_parameters_in_url: section.token_parameters_in_url,
            redirect_uris: self.redirect_uris(section),
            initiate_login_uri: self
                .url_with_fragment("initiate_login_uri", section.initiate_login_uri.as_deref()),
            launch: self.launch(section, client_uri.as_ref()),
            client_uri,
            logout: self.logout(section),
            require_pkce: section.require_pkce || public,
            id_token_alg: section.id_token_signed_response_alg,
            id_token_claims: match section.id_token_claims {
                IdTokenClaims::Full => ClaimsInIdToken::Full,
                IdTokenClaims::Minimal => ClaimsInIdToken::Minimal,
            },
            userinfo_alg: section.userinfo_signed_response_alg,
            access_token: AccessTokenSettings {
                alg: section
                    .access_token_signed_response_alg
                    .unwrap_or(section.id_token_signed_response_alg),
                typ: match section.access_token_typ {
                    AccessTokenTyp::AtJwt => "at+jwt",
                    AccessTokenTyp::Jwt => "JWT",
                },
                lifetime,
                audience: self.audience(section),
            },
            resources: self.resources(section),
            allowed_resources: self.targets("allowed_resources", &section.allowed_resources),
            grant_types: self.grant_types(section, public),
            subject_token_types: section.subject_token_types.clone(),
            refresh_token: self.refresh_policy(section),
            access: self.access(section),
            contact: self.contact(section),
            claims: self.claims(section),
        })
    }

    fn grant_types(&mut self, section: &ClientSection, public: bool) -> Vec<GrantType> {
        let has = |grant_type| section.grant_types.contains(&grant_type);
        if section.grant_types.is_empty() {
            self.fail(
                "grant_types",
                "it is empty: the client could ask for nothing",
                "leave it out for an app that people log in to",
            );
        }
        if public && (has(GrantType::ClientCredentials) || has(GrantType::TokenExchange)) {
            self.fail(
                "grant_types",
                "a client without credentials can neither act for itself nor exchange tokens",
                "give it a secret or a key, or take that grant type out",
            );
        }
        if has(GrantType::TokenExchange) == section.subject_token_types.is_empty() {
            self.fail(
                "subject_token_types",
                "it goes with the grant type token-exchange: what is exchanged has to be named, and nothing else",
                "name \"urn:panda-oidc:token-type:ticket\" or \
                 \"urn:ietf:params:oauth:token-type:access_token\", or take both out",
            );
        }
        section.grant_types.clone()
    }

    fn client_id(&mut self, id: &str) {
        // RFC 6749 appendix A.1, limited to characters that /launch/{client_id} need not escape.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if id.is_empty()
            || id.len() > 128
            || !id.bytes().all(plain)
            || id.bytes().all(|byte| byte == b'.')
        {
            self.fail(
                "client_id",
                "it is not 1 to 128 of the characters A-Z a-z 0-9 - . _ ~",
                "choose a plain name, such as grafana",
            );
        }
        // RFC 9700 §4.15 (N70, docs/security.md): a token's sub must never be another token's client_id.
        if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
            self.fail(
                "client_id",
                "it is a number, and could be some person's Panda ID",
                "choose a name with a letter in it",
            );
        }
    }

    /// The name that users see. It must not be blank.
    fn name(&mut self, section: &ClientSection) -> String {
        let Some(name) = &section.client_name else {
            return section.client_id.clone();
        };
        if name.trim().is_empty() || name.contains(char::is_control) {
            self.fail(
                "client_name",
                "it is blank, or has line breaks or other control characters in it",
                "write the name people know the app by, or take it out",
            );
        }
        name.clone()
    }

    /// Only clients with redirect-based flows must register redirect URIs (RFC 7591 §2).
    fn redirect_uris(&mut self, section: &ClientSection) -> Vec<RegisteredUri> {
        let uses_codes = section.grant_types.contains(&GrantType::AuthorizationCode);
        if uses_codes && section.redirect_uris.is_empty() {
            self.fail(
                "redirect_uris",
                "it is empty",
                "list every address the app may be sent back to; a service that people never log in to \
                 has no authorization_code among its grant_types",
            );
        }
        self.uris("redirect_uris", &section.redirect_uris)
    }
}
