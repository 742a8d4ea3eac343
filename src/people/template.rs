//! The rules operators write over a [`Profile`]: claims as templates, conditions as expressions, both
//! in the language of Jinja.
//!
//! A rule sees `user.id`, `user.name`, `user.phone` (as the portal has it), `link.username`,
//! `link.email`, `link.attributes`, `groups` and `roles`. What is not known leaves nothing in a text, and is
//! false in a condition.

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

/// How many steps a rule may take: far more than any that is meant takes, and too few to be felt.
const FUEL: u64 = 20_000;

/// The longest text a claim may be, in characters, and the most members it may have: a token travels in
/// headers.
const MAX_OUTPUT_BYTES: usize = 4096;
const MAX_LIST_ITEMS: usize = 1000;

/// The variables there are; attributes are below `link.attributes`.
const SEEN: [&str; 11] = [
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

/// The functions there are; `debug` would tell a client all that is known.
const FUNCTIONS: [&str; 3] = ["dict", "namespace", "range"];

/// The name of the one template in an environment.
const RULE: &str = "rule";

static EXPRESSIONS: LazyLock<Environment<'static>> = LazyLock::new(environment);

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment
}

/// What is wrong with a rule, in words for whoever wrote it.
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

/// A text with places for what is known of a person.
///
/// One that is `{{ expression }}` and nothing else keeps the expression's kind: a list stays a list.
/// Any other comes out as text.
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
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        let kind = if let Some(expression) = expression(source) {
            Kind::Expression(compile(expression)?)
        } else {
            let mut environment = environment();
            environment.add_template_owned(RULE, source.to_owned())?;
            Kind::Text(Arc::new(environment))
        };
        let template = Self {
            source: source.to_owned(),
            kind,
        };
        known(template.evaluate(Value::UNDEFINED))?;
        meant(template.names()?)?;
        Ok(template)
    }

    /// What comes of it for `profile`. `None` where that is nothing: undefined, none, an empty text.
    /// A number comes out as text; a client may fail on anything else.
    ///
    /// # Errors
    ///
    /// When the rule asks for what cannot be done, such as a list of a text.
    pub fn fill(&self, profile: &Profile) -> Result<Option<Filled>, TemplateError> {
        filled(&self.evaluate(seen(profile, &Value::UNDEFINED))?)
    }

    /// The variables it looks at.
    fn names(&self) -> Result<HashSet<String>, minijinja::Error> {
        Ok(match &self.kind {
            Kind::Expression(expression) => expression.undeclared_variables(true),
            Kind::Text(environment) => environment.get_template(RULE)?.undeclared_variables(true),
        })
    }

    fn evaluate(&self, seen: Value) -> Result<Value, minijinja::Error> {
        match &self.kind {
            Kind::Expression(expression) => expression.eval(seen),
            Kind::Text(environment) => environment
                .get_template(RULE)?
                .render(seen)
                .map(Value::from),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

/// What a template came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Filled {
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list of texts, even if it has one or none.
    List(Vec<String>),
}

fn filled(value: &Value) -> Result<Option<Filled>, TemplateError> {
    let short = |text: &str| text.chars().count() <= MAX_OUTPUT_BYTES;
    let filled = match value.kind() {
        ValueKind::Undefined | ValueKind::None => None,
        ValueKind::Bool => Some(Filled::Flag(value.is_true())),
        ValueKind::Seq | ValueKind::Iterable => {
            let members = value.try_iter()?.filter(|member| !is_nothing(member));
            let members: Vec<_> = members
                .take(MAX_LIST_ITEMS + 1)
                .map(|it| it.to_string())
                .collect();
            Some(Filled::List(members))
        }
        ValueKind::String | ValueKind::Number => Some(value.to_string())
            .filter(|text| !text.is_empty())
            .map(Filled::Text),
        other => {
            return Err(TemplateError(format!(
                "it comes to a {other}; a claim is a text, a list of texts, or true or false"
            )));
        }
    };
    let fits = match &filled {
        Some(Filled::Text(text)) => short(text),
        Some(Filled::List(list)) => {
            list.len() <= MAX_LIST_ITEMS && list.iter().all(|text| short(text))
        }
        Some(Filled::Flag(_)) | None => true,
    };
    if !fits {
        return Err(TemplateError(format!(
            "it comes to more than {MAX_OUTPUT_BYTES} characters, or {MAX_LIST_ITEMS} members"
        )));
    }
    Ok(filled)
}

fn is_nothing(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

/// A rule that holds for a person or not.
#[derive(Clone)]
pub struct Condition {
    source: String,
    expression: Arc<Expression<'static, 'static>>,
}

impl Condition {
    /// Reads an expression, such as `"dispatch" in groups and user.phone`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        let expression = compile(source)?;
        known(expression.eval(Value::UNDEFINED))?;
        meant(expression.undeclared_variables(true))?;
        Ok(Self {
            source: source.to_owned(),
            expression,
        })
    }

    /// Whether it holds.
    ///
    /// # Errors
    ///
    /// When the rule asks for what cannot be done. It holds for nobody then.
    pub fn holds(&self, profile: &Profile) -> Result<bool, TemplateError> {
        // Of none nothing can be asked but whether it is there; what is undefined counts as empty.
        let none = Value::from(());
        Ok(self.expression.eval(seen(profile, &none))?.is_true())
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}

/// Whether a first try met only what the language has. That it can do nothing with nobody is no fault.
fn known(tried: Result<Value, minijinja::Error>) -> Result<(), TemplateError> {
    match tried {
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

/// Refuses variables that no rule sees: a slip in a name would be false for everybody.
fn meant(names: HashSet<String>) -> Result<(), TemplateError> {
    let below = |name: &str, of: &str| {
        name.strip_prefix(of)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let is_known = |name: &str| {
        SEEN.contains(&name)
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
            let near = SEEN
                .iter()
                .min_by_key(|seen| strsim::levenshtein(seen, name));
            Err(TemplateError(format!(
                "no rule sees `{name}`; did you mean `{}`? There are {}",
                near.unwrap_or(&"user.id"),
                SEEN.join(", ")
            )))
        }
    }
}

fn compile(source: &str) -> Result<Arc<Expression<'static, 'static>>, TemplateError> {
    Ok(Arc::new(
        EXPRESSIONS.compile_expression_owned(source.to_owned())?,
    ))
}

/// The expression of a template that is nothing else.
fn expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%"))
        .then(|| inner.trim_matches('-').trim())
}

/// What a rule sees of a person; `absent` stands for what is not known.
fn seen(profile: &Profile, absent: &Value) -> Value {
    let there = |text: Option<&str>| text.map_or_else(|| absent.clone(), Value::from);
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
            username => there(link.username.as_deref()),
            email => there(link.email.as_deref()),
            email_verified => link.email_verified,
            attributes => Value::from(attributes.collect::<BTreeMap<_, _>>()),
        }
    });
    context! {
        user => context! {
            id => identity.subject.as_str(),
            name => there(identity.name.as_deref()),
            phone => there(identity.phone.as_deref()),
        },
        link => link.unwrap_or_else(|| absent.clone()),
        groups => &profile.groups,
        roles => &profile.roles,
    }
}
