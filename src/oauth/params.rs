//! Request parameters: parsed once, looked up by name, checked for repeats (RFC 6749 §3.1, §3.2).

use percent_encoding::percent_decode;
use url::form_urlencoded;

use super::error::OAuthError;

/// A limit on the parameters of one request. No valid request needs as many.
const MAX_PARAMETERS: usize = 100;

/// Parameters that may be repeated (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// The parameters of a request, decoded from `application/x-www-form-urlencoded`.
///
/// Their values may be secrets, so there is no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
    /// The first parameter that is not UTF-8.
    not_utf8: Option<String>,
}

/// The request has too many parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request has more than {MAX_PARAMETERS} parameters")]
pub struct TooManyParameters;

impl Params {
    /// Reads a query or a form body.
    ///
    /// # Errors
    ///
    /// [`TooManyParameters`] beyond a hundred parameters.
    pub fn parse(encoded: &[u8]) -> Result<Self, TooManyParameters> {
        let pairs: Vec<_> = form_urlencoded::parse(encoded)
            .take(MAX_PARAMETERS + 1)
            .collect();
        if pairs.len() > MAX_PARAMETERS {
            return Err(TooManyParameters);
        }
        let pairs: Vec<(String, String)> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let not_utf8 = not_utf8(encoded, &pairs);
        Ok(Self { pairs, not_utf8 })
    }

    /// The value of `name`. "Parameters sent without a value MUST be treated as if they were
    /// omitted from the request" (RFC 6749 §3.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = self
            .pairs
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// Whether `name` is given more than once: "Request and response parameters MUST NOT be
    /// included more than once" (RFC 6749 §3.1).
    #[must_use]
    pub fn repeats(&self, name: &str) -> bool {
        self.pairs
            .iter()
            .filter(|(key, _)| key == name)
            .nth(1)
            .is_some()
    }

    /// The first name that is given more than once and must not be.
    #[must_use]
    pub fn repeated(&self) -> Option<&str> {
        self.pairs
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !REPEATABLE.contains(name) && self.repeats(name))
    }

    /// `invalid_request` when a parameter is given more than once and must not be, has a null character, or is
    /// not UTF-8, which is the encoding of OAuth (RFC 6749 appendix B). Other bytes could not be returned as
    /// they came.
    ///
    /// # Errors
    ///
    /// `invalid_request`.
    pub fn well_formed(&self) -> Result<(), OAuthError> {
        if let Some(name) = &self.not_utf8 {
            let description = format!("the parameter {name} is not UTF-8");
            return Err(OAuthError::invalid_request(description));
        }
        // No database of PostgreSQL stores it, and no client means it.
        if let Some((name, _)) = self.pairs.iter().find(|(_, value)| value.contains('\0')) {
            let description = format!("the parameter {name} has a null character");
            return Err(OAuthError::invalid_request(description));
        }
        match self.repeated() {
            Some(name) => Err(OAuthError::invalid_request(format!(
                "the parameter {name} is given more than once"
            ))),
            None => Ok(()),
        }
    }

    /// Whether `name` is not UTF-8: its value here is not what was sent.
    #[must_use]
    pub fn is_garbled(&self, name: &str) -> bool {
        self.not_utf8.is_some() && self.get(name).is_some_and(|value| value.contains(GARBLED))
    }

    /// All values of `name`, a parameter that may be repeated.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self
            .pairs
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// The value of `name`, in a request where no parameter is repeated.
    ///
    /// # Errors
    ///
    /// `invalid_request` when it is missing, or when any parameter is repeated.
    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.well_formed()?;
        self.get(name)
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }

    /// All parameters except `name`, encoded again as a query.
    #[must_use]
    pub fn without(&self, name: &str) -> String {
        let rest = self.pairs.iter().filter(|(key, _)| key != name);
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(rest)
            .finish()
    }
}

/// What decoding puts in the place of bytes that are not UTF-8.
const GARBLED: char = char::REPLACEMENT_CHARACTER;

/// The name of the first parameter that is not UTF-8. `pairs` are the decoded parameters of `encoded`.
fn not_utf8(encoded: &[u8], pairs: &[(String, String)]) -> Option<String> {
    // The character itself may have been sent too.
    let is_suspect = |text: &str| text.contains(GARBLED);
    if !pairs
        .iter()
        .any(|(name, value)| is_suspect(name) || is_suspect(value))
    {
        return None;
    }
    let raw = encoded.split(|byte| *byte == b'&');
    let raw = raw.filter(|pair| !pair.is_empty());
    let bad = |pair: &&[u8]| percent_decode(pair).decode_utf8().is_err();
    let bad = raw.zip(pairs).find(|(pair, _)| bad(pair));
    bad.map(|(_, (name, _))| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parameter_without_a_value_is_as_if_omitted() {
        let params = Params::parse(b"scope=&state=s").unwrap();
        assert_eq!(params.get("scope"), None);
        assert_eq!(params.get("state"), Some("s"));
    }

    #[test]
    fn n12_a_repeat_is_detected_even_if_one_value_is_empty() {
        let params = Params::parse(b"a=1&client_id=x&client_id=").unwrap();
        assert!(params.repeats("client_id") && !params.repeats("a"));
        assert_eq!(params.repeated(), Some("client_id"));
    }

    #[test]
    fn the_other_parameters_are_unchanged() {
        let params = Params::parse("state=%2B%20&ticket=T&name=陈".as_bytes()).unwrap();
        let rest = Params::parse(params.without("ticket").as_bytes()).unwrap();
        assert_eq!(
            (rest.get("state"), rest.get("name")),
            (Some("+ "), Some("陈"))
        );
        assert_eq!(rest.get("ticket"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            if let Ok(params) = Params::parse(&bytes) {
                let again = Params::parse(params.without("").as_bytes()).unwrap();
                prop_assert_eq!(again.without(""), params.without(""));
            }
        }
    }
}
