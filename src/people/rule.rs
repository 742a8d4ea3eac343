//! A claim made by a template.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::profile::Profile;
use super::template::{Filled, Template, TemplateError};

/// A template and the claim of a client that it is for. What it cannot do is said once in the log; the
/// claim is left out.
#[derive(Debug, Clone)]
pub struct Rule {
    client: String,
    claim: String,
    template: Template,
    complained: Arc<AtomicBool>,
}

impl Rule {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(client: &str, claim: &str, source: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            client: client.to_owned(),
            claim: claim.to_owned(),
            template: Template::new(source)?,
            complained: Arc::default(),
        })
    }

    /// The claim.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// What it says of `profile`, if anything.
    #[must_use]
    pub fn fill(&self, profile: &Profile) -> Option<Filled> {
        match self.template.fill(profile) {
            Ok(filled) => filled,
            Err(error) => {
                self.complain(&error.to_string());
                None
            }
        }
    }

    /// What it says of `profile`, if that is a text that `fits`.
    #[must_use]
    pub fn text(&self, profile: &Profile, fits: impl FnOnce(&str) -> bool) -> Option<String> {
        match self.fill(profile)? {
            Filled::Text(text) if fits(&text) => Some(text),
            _ => {
                self.complain("what it comes to cannot stand in that claim");
                None
            }
        }
    }

    /// Whether it tells two people apart of whom the portal has the same name and number.
    #[must_use]
    pub fn tells_apart(&self, one: &Profile, other: &Profile) -> bool {
        match (self.template.fill(one), self.template.fill(other)) {
            (Ok(Some(one)), Ok(Some(other))) => one != other,
            _ => true,
        }
    }

    /// Nothing of the person stands in the log: `fault` is about the rule.
    fn complain(&self, fault: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
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
