//! One link, as it is changed by hand.

use std::collections::BTreeMap;

use super::cell::{self, CellError};
use crate::links::Edit;
use crate::people::Attribute;

/// What was said, as it was said. What is empty is to go.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The name of the account.
    pub username: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// Whether the address is vouched for.
    pub email_verified: Option<bool>,
    /// Free attributes, as `name=text` or `name[]=one|another`.
    pub attributes: Vec<String>,
}

/// The same, checked as a table's cells are.
///
/// # Errors
///
/// What is wrong with it.
pub fn edit(wish: &Wish) -> Result<Edit, CellError> {
    let text = |text: &String| cell::text(text).map(std::borrow::Cow::into_owned);
    let username = wish.username.as_ref().map(text).transpose()?;
    let email = wish.email.as_ref().map(text).transpose()?;
    let mut attributes = BTreeMap::new();
    for attribute in &wish.attributes {
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
        email_verified: wish.email_verified,
        attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_a_text_a_list_or_to_go() {
        let wish = Wish {
            attributes: [
                "dept=调度=中心",
                "sites[]=东|西",
                "none[]=|",
                "old=",
                "olds[]=",
            ]
            .map(str::to_owned)
            .into(),
            ..Wish::default()
        };
        let edit = edit(&wish).unwrap();
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
    fn what_cannot_be_is_refused() {
        for attribute in ["dept", "=x", "a b=x", "a=x\ny"] {
            let wish = Wish {
                attributes: vec![attribute.to_owned()],
                ..Wish::default()
            };
            assert!(edit(&wish).is_err(), "{attribute:?}");
        }
    }
}
