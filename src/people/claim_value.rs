//! The value of a claim, as a template makes it.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::expression::TemplateError;

/// The longest text in a claim, and the most members of a list: a token must fit into HTTP headers.
const MAX_TEXT_CHARS: usize = 4096;
const MAX_LIST_ITEMS: usize = 1000;

/// The value of a template.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum ClaimValue {
    /// True or false.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list of texts, even with one member or none.
    List(Vec<String>),
}

/// `value` as the value of a claim; `None` if it is undefined, none or an empty text.
pub(super) fn to_claim_value(value: &Value) -> Result<Option<ClaimValue>, TemplateError> {
    let fits_text = |text: &str| text.chars().count() <= MAX_TEXT_CHARS;
    let filled = match value.kind() {
        ValueKind::Undefined | ValueKind::None => None,
        ValueKind::Bool => Some(ClaimValue::Flag(value.is_true())),
        ValueKind::Seq | ValueKind::Iterable => {
            let members = value
                .try_iter()
                .map_err(|error| TemplateError::of_evaluation(&error))?
                .filter(|member| !is_absent(member));
            let members: Vec<_> = members
                .take(MAX_LIST_ITEMS + 1)
                .map(|it| it.to_string())
                .collect();
            Some(ClaimValue::List(members))
        }
        ValueKind::String | ValueKind::Number => Some(value.to_string())
            .filter(|text| !text.is_empty())
            .map(ClaimValue::Text),
        other => {
            return Err(TemplateError(format!(
                "it comes to a {other}; a claim is a text, a list of texts, or true or false"
            )));
        }
    };
    let fits = match &filled {
        Some(ClaimValue::Text(text)) => fits_text(text),
        Some(ClaimValue::List(list)) => {
            list.len() <= MAX_LIST_ITEMS && list.iter().all(|text| fits_text(text))
        }
        Some(ClaimValue::Flag(_)) | None => true,
    };
    if !fits {
        return Err(TemplateError(format!(
            "it comes to more than {MAX_TEXT_CHARS} characters, or {MAX_LIST_ITEMS} members"
        )));
    }
    Ok(filled)
}

fn is_absent(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}
