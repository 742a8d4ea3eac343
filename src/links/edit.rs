//! Builds the [`Edit`] of a link that an operator changes by hand.

use std::collections::BTreeMap;

use super::cell::{self, CellError};
use crate::links::Edit;
use crate::people::Attribute;

/// The values as the operator wrote them, unchecked. An empty value removes what is there.
#[derive(Debug, Clone, Default)]
pub struct EditInput {
    /// The username of the account.
    pub username: Option<String>,
    /// The e-mail address of the account.
    pub email: Option<String>,
    /// Whether the address is verified.
    pub email_verified: Option<bool>,
    /// Free attributes, as `name=text` or `name[]=one|another`.
    pub attributes: Vec<String>,
}

/// Checks `requested` by the rules for the cells of a table.
///
/// # Errors
///
/// What is wrong with the first value that is refused.
pub fn parse_edit(requested: &EditInput) -> Result<Edit, CellError> {
    let text = |text: &String| cell::text(text).map(std::borrow::Cow::into_owned);
    let username = requested.username.as_ref().map(text).transpose()?;
    let email = requested.email.as_ref().map(text).transpose()?;
    let mut attributes = BTreeMap::new();
    for attribute in &requested.attributes {
        let (name, value) = attribute.split_once('=').ok_or_else(|| CellError {
            what: format!("{attribute:?} has no = in it"),
            remedy: "write name=text, or name[]=one|another for a list",
        })?;
        let value = cell::text(value)?;
        let (name, value) = match name.strip_suffix("[]") {
            Some(name) if !value.is_empty() => (name, Attribute::Many(cell::list(&value))),
            Some(name) => (name, Attribute::One(String::new())),
            None => (name, Attribute::One(value.into_owned())),
        };
        attributes.insert(cell::attribute_name(name)?, value);
    }
    Ok(Edit {
        username: username.as_deref().map(cell::username).transpose()?,
        email: email.as_deref().map(cell::email).transpose()?,
        email_verified: requested.email_verified,
        attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_a_text_a_list_or_removed() {
        let requested = EditInput {
            attributes: [
                "dept=调度=中心",
                "sites[]=东|西",
                "none[]=|",
                "old=",
                "olds[]=",
            ]
            .map(str::to_owned)
            .into(),
            ..EditInput::default()
        };
        let edit = parse_edit(&requested).unwrap();
        let one = |text: &str| Attribute::One(text.to_owned());
        assert_eq!(edit.attributes["dept"], one("调度=中心"));
        assert_eq!(
            edit.attributes["sites"],
            Attribute::Many(vec!["东".to_owned(), "西".to_owned()])
        );
        assert_eq!(edit.attributes["none"], Attribute::Many(vec![]));
        assert_eq!(edit.attributes["old"], one(""));
        assert_eq!(edit.attributes["olds"], one(""));
    }

    #[test]
    fn a_malformed_attribute_is_refused() {
        for attribute in ["dept", "=x", "a b=x", "a=x\ny"] {
            let requested = EditInput {
                attributes: vec![attribute.to_owned()],
                ..EditInput::default()
            };
            assert!(parse_edit(&requested).is_err(), "{attribute:?}");
        }
    }
}
