//! What browsers do: tickets, confirmations, logouts.

use reqwest::Method;
use tokio::task::JoinSet;

use crate::product::Product;
use crate::step::{Door, Way};
use crate::support::browser::Answer;
use crate::world::{Outcome, World};

/// How many browsers race for a ticket.
const RACERS: usize = 4;

impl Product {
    /// A browser presents a ticket.
    pub async fn present(
        &mut self,
        world: &World,
        ticket: usize,
        browser: usize,
        way: Way,
        process: usize,
    ) -> Outcome {
        let ticket = &self.tickets[ticket];
        let url = match way.door {
            Door::Launch => self.at(process, &format!("/launch?ticket={ticket}")),
            Door::Authorize(client) => {
                let parameters = [
                    ("prompt", "none"),
                    ("scope", Self::scope(client)),
                    ("ticket", ticket),
                ];
                self.client(client, process)
                    .authorize_url(&parameters)
                    .into()
            }
        };
        let portal = self.replicas.portal.url().clone();
        let answer = self.browsers[browser]
            .send(Method::GET, url, |request| {
                if way.from_portal {
                    request.header("referer", portal.as_str())
                } else {
                    request
                }
            })
            .await;
        match way.door {
            Door::Launch => entered(world, &answer),
            Door::Authorize(_) => self.authorized(world, &answer),
        }
    }

    /// An authorization request with `prompt=none`.
    pub async fn authorize(
        &mut self,
        world: &World,
        browser: usize,
        client: usize,
        process: usize,
    ) -> Outcome {
        let url = self
            .client(client, process)
            .authorize_url(&[("prompt", "none"), ("scope", Self::scope(client))]);
        let answer = self.browsers[browser].get(url).await;
        self.authorized(world, &answer)
    }

    /// Opens the page that asks, and confirms.
    pub async fn confirm_switch(
        &mut self,
        world: &World,
        browser: usize,
        process: usize,
    ) -> Outcome {
        let url = self.at(process, "/switch");
        let page = self.browsers[browser].get(&url).await;
        if page.status != 200 {
            return entered(world, &page);
        }
        let confirmation = page.field("confirmation");
        let form = [("confirmation", confirmation.as_str())];
        entered(world, &self.browsers[browser].post(&url, &form).await)
    }

    /// Opens `/logout`, and confirms it.
    pub async fn logout(&mut self, world: &World, browser: usize, process: usize) -> Outcome {
        let url = self.at(process, "/logout");
        let page = self.browsers[browser].get(url).await;
        if signed_out(world, &page) == Outcome::SignedOut {
            return Outcome::SignedOut;
        }
        let confirmation = page.field("confirmation");
        let form = [("confirmation", confirmation.as_str())];
        let url = self.at(process, "/logout/confirm");
        signed_out(world, &self.browsers[browser].post(url, &form).await)
    }

    /// A logout with the ID token of a grant.
    pub async fn logout_with_hint(
        &mut self,
        world: &World,
        grant: usize,
        browser: Option<usize>,
        process: usize,
    ) -> Outcome {
        let Some(hint) = self.grants[grant].id_token.clone() else {
            return Outcome::Nothing;
        };
        let answer = if let Some(browser) = browser {
            let url = self.at(process, &format!("/logout?id_token_hint={hint}"));
            self.browsers[browser].get(url).await
        } else {
            let form = [("id_token_hint", hint.as_str())];
            let url = self.at(process, "/logout");
            self.stranger.clone().post(url, &form).await
        };
        signed_out(world, &answer)
    }

    /// New browsers present one ticket at the same moment, at both processes.
    pub async fn race(&mut self, world: &World, ticket: usize) -> Outcome {
        let ticket = &self.tickets[ticket];
        let mut racers = JoinSet::new();
        for racer in 0..RACERS {
            let mut browser = self.stranger.clone();
            let process = racer % self.replicas.processes.len();
            let url = self.at(process, &format!("/launch?ticket={ticket}"));
            racers.spawn(async move { (browser.get(url).await, browser) });
        }
        let arrived = racers.join_all().await.into_iter();
        let winners = arrived.filter(|(answer, _)| entered(world, answer) == Outcome::SignedIn);
        let mut winners: Vec<_> = winners.map(|(_, browser)| browser).collect();
        match (winners.pop(), winners.is_empty()) {
            (None, _) => Outcome::Refused,
            (Some(winner), true) => {
                if let Some(session) = world.sessions.len().checked_sub(1) {
                    self.old_cookies.push((winner, session));
                }
                Outcome::OneSignedIn
            }
            (Some(_), false) => Outcome::SignedIn,
        }
    }

    /// Takes the code from an authorization response.
    fn authorized(&mut self, world: &World, answer: &Answer) -> Outcome {
        world.require(
            answer.status == 303 && answer.location().port() == Some(9),
            &format!("an authorization response, not {answer:?}"),
        );
        match (
            answer.parameter("code"),
            answer.parameter("error").as_deref(),
        ) {
            (Some(code), None) => {
                self.received_code(code);
                Outcome::Code
            }
            (None, Some("login_required" | "access_denied")) => Outcome::Refused,
            (code, error) => world.fail(&format!("a code or a refusal, not {code:?}, {error:?}")),
        }
    }
}

/// What the answer to a ticket or a confirmation means.
fn entered(world: &World, answer: &Answer) -> Outcome {
    match answer.status.as_u16() {
        303 => match answer.location().path() {
            "/launch" => Outcome::SignedIn,
            "/switch" => Outcome::Asked,
            path => world.fail(&format!("a redirect to a page of ours, not to {path}")),
        },
        403 | 410 => Outcome::Refused,
        _ => world.fail(&format!("a redirect or a refusal, not {answer:?}")),
    }
}

/// What the answer to a logout means.
fn signed_out(world: &World, answer: &Answer) -> Outcome {
    world.require(answer.status == 200, &format!("a page, not {answer:?}"));
    if answer.body.contains("name=\"confirmation\"") {
        Outcome::Asked
    } else {
        Outcome::SignedOut
    }
}
