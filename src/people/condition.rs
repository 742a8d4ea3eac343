//! Conditions: expressions that are true or false for a user.
//!
//! A missing value is false.

use std::fmt;
use std::sync::Arc;

use minijinja::{Expression, Value};

use super::expression::{
    TemplateError, compile, reject_unknown_functions, reject_unknown_variables, variables_of,
};
use super::mentions::Mentions;
use super::profile::Profile;

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

    /// The names that the rule mentions.
    #[must_use]
    pub fn mentions(&self) -> Mentions {
        Mentions::of_rule(&self.source)
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
        let value = self.expression.eval(variables_of(profile, &none));
        let value = value.map_err(|error| TemplateError::of_evaluation(&error))?;
        Ok(value.is_true())
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}
