//! A page on the way from a URL with a ticket to the client. It is shown at another URL, because the ticket
//! would stay in the address bar and the history.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::crypto::Sealer;
use crate::past::is_within;

/// How long the URL of the page works: the browser follows a redirect to it.
const TTL: TimeDelta = TimeDelta::minutes(1);

/// The context of the seal.
const CONTEXT: &[u8] = b"onward page";

/// What the page does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnwardPage {
    /// Opens the logout frames of apps (Front-Channel Logout 1.0 §2), then a URL.
    Frames {
        /// The frames.
        frames: Vec<Url>,
        /// The URL to open then.
        url: String,
    },
    /// Posts a form (OAuth 2.0 Form Post Response Mode).
    Form {
        /// The URL to post to.
        action: String,
        /// Its fields.
        fields: Vec<(String, String)>,
    },
}

#[derive(Serialize, Deserialize)]
struct Wire {
    page: OnwardPage,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    sealed_at: DateTime<Utc>,
}

impl OnwardPage {
    /// Seals the page for its URL.
    #[must_use]
    pub fn seal(self, sealer: &Sealer, now: DateTime<Utc>) -> Option<String> {
        let wire = Wire {
            page: self,
            sealed_at: now,
        };
        sealer.seal_text(&wire, CONTEXT)
    }

    /// Opens it; `None` when the seal is not ours or the time is over.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let wire: Wire = sealer.open_text(sealed, CONTEXT)?;
        is_within(TTL, wire.sealed_at, now).then_some(wire.page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    #[test]
    fn the_url_of_a_page_works_for_a_minute_and_only_here() {
        let sealer = || MasterKey::random(&mut rand::rng()).sealer(Purpose::AccountSwitches);
        let (ours, other) = (sealer(), sealer());
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let page = OnwardPage::Form {
            action: "https://app.example.com/cb".to_owned(),
            fields: vec![("code".to_owned(), "secret-code".to_owned())],
        };
        let sealed = page.clone().seal(&ours, now).unwrap();
        assert!(!sealed.contains("secret-code"));
        assert_eq!(OnwardPage::open(&sealed, &ours, now + TTL), Some(page));
        let late = now + TTL + TimeDelta::milliseconds(1);
        assert_eq!(OnwardPage::open(&sealed, &ours, late), None);
        assert_eq!(OnwardPage::open(&sealed, &other, now), None);
    }
}
