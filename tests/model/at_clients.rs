//! What clients do: codes and tokens.

use serde_json::Value;

use crate::product::{Product, Received};
use crate::step::Redemption;
use crate::support::app::claims;
use crate::support::browser::Answer;
use crate::world::{BACKEND, CLIENTS, Outcome, PLAIN, World};

impl Product {
    /// A client has received a code.
    pub fn received_code(&mut self, code: String) {
        self.grants.push(Received {
            code,
            ..Received::default()
        });
    }

    /// Presents a code.
    pub async fn redeem(
        &mut self,
        world: &World,
        grant: usize,
        how: Redemption,
        process: usize,
    ) -> Outcome {
        let client = world.grants[grant].client;
        let code = self.grants[grant].code.clone();
        if code.is_empty() {
            return Outcome::Nothing;
        }
        let own = self.client(client, process);
        let answers = match how {
            Redemption::Once => vec![own.redeem(&code).await],
            Redemption::AtBothProcesses => {
                let elsewhere = self.client(client, 1 - process);
                let (here, there) = tokio::join!(own.redeem(&code), elsewhere.redeem(&code));
                vec![here, there]
            }
            Redemption::ByAnotherClient => {
                let other = self.client((client + 1) % CLIENTS, process);
                vec![other.redeem(&code).await]
            }
            Redemption::WithAWrongVerifier => {
                let wrong = "w".repeat(43);
                vec![own.redeem_with(&code, &[("code_verifier", &wrong)]).await]
            }
        };
        let of = answers.len();
        let tokens = granted(world, answers);
        for token in &tokens {
            self.received_tokens(world, grant, token);
            let refresh_token = token["refresh_token"].as_str();
            world.require(
                refresh_token.is_some() == (client != PLAIN),
                "a refresh token for those who get one",
            );
            let first = refresh_token.map(str::to_owned);
            self.grants[grant].refresh_tokens.extend(first);
        }
        match tokens.len() {
            0 => Outcome::Refused,
            1 if of > 1 => Outcome::TokensOnce,
            _ => Outcome::Tokens,
        }
    }

    /// Presents a refresh token.
    pub async fn refresh(
        &mut self,
        world: &World,
        grant: usize,
        token: usize,
        twice: bool,
        process: usize,
    ) -> Outcome {
        let client = world.grants[grant].client;
        let presented = self.grants[grant].refresh_tokens[token].clone();
        let (here, there) = (
            self.client(client, process),
            self.client(client, 1 - process),
        );
        let answers = if twice {
            let (here, there) = tokio::join!(here.refresh(&presented), there.refresh(&presented));
            vec![here, there]
        } else {
            vec![here.refresh(&presented).await]
        };
        let of = answers.len();
        let tokens = granted(world, answers);
        for answer in &tokens {
            self.received_tokens(world, grant, answer);
            let successor = answer["refresh_token"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let family = &mut self.grants[grant].refresh_tokens;
            match family.get(token + 1) {
                Some(known) => world.require(*known == successor, "the same successor again"),
                None => family.push(successor),
            }
        }
        match tokens.len() {
            0 => Outcome::Refused,
            all if all == of => Outcome::Tokens,
            _ => Outcome::TokensOnce,
        }
    }

    /// Exchanges a ticket.
    pub async fn exchange(&mut self, world: &World, ticket: usize, process: usize) -> Outcome {
        let form = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", self.tickets[ticket].as_str()),
            ("subject_token_type", "urn:panda-oidc:token-type:ticket"),
            ("scope", "openid profile"),
        ];
        let answer = self.client(BACKEND, process).token(&form).await;
        let body = answer.json();
        if answer.status != 200 {
            world.require(
                answer.status == 400 && body["error"] == "invalid_request",
                &format!("a token or invalid_request, not {answer:?}"),
            );
            return Outcome::Refused;
        }
        let token = body["access_token"].as_str().unwrap_or_default().to_owned();
        world.require(
            claims(&token)["sub"] == subject(world.tickets[ticket].person),
            "a token of the person of the ticket",
        );
        self.access_tokens.push(token.clone());
        self.grants.push(Received {
            access_token: Some(token),
            ..Received::default()
        });
        Outcome::Tokens
    }

    /// Revokes the newest access token of a grant.
    pub async fn revoke(&self, world: &World, grant: usize, process: usize) -> Outcome {
        let Some(token) = &self.grants[grant].access_token else {
            return Outcome::Nothing;
        };
        let client = self.client(world.grants[grant].client, process);
        let answer = client.post_token("/revoke", token).await;
        world.require(answer.status == 200, &format!("it is revoked: {answer:?}"));
        Outcome::SignedOut
    }

    /// Takes the tokens from a response. Whom they name is the person of the session, and no other
    /// session has its `sid`.
    fn received_tokens(&mut self, world: &World, grant: usize, tokens: &Value) {
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        let id_token = text("id_token");
        let stated = claims(&id_token);
        let person = world.person_of_grant(grant);
        world.require(
            stated["sub"] == subject(person),
            &format!("an ID token of person {person}, not {stated}"),
        );
        let session = world.grants[grant].session;
        let sid = stated["sid"].as_str().unwrap_or_default().to_owned();
        let known = self.sids.entry(session).or_insert_with(|| sid.clone());
        world.require(*known == sid, "one sid for one session");
        let sessions = self.sids.values().filter(|known| **known == sid).count();
        world.require(sessions == 1, "one session for one sid");
        self.access_tokens.push(text("access_token"));
        self.grants[grant].access_token = Some(text("access_token"));
        self.grants[grant].id_token = Some(id_token);
    }
}

/// The `sub` of a person.
pub fn subject(person: usize) -> String {
    (person + 1).to_string()
}

/// The token responses among the answers. The others must be `invalid_grant`.
fn granted(world: &World, answers: Vec<Answer>) -> Vec<Value> {
    let mut granted = Vec::new();
    for answer in answers {
        let body = answer.json();
        if answer.status == 200 {
            granted.push(body);
        } else {
            world.require(
                answer.status == 400 && body["error"] == "invalid_grant",
                &format!("tokens or invalid_grant, not {answer:?}"),
            );
        }
    }
    granted
}
