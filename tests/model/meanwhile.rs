//! What clients and browsers get while a session ends: they may be faster or slower, but nothing that they
//! received works afterwards.

use tokio::task::JoinSet;

use crate::product::Product;
use crate::step::{Ending, Newest};
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::world::{ALWAYS, Outcome, Presence, World};

/// What somebody has received meanwhile.
enum Gained {
    /// The answer to a refresh token, or to a code.
    Tokens(Answer),
    /// The answer to an authorization request.
    Code(Answer),
    /// A browser that presented a ticket.
    Browser(Browser),
}

impl Product {
    /// Ends sessions at one process while the other serves those who are about to lose them.
    pub async fn end_meanwhile(
        &mut self,
        world: &World,
        ending: Ending,
        grant: Newest,
        process: usize,
    ) -> Outcome {
        let others = self.meanwhile(world, grant, 1 - process);
        let outcome = match ending {
            Ending::Logout { browser } => self.logout(world, browser, process).await,
            Ending::Switch { browser } => self.confirm_switch(world, browser, process).await,
            Ending::Reading => {
                self.read_directory(world, process).await;
                Outcome::SignedOut
            }
        };
        for gained in others.join_all().await {
            self.require_worthless(world, gained, process).await;
        }
        outcome
    }

    /// Starts requests of everybody who has nothing left in `world`, where the sessions have ended.
    fn meanwhile(&self, world: &World, grant: Newest, process: usize) -> JoinSet<Gained> {
        let mut others = JoinSet::new();
        if let Some(grant) = grant.of(self.grants.len())
            && !world.is_active(grant)
            && let Some(token) = self.grants[grant].refresh_tokens.last().cloned()
        {
            let client = self.client(world.grants[grant].client, process);
            others.spawn(async move { Gained::Tokens(client.refresh(&token).await) });
        }
        for (browser, session) in &self.old_cookies {
            if world.is_live(*session) {
                continue;
            }
            let mut browser = browser.clone();
            let url = self
                .client(ALWAYS, process)
                .authorize_url(&[("prompt", "none")]);
            others.spawn(async move { Gained::Code(browser.get(url).await) });
        }
        for (person, id) in world.people.iter().zip(1..) {
            if person.presence != Presence::Left {
                continue;
            }
            let ticket = self.replicas.portal.issue_ticket(id);
            let url = self.at(process, &format!("/launch?ticket={ticket}"));
            let mut browser = self.stranger.clone();
            others.spawn(async move {
                browser.get(url).await;
                Gained::Browser(browser)
            });
        }
        others
    }

    async fn require_worthless(&self, world: &World, gained: Gained, process: usize) {
        match gained {
            Gained::Tokens(answer) => self.require_dead(world, &answer, process).await,
            Gained::Code(answer) => {
                if let Some(code) = answer.parameter("code") {
                    let client: RelyingParty = self.client(ALWAYS, process);
                    let redeemed = client.redeem(&code).await;
                    world.require(
                        redeemed.status == 400,
                        &format!("no tokens for a code from before the end, not {redeemed:?}"),
                    );
                }
            }
            Gained::Browser(browser) => {
                let shown = self.person_shown(&browser, process).await;
                world.require(
                    shown.is_none(),
                    &format!("no session for a leaver, not {shown:?}"),
                );
            }
        }
    }

    /// Requires that no token of the answer works.
    async fn require_dead(&self, world: &World, answer: &Answer, process: usize) {
        if answer.status != 200 {
            return;
        }
        let tokens = answer.json();
        let access_token = tokens["access_token"].as_str().unwrap_or_default();
        let shown = self.subject_shown(access_token, process).await;
        world.require(
            shown.is_none(),
            &format!("no token from before the end, not one of {shown:?}"),
        );
    }
}
