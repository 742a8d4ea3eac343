//! The rules that operators write over a [`Profile`]: templates for claims and expressions for
//! conditions, both in the Jinja language.
//!
//! A rule sees `user.id`, `user.name`, `user.phone` (as the portal has it), `link.username`,
//! `link.email`, `link.attributes`, `groups` and `roles`. A missing value renders to nothing in a text,
//! and is false in a condition.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::ValueKind;
use minijinja::{
    AutoEscape, Environment, ErrorKind, Expression, UndefinedBehavior, Value, context,
};

use super::link::Attribute;
use super::profile::Profile;

/// How many steps a rule may take: far more than a sensible rule needs, and too few to delay a request.
const FUEL: u64 = 20_000;

/// The longest text in a claim, and the most members of a list: a token must fit into HTTP headers.
const MAX_TEXT_CHARS: usize = 4096;
const MAX_LIST_ITEMS: usize = 1000;

/// The variables of a rule. Attributes are below `link.attributes`.
const VARIABLES: [&str; 11] = [
    "user",
    "user.id",
    "user.name",
    "user.phone",
    "link",
    "link.username",
    "link.email",
    "link.email_verified",
    "link.attributes",
    "groups",
    "roles",
];

/// The functions of a rule. `debug` is left out: it would disclose the whole profile to a client.
const FUNCTIONS: [&str; 3] = ["dict", "namespace", "range"];

/// The name of the only template in an environment.
const TEMPLATE_NAME: &str = "rule";

static EXPRESSIONS: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment
}

/// What is wrong with a rule, worded for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        Self(match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        })
    }
}

