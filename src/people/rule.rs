//! A claim whose value comes from a template.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::claim_value::ClaimValue;
use super::expression::TemplateError;
use super::profile::Profile;
use super::template::Template;

/// A template for one claim of one client. When it fails, the claim is left out, and the first failure
/// is logged.
#[derive(Debug, Clone)]
pub struct ClaimRule {
    client: String,
    claim: String,
    template: Template,
    warned: Arc<AtomicBool>,
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
            warned: Arc::default(),
        })
    }

    /// The name of the claim.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// The value of the claim for `profile`, if there is one.
    #[must_use]
    pub fn fill(&self, profile: &Profile) -> Option<ClaimValue> {
        match self.template.render(profile) {
            Ok(filled) => filled,
            Err(error) => {
                self.warn_once(&error.to_string());
                None
            }
        }
    }

    /// The value of the claim for `profile`, if it is a text that `fits`.
    #[must_use]
    pub fn text(&self, profile: &Profile, fits: impl FnOnce(&str) -> bool) -> Option<String> {
        match self.fill(profile)? {
            ClaimValue::Text(text) if fits(&text) => Some(text),
            _ => {
                self.warn_once("what it comes to cannot stand in that claim");
                None
            }
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

    /// Logs the first failure. `fault` is about the rule: it must not contain personal data.
    fn warn_once(&self, fault: &str) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            let Self { client, claim, .. } = self;
            tracing::warn!(
                client_id = client,
                claim,
                fault,
                "The rule for {claim} of {client} failed; the claim is left out. This is said once"
            );
        }
    }
}
