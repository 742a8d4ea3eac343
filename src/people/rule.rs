//! A claim whose value comes from a template.

use super::claim_value::ClaimValue;
use super::expression::TemplateError;
use super::mentions::Mentions;
use super::profile::Profile;
use super::template::Template;

/// A template for one claim of one client.
#[derive(Debug, Clone)]
pub struct ClaimRule {
    client: String,
    claim: String,
    template: Template,
}

/// Why a rule has no value for a user. Contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFailure<'a> {
    /// The client that the rule is for.
    pub client: &'a str,
    /// The claim that is left out.
    pub claim: &'a str,
    /// What is wrong with the rule.
    pub reason: String,
}

impl ClaimRule {
    /// Parses the template.
    ///
    /// # Errors
    ///
    /// What is wrong with the template.
    pub fn new(client: &str, claim: &str, source: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            client: client.to_owned(),
            claim: claim.to_owned(),
            template: Template::new(source)?,
        })
    }

    /// The name of the claim.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// The names that the rule mentions.
    #[must_use]
    pub fn mentions(&self) -> Mentions {
        self.template.mentions()
    }

    /// The value of the claim for `profile`, if there is one.
    ///
    /// # Errors
    ///
    /// [`RuleFailure`] when the template cannot be rendered.
    pub fn fill(&self, profile: &Profile) -> Result<Option<ClaimValue>, RuleFailure<'_>> {
        let rendered = self.template.render(profile);
        rendered.map_err(|error| self.failure(error.to_string()))
    }

    /// The value of the claim for `profile`, if there is one.
    ///
    /// # Errors
    ///
    /// [`RuleFailure`] when the template cannot be rendered, or when the value is not a text that
    /// `fits`.
    pub fn text(
        &self,
        profile: &Profile,
        fits: impl FnOnce(&str) -> bool,
    ) -> Result<Option<String>, RuleFailure<'_>> {
        match self.fill(profile)? {
            None => Ok(None),
            Some(ClaimValue::Text(text)) if fits(&text) => Ok(Some(text)),
            Some(_) => Err(self.failure("what it comes to cannot stand in that claim".to_owned())),
        }
    }

    /// Whether the claim may differ between two users. No value, or an error, counts as different.
    #[must_use]
    pub fn differs_for(&self, one: &Profile, other: &Profile) -> bool {
        match (self.template.render(one), self.template.render(other)) {
            (Ok(Some(one)), Ok(Some(other))) => one != other,
            _ => true,
        }
    }

    fn failure(&self, reason: String) -> RuleFailure<'_> {
        RuleFailure {
            client: &self.client,
            claim: &self.claim,
            reason,
        }
    }
}