/// A text with placeholders for values of a [`Profile`].
///
/// A template that is a single `{{ expression }}` keeps the type of the expression: a list stays a
/// list. Any other template renders to text.
#[derive(Clone)]
pub struct Template {
    source: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Expression(Arc<Expression<'static, 'static>>),
    Text(Arc<Environment<'static>>),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// What is wrong with the template.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        let kind = if let Some(expression) = expression(source) {
            Kind::Expression(compile(expression)?)
        } else {
            let mut environment = environment();
            environment.add_template_owned(TEMPLATE_NAME, source.to_owned())?;
            Kind::Text(Arc::new(environment))
        };
        let template = Self {
            source: source.to_owned(),
            kind,
        };
        reject_unknown_functions(template.evaluate(Value::UNDEFINED))?;
        reject_unknown_variables(template.variables()?)?;
        Ok(template)
    }

    /// Renders the template for `profile`. `None` if the value is undefined, none or an empty text.
    /// A number becomes a text, because a client may fail on anything else.
    ///
    /// # Errors
    ///
    /// When the template cannot be evaluated, or its value cannot be a claim.
    pub fn render(&self, profile: &Profile) -> Result<Option<ClaimValue>, TemplateError> {
        to_claim_value(&self.evaluate(variables_of(profile, &Value::UNDEFINED))?)
    }

    /// The variables that the template uses.
    fn variables(&self) -> Result<HashSet<String>, minijinja::Error> {
        Ok(match &self.kind {
            Kind::Expression(expression) => expression.undeclared_variables(true),
            Kind::Text(environment) => environment
                .get_template(TEMPLATE_NAME)?
                .undeclared_variables(true),
        })
    }

    fn evaluate(&self, variables: Value) -> Result<Value, minijinja::Error> {
        match &self.kind {
            Kind::Expression(expression) => expression.eval(variables),
            Kind::Text(environment) => environment
                .get_template(TEMPLATE_NAME)?
                .render(variables)
                .map(Value::from),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

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

fn to_claim_value(value: &Value) -> Result<Option<ClaimValue>, TemplateError> {
    let fits_text = |text: &str| text.chars().count() <= MAX_TEXT_CHARS;
    let filled = match value.kind() {
        ValueKind::Undefined | ValueKind::None => None,
        ValueKind::Bool => Some(ClaimValue::Flag(value.is_true())),
        ValueKind::Seq | ValueKind::Iterable => {
            let members = value.try_iter()?.filter(|member| !is_absent(member));
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

/// A rule that is true or false for a user.
#[derive(Clone)]
pub struct Condition {
    source: String,
    expression: Arc<Expression<'static, 'static>>,
}

impl Condition {
    /// Parses an expression, such as `"dispatch" in groups and user.phone`.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        let expression = compile(source)?;
        reject_unknown_functions(expression.eval(Value::UNDEFINED))?;
        reject_unknown_variables(expression.undeclared_variables(true))?;
        Ok(Self {
            source: source.to_owned(),
            expression,
        })
    }

    /// Whether the rule is true for `profile`.
    ///
    /// # Errors
    ///
    /// When the rule cannot be evaluated.
    pub fn evaluate(&self, profile: &Profile) -> Result<bool, TemplateError> {
        // A missing value is `none`, so that any use but a truth test fails. An undefined value would
        // count as empty.
        let none = Value::from(());
        Ok(self
            .expression
            .eval(variables_of(profile, &none))?
            .is_true())
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}

/// Refuses a rule whose trial run met an unknown filter, test, function or method. Other errors of the
/// trial run are ignored: it runs without a user.
fn reject_unknown_functions(trial: Result<Value, minijinja::Error>) -> Result<(), TemplateError> {
    match trial {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::UnknownFilter
                    | ErrorKind::UnknownTest
                    | ErrorKind::UnknownFunction
                    | ErrorKind::UnknownMethod
            ) =>
        {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

/// Refuses unknown variables: a misspelt name would be false for everybody.
fn reject_unknown_variables(names: HashSet<String>) -> Result<(), TemplateError> {
    let below = |name: &str, of: &str| {
        name.strip_prefix(of)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let is_known = |name: &str| {
        VARIABLES.contains(&name)
            || ["link.attributes", "groups", "roles"]
                .iter()
                .any(|of| below(name, of))
            || FUNCTIONS.contains(&name)
    };
    let mut unknown: Vec<_> = names.into_iter().filter(|name| !is_known(name)).collect();
    unknown.sort_unstable();
    match unknown.first() {
        None => Ok(()),
        Some(name) => {
            let nearest = VARIABLES
                .iter()
                .min_by_key(|variable| strsim::levenshtein(variable, name));
            Err(TemplateError(format!(
                "no rule sees `{name}`; did you mean `{}`? There are {}",
                nearest.unwrap_or(&"user.id"),
                VARIABLES.join(", ")
            )))
        }
    }
}

fn compile(source: &str) -> Result<Arc<Expression<'static, 'static>>, TemplateError> {
    Ok(Arc::new(
        EXPRESSIONS.compile_expression_owned(source.to_owned())?,
    ))
}

/// The expression, if the template is a single `{{ expression }}`.
fn expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%"))
        .then(|| inner.trim_matches('-').trim())
}

/// The variables for a rule. `absent` takes the place of missing values.
fn variables_of(profile: &Profile, absent: &Value) -> Value {
    let or_absent = |text: Option<&str>| text.map_or_else(|| absent.clone(), Value::from);
    let identity = &profile.user.identity;
    let link = profile.link.as_ref().map(|link| {
        let attributes = link.attributes.iter().map(|(name, value)| {
            let value = match value {
                Attribute::One(text) => Value::from(text.as_str()),
                Attribute::Many(list) => Value::from(list.clone()),
            };
            (name.as_str(), value)
        });
        context! {
            username => or_absent(link.username.as_deref()),
            email => or_absent(link.email.as_deref()),
            email_verified => link.email_verified,
            attributes => Value::from(attributes.collect::<BTreeMap<_, _>>()),
        }
    });
    context! {
        user => context! {
            id => identity.subject.as_str(),
            name => or_absent(identity.name.as_deref()),
            phone => or_absent(identity.phone.as_deref()),
        },
        link => link.unwrap_or_else(|| absent.clone()),
        groups => &profile.groups,
        roles => &profile.roles,
    }
}
