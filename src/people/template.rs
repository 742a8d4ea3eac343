//! Templates: texts with placeholders in the Jinja language, for claims.
//!
//! A missing value renders to nothing in a text.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use minijinja::{Environment, Expression, Value};

use super::claim_value::{ClaimValue, to_claim_value};
use super::expression::{
    TemplateError, compile, environment, reject_unknown_functions, reject_unknown_variables,
    variables_of,
};
use super::mentions::Mentions;
use super::profile::Profile;

/// The name of the only template in an environment.
const TEMPLATE_NAME: &str = "rule";

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

    /// The names that the template mentions.
    #[must_use]
    pub fn mentions(&self) -> Mentions {
        Mentions::of_rule(&self.source)
    }

    /// Renders the template for `profile`. `None` if the value is undefined, none or an empty text.
    /// A number becomes a text, because a client may fail on anything else.
    ///
    /// # Errors
    ///
    /// When the template cannot be evaluated, or its value cannot be a claim.
    pub fn render(&self, profile: &Profile) -> Result<Option<ClaimValue>, TemplateError> {
        let value = self.evaluate(variables_of(profile, &Value::UNDEFINED));
        to_claim_value(&value.map_err(|error| TemplateError::of_evaluation(&error))?)
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

/// The expression, if the template is a single `{{ expression }}`.
fn expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}") && !inner.contains("{%"))
        .then(|| inner.trim_matches('-').trim())
}
