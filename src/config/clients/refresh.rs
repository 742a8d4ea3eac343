//! The keys of a client about refresh tokens.

use std::time::Duration;

use chrono::TimeDelta;

use super::check::Check;
use super::section::{ClientSection, RefreshWhen};
use crate::oauth::client::RefreshPolicy;
use crate::oauth::grant_type::GrantType;

impl Check<'_, '_> {
    pub(super) fn refresh_policy(&mut self, section: &ClientSection) -> RefreshPolicy {
        let always = section.refresh_token == RefreshWhen::Always;
        if always && !section.grant_types.contains(&GrantType::RefreshToken) {
            self.fail(
                "refresh_token",
                "it is \"always\", and grant_types has no \"refresh_token\"",
                "add it to grant_types, or take refresh_token out",
            );
        }
        let mut duration =
            |key: &str, value: Duration, min: TimeDelta, max: TimeDelta, example: &str| {
                let duration = TimeDelta::from_std(value).unwrap_or(TimeDelta::MAX);
                if duration < min || duration > max {
                    self.fail(
                        key,
                        format!(
                            "it is shorter than {} s or longer than {} s",
                            min.num_seconds(),
                            max.num_seconds()
                        ),
                        format!("write something like \"{example}\""),
                    );
                }
                duration
            };
        let (minute, years) = (TimeDelta::minutes(1), TimeDelta::days(800));
        RefreshPolicy {
            always,
            lifetime: duration(
                "refresh_token_lifetime",
                section.refresh_token_lifetime,
                minute,
                years,
                "90d",
            ),
            idle_lifetime: duration(
                "refresh_token_idle_lifetime",
                section.refresh_token_idle_lifetime,
                minute,
                years,
                "30d",
            ),
            grace: duration(
                "refresh_token_grace",
                section.refresh_token_grace,
                TimeDelta::zero(),
                minute,
                "10s",
            ),
        }
    }
}
