//! What templates and conditions have in common: expressions in the Jinja language, and the variables
//! that they see.
//!
//! A rule sees `user.id`, `user.name`, `user.phone` (as the portal has it), `link.username`,
//! `link.email`, `link.attributes`, `groups` and `roles`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};

use minijinja::{
    AutoEscape, Environment, ErrorKind, Expression, UndefinedBehavior, Value, context,
};

use super::link::Attribute;
use super::profile::Profile;

/// How many steps a rule may take: far more than a sensible rule needs, and too few to delay a request.
const FUEL: u64 = 20_000;

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

/// What is wrong with a rule, worded for its author. Contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(pub(super) String);

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        Self(match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        })
    }
}

impl TemplateError {
    /// Why a rule failed for a user: the kind of the error and the line of the rule. What the engine says
    /// beyond that may contain values, such as a telephone number, and this ends in the log.
    pub(super) fn of_evaluation(error: &minijinja::Error) -> Self {
        Self(match error.line() {
            Some(line) => format!("{} in line {line}", error.kind()),
            None => error.kind().to_string(),
        })
    }
}

static EXPRESSIONS: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// The settings of every rule.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment
}

/// Parses an expression.
pub(super) fn compile(source: &str) -> Result<Arc<Expression<'static, 'static>>, TemplateError> {
    Ok(Arc::new(
        EXPRESSIONS.compile_expression_owned(source.to_owned())?,
    ))
}

/// Refuses a rule whose trial run met an unknown filter, test, function or method. Other errors of the
/// trial run are ignored: it runs without a user.
pub(super) fn reject_unknown_functions(
    trial: Result<Value, minijinja::Error>,
) -> Result<(), TemplateError> {
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
pub(super) fn reject_unknown_variables(names: HashSet<String>) -> Result<(), TemplateError> {
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

/// The variables for a rule. `absent` takes the place of missing values.
pub(super) fn variables_of(profile: &Profile, absent: &Value) -> Value {
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
