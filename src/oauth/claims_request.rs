//! The `claims` parameter: claims that are requested by name (OIDC Core §5.5).

use std::collections::HashMap;

use panda_oidc_sdk::Subject;
use serde::Deserialize;
use serde_json::Value;

use super::acr;
use super::error::OAuthError;
use super::requested_claims::RequestedClaims;
use super::user_claim::PersonClaims;

/// The content of a `claims` parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimsRequest {
    /// Claims about the user.
    pub person: RequestedClaims,
    /// The subject the response must be about: `sub` with a value (§5.5.1).
    pub subject: Option<Subject>,
    /// The `acr` to include in the ID token, if one is requested that can be met.
    pub acr: Option<&'static str>,
    /// `acr` is essential and none of its values is supported: the login fails (§5.5.1.1).
    pub unmet_acr: bool,
}

/// The `id_token` or `userinfo` member of the parameter: claim names, each with its request.
type Member = HashMap<String, Option<ClaimRequest>>;

/// The request for one claim. Members that are not understood are ignored (§5.5.1).
#[derive(Default, Deserialize)]
struct ClaimRequest {
    #[serde(default)]
    essential: bool,
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

impl ClaimRequest {
    /// The requested value, or the first of several.
    fn value(&self) -> Option<&Value> {
        let many = self.values.iter().flatten();
        self.value.iter().chain(many).next()
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        let many = self.values.iter().flatten();
        self.value.iter().chain(many).filter_map(Value::as_str)
    }
}

impl ClaimsRequest {
    /// Reads the parameter. Requested claims that are unknown are ignored (§5.5).
    ///
    /// # Errors
    ///
    /// `invalid_request` when it is not the JSON object that §5.5 defines.
    pub fn parse(json: &str) -> Result<Self, OAuthError> {
        let invalid =
            || OAuthError::invalid_request("claims is not a JSON object as in OIDC Core 5.5");
        let mut members: HashMap<String, Value> =
            serde_json::from_str(json).map_err(|_| invalid())?;
        let mut member = |name: &str| -> Result<Member, OAuthError> {
            let value = members.remove(name).unwrap_or_default();
            let member: Option<Member> = serde_json::from_value(value).map_err(|_| invalid())?;
            Ok(member.unwrap_or_default())
        };
        let (id_token, userinfo) = (member("id_token")?, member("userinfo")?);
        let named = |member: &Member| PersonClaims::named(|claim| member.contains_key(claim));
        let mut request = Self {
            person: RequestedClaims {
                id_token: named(&id_token),
                userinfo: named(&userinfo),
            },
            ..Self::default()
        };
        for claim in [id_token.get("sub"), userinfo.get("sub")]
            .into_iter()
            .flatten()
        {
            if let Some(value) = claim.as_ref().and_then(ClaimRequest::value) {
                let value = value.as_str().ok_or_else(invalid)?;
                request.subject = Some(Subject::new(value).map_err(|_| invalid())?);
            }
        }
        if let Some(claim) = id_token.get("acr") {
            let claim = claim.as_ref();
            let valued = claim.is_some_and(|claim| claim.value().is_some());
            request.acr = match claim {
                Some(claim) if valued => claim.values().find_map(acr::supported),
                _ => Some(acr::TICKET),
            };
            request.unmet_acr = request.acr.is_none() && claim.is_some_and(|claim| claim.essential);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::scope::Scopes;
    use crate::oauth::user_claim::UserClaim;
    use proptest::prelude::*;

    fn read(json: &str) -> ClaimsRequest {
        ClaimsRequest::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn claims_are_requested_by_name_for_id_token_or_userinfo() {
        let request = read(
            r#"{"userinfo": {"name": {"essential": true}, "email": null, "picture": null},
                "id_token": {"phone_number": null, "auth_time": {"essential": true}},
                "future": [1]}"#,
        );
        let RequestedClaims { id_token, userinfo } = &request.person;
        let none = Scopes::default();
        assert!(userinfo.is_requested(UserClaim::Name, &none));
        assert!(!id_token.is_requested(UserClaim::Name, &none));
        assert!(id_token.is_requested(UserClaim::PhoneNumber, &none));
        assert!(!userinfo.is_requested(UserClaim::PhoneNumber, &none));
        let profile = Scopes::parse("profile");
        assert!(userinfo.is_requested(UserClaim::UpdatedAt, &profile));
        assert!(!userinfo.is_requested(UserClaim::UpdatedAt, &none));
        assert_eq!(
            RequestedClaims::parse(&request.person.to_string()),
            request.person
        );
        assert_eq!(read("{}"), ClaimsRequest::default());
        assert_eq!(read(r#"{"userinfo": null}"#), ClaimsRequest::default());
    }

    #[test]
    fn a_sub_with_a_value_sets_the_expected_subject() {
        let request = read(r#"{"id_token": {"sub": {"value": "7"}}}"#);
        assert_eq!(request.subject.unwrap().as_str(), "7");
        assert_eq!(read(r#"{"id_token": {"sub": null}}"#).subject, None);
        let request = read(r#"{"id_token": {"sub": null}, "userinfo": {"sub": {"value": "7"}}}"#);
        assert_eq!(request.subject.unwrap().as_str(), "7");
        for value in [r#""""#, "7", "[]"] {
            let json = format!(r#"{{"id_token": {{"sub": {{"value": {value}}}}}}}"#);
            assert!(ClaimsRequest::parse(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_acr_that_cannot_be_met_matters_only_if_it_is_essential() {
        for (claim, acr, unmet) in [
            ("null", Some(acr::TICKET), false),
            (r#"{"essential": true}"#, Some(acr::TICKET), false),
            (
                r#"{"values": ["urn:x", "urn:panda-oidc:acr:ticket"]}"#,
                Some(acr::TICKET),
                false,
            ),
            (r#"{"values": ["urn:x"]}"#, None, false),
            (r#"{"essential": true, "value": "urn:x"}"#, None, true),
            (r#"{"essential": true, "values": [1]}"#, None, true),
        ] {
            let request = read(&format!(r#"{{"id_token": {{"acr": {claim}}}}}"#));
            assert_eq!((request.acr, request.unmet_acr), (acr, unmet), "{claim}");
        }
    }

    #[test]
    fn malformed_json_is_refused() {
        for json in [
            "",
            "[]",
            "1",
            "{",
            r#"{"userinfo": []}"#,
            r#"{"id_token": {"name": 1}}"#,
        ] {
            assert!(ClaimsRequest::parse(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(json in r#"([{}\[\]",:]|userinfo|id_token|name|sub|acr|value|null|.){0,40}"#) {
            let _ = ClaimsRequest::parse(&json);
        }
    }
}
