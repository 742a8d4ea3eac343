//! The reference for codes and tokens.

use crate::step::{Newest, Redemption};
use crate::world::{
    ACCESS_TOKEN, AccessToken, BACKEND, CODE, Family, GRACE, Grant, LEEWAY, Outcome, PLAIN,
    REFRESH, REFRESH_IDLE, World,
};

impl World {
    /// An authorization request without a page.
    pub fn authorize(&mut self, browser: usize, client: usize) -> Outcome {
        match self.signed_in(browser) {
            Some(session) => self.issue_code(session, client),
            None => Outcome::Refused,
        }
    }

    /// The session gives the client a code.
    pub fn issue_code(&mut self, session: usize, client: usize) -> Outcome {
        self.note(&format!("code {} in session {session}", self.grants.len()));
        self.grants.push(Grant {
            session,
            client,
            code_expires_at: self.now + CODE,
            expires_at: self.now + CODE + ACCESS_TOKEN,
            redeemed_at: None,
            has_tokens: false,
            revoked: false,
            kept: true,
            family: None,
        });
        Outcome::Code
    }

    /// A client gets a token in exchange for a ticket.
    pub fn grant_exchanged(&mut self, session: usize) {
        let grant = self.grants.len();
        self.note(&format!("grant {grant} in session {session}"));
        self.grants.push(Grant {
            session,
            client: BACKEND,
            code_expires_at: self.now,
            expires_at: self.now + ACCESS_TOKEN,
            redeemed_at: Some(self.now),
            has_tokens: true,
            revoked: false,
            kept: true,
            family: None,
        });
        self.issue_access_token(grant);
    }

    /// A client presents a code.
    pub fn redeem(&mut self, code: Newest, how: Redemption) -> Outcome {
        let Some(code) = code.of(self.grants.len()) else {
            return Outcome::Nothing;
        };
        if self.grants[code].client == BACKEND {
            return Outcome::Nothing;
        }
        self.note(&format!("code {code}"));
        let now = self.now;
        let session_is_live = self.is_live(self.grants[code].session);
        let grant = &mut self.grants[code];
        if !grant.kept || grant.expires_at <= now {
            return Outcome::Refused;
        }
        // A code of another client is none, whatever became of it.
        if how == Redemption::ByAnotherClient {
            return Outcome::Refused;
        }
        // A code once: the second time ends what the first gave.
        if grant.redeemed_at.is_some() {
            grant.revoked = true;
            return Outcome::Refused;
        }
        let is_ahead = grant.code_expires_at > now + CODE + LEEWAY;
        if grant.code_expires_at <= now || is_ahead || !session_is_live {
            return Outcome::Refused;
        }
        grant.redeemed_at = Some(now);
        if grant.client != PLAIN {
            grant.expires_at = now + REFRESH;
            grant.family = Some(Family {
                current: 0,
                rotated_at: now,
                expires_at: now + REFRESH_IDLE,
                kept: true,
            });
        }
        if how == Redemption::WithAWrongVerifier {
            grant.revoked = true;
            return Outcome::Refused;
        }
        grant.has_tokens = true;
        self.issue_access_token(code);
        if how == Redemption::Once {
            return Outcome::Tokens;
        }
        self.grants[code].revoked = true;
        Outcome::TokensOnce
    }

    /// A client presents a refresh token.
    pub fn refresh(&mut self, grant: Newest, token: Newest, twice: bool) -> Outcome {
        let Some(grant) = grant.of(self.grants.len()) else {
            return Outcome::Nothing;
        };
        let (now, is_active) = (self.now, self.is_active(grant));
        let has_tokens = self.grants[grant].has_tokens;
        let Some(family) = self.grants[grant].family.as_mut().filter(|_| has_tokens) else {
            return Outcome::Nothing;
        };
        let presented = token.of(family.current + 1).unwrap_or_default();
        if !is_active || !family.kept || family.expires_at <= now {
            self.note(&format!("token {presented} of code {grant}"));
            return Outcome::Refused;
        }
        // A family is one line: an old token gives the same successor for a moment, then it ends all.
        let is_recent = (now - GRACE + 1..=now + LEEWAY).contains(&family.rotated_at);
        let is_within_grace = presented + 1 == family.current && is_recent;
        if presented == family.current {
            family.current += 1;
            family.rotated_at = now;
            family.expires_at = now + REFRESH_IDLE;
        } else if !is_within_grace {
            self.grants[grant].revoked = true;
            self.note(&format!("old token {presented} of code {grant}"));
            return Outcome::Refused;
        }
        self.note(&format!("token {presented} of code {grant}"));
        for _ in 0..=usize::from(twice) {
            self.issue_access_token(grant);
        }
        Outcome::Tokens
    }

    /// A client revokes the newest access token of a grant.
    pub fn revoke(&mut self, grant: Newest) -> Outcome {
        let Some(grant) = grant.of(self.grants.len()) else {
            return Outcome::Nothing;
        };
        if !self.grants[grant].has_tokens {
            return Outcome::Nothing;
        }
        self.note(&format!("code {grant}"));
        if self.is_active(grant) {
            self.grants[grant].revoked = true;
            // A client that exchanged a ticket signs the person out by this.
            if self.grants[grant].client == BACKEND {
                self.end(self.grants[grant].session);
            }
        }
        Outcome::SignedOut
    }

    fn issue_access_token(&mut self, grant: usize) {
        self.access_tokens.push(AccessToken {
            grant,
            issued_at: self.now,
            expires_at: self.now + ACCESS_TOKEN,
        });
    }
}
