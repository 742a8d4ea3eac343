//! Does in the product what the reference did, compares what came of it, and looks at everything that
//! must be alive or dead then.

use chrono::TimeDelta;
use panda_oidc::directory::Outcome as Reading;
use panda_oidc::jobs::directory_sync::{SyncOptions, sync};
use panda_oidc_panda::simulator::Person;
use reqwest::Method;

use crate::at_clients::subject;
use crate::product::{NAMES, Product};
use crate::step::{Move, Step};
use crate::support::browser::Browser;
use crate::tally;
use crate::world::{Outcome, World};

const SESSION_COOKIE: &str = "panda-oidc-session";
const BROWSER_COOKIE: &str = "panda-oidc-browser";

impl World {
    /// Fails the test with the story so far.
    pub fn fail(&self, expected: &str) -> ! {
        let story = self.story.join("\n");
        panic!("\n{story}\nexpected: {expected}\n");
    }

    /// Fails the test with the story so far, unless `holds`.
    pub fn require(&self, holds: bool, expected: &str) {
        if !holds {
            self.fail(expected);
        }
    }
}

impl Product {
    /// Does what `next` says, and compares the outcome with that of the `world`.
    pub async fn follow(&mut self, world: &World, next: &Move) {
        let outcome = self.take(world, next).await;
        world.require(
            outcome == world.outcome,
            &format!("{:?}, not {outcome:?}", world.outcome),
        );
        tally::count(&next.step, outcome);
        let asked = self.replicas.portal.calls().user_by_ticket;
        if let Some(expected) = world.portal_calls {
            let calls = asked - self.portal_calls;
            world.require(
                calls == expected,
                &format!("{expected} calls to the portal, not {calls}"),
            );
        }
        self.portal_calls = asked;
        self.remember_cookies(world);
    }

    async fn take(&mut self, world: &World, next: &Move) -> Outcome {
        let process = next.process;
        match next.step {
            Step::Click {
                person,
                browser,
                way,
            } => {
                self.issue_ticket(person);
                let ticket = self.tickets.len() - 1;
                self.present(world, ticket, browser, way, process).await
            }
            Step::PresentAgain {
                ticket,
                browser,
                way,
            } => match ticket.of(self.tickets.len()) {
                Some(ticket) => self.present(world, ticket, browser, way, process).await,
                None => Outcome::Nothing,
            },
            Step::ExchangeNew { person } => {
                self.issue_ticket(person);
                self.exchange(world, self.tickets.len() - 1, process).await
            }
            Step::ExchangeAgain { ticket } => match ticket.of(self.tickets.len()) {
                Some(ticket) => self.exchange(world, ticket, process).await,
                None => Outcome::Nothing,
            },
            Step::Race { person } => {
                self.issue_ticket(person);
                self.race(world, self.tickets.len() - 1).await
            }
            Step::ConfirmSwitch { browser } => self.confirm_switch(world, browser, process).await,
            Step::Authorize { browser, client } => {
                self.authorize(world, browser, client, process).await
            }
            Step::Redeem { code, how } => match code.of(self.grants.len()) {
                Some(code) => self.redeem(world, code, how, process).await,
                None => Outcome::Nothing,
            },
            Step::Refresh {
                grant,
                token,
                twice,
            } => {
                let Some(grant) = grant.of(self.grants.len()) else {
                    return Outcome::Nothing;
                };
                match token.of(self.grants[grant].refresh_tokens.len()) {
                    Some(token) => self.refresh(world, grant, token, twice, process).await,
                    None => Outcome::Nothing,
                }
            }
            Step::Revoke { grant } => match grant.of(self.grants.len()) {
                Some(grant) => self.revoke(world, grant, process).await,
                None => Outcome::Nothing,
            },
            Step::Logout { browser } => self.logout(world, browser, process).await,
            Step::LogoutWithHint { grant, browser } => match grant.of(self.grants.len()) {
                Some(grant) => self.logout_with_hint(world, grant, browser, process).await,
                None => Outcome::Nothing,
            },
            Step::EndMeanwhile { ending, grant } => {
                self.end_meanwhile(world, ending, grant, process).await
            }
            ref unseen => {
                self.change(world, unseen, process).await;
                Outcome::Nothing
            }
        }
    }

    /// A step without a request.
    async fn change(&mut self, world: &World, step: &Step, process: usize) {
        match *step {
            Step::Leave { person } => self.replicas.portal.suspend_user(person as u64 + 1),
            Step::Return { person } => {
                let returning = Person::new(person as u64 + 1, NAMES[person], "");
                self.replicas.portal.add_user(returning);
            }
            Step::ReadDirectory => self.read_directory(world, process).await,
            Step::Wait { seconds } => self.replicas.advance(TimeDelta::seconds(seconds)),
            Step::Sweep => {
                let app = &self.replicas.processes[process].app;
                app.store.sweep(app.host.clock.now()).await.unwrap();
            }
            Step::Restart => self.replicas.restart(process).await,
            Step::LoseSessionCookie { browser } => self.lose(browser, SESSION_COOKIE),
            Step::LoseBrowserCookie { browser } => self.lose(browser, BROWSER_COOKIE),
            Step::LoseCookies { browser } => self.browsers[browser].cookies.clear(),
            _ => {}
        }
    }

    /// Has a process read the portal's list.
    pub async fn read_directory(&self, world: &World, process: usize) {
        let app = &self.replicas.processes[process].app;
        let report = sync(app, SyncOptions::default(), &|_, _| ()).await.unwrap();
        world.require(
            matches!(report.outcome, Reading::Complete { .. }),
            &format!("a complete reading, not {:?}", report.outcome),
        );
    }

    fn lose(&mut self, browser: usize, cookie: &str) {
        self.browsers[browser].cookies.remove(cookie);
    }

    fn issue_ticket(&mut self, person: usize) {
        let ticket = self.replicas.portal.issue_ticket(person as u64 + 1);
        self.tickets.push(ticket);
    }

    /// Keeps a copy of the cookies of each session, for later.
    fn remember_cookies(&mut self, world: &World) {
        for (number, browser) in self.browsers.iter().enumerate() {
            let Some(session) = world.signed_in(number) else {
                continue;
            };
            let cookie = browser.cookies.get(SESSION_COOKIE);
            let is_known = self
                .old_cookies
                .iter()
                .any(|(old, _)| old.cookies.get(SESSION_COOKIE) == cookie);
            if !is_known {
                self.old_cookies.push((browser.clone(), session));
            }
        }
    }

    /// Looks at who is signed in in each browser, and at the `recent` latest access tokens and cookies.
    pub async fn check(&self, world: &World, recent: usize) {
        let process = world.story.len() % self.replicas.processes.len();
        for (number, browser) in self.browsers.iter().enumerate() {
            let shown = self.person_shown(browser, process).await;
            let expected = world
                .signed_in(number)
                .map(|session| world.sessions[session].person);
            world.require(
                shown == expected,
                &format!("{expected:?} signed in in browser {number}, not {shown:?}"),
            );
        }
        for (old, session) in self.old_cookies.iter().rev().take(recent) {
            let shown = self.person_shown(old, process).await;
            let owner = world.sessions[*session].person;
            let may_be = shown.is_none() || world.is_live(*session) && shown == Some(owner);
            world.require(
                may_be,
                &format!("nothing for the old cookies of session {session}, not {shown:?}"),
            );
        }
        for (number, token) in self.access_tokens.iter().enumerate().rev().take(recent) {
            let expected = world.person_of_token(number).map(subject);
            let shown = self.subject_shown(token, process).await;
            world.require(
                shown == expected,
                &format!("access token {number} is of {expected:?}, not {shown:?}"),
            );
        }
    }

    /// The `sub` that userinfo gives for an access token; `None` if it is refused.
    pub async fn subject_shown(&self, token: &str, process: usize) -> Option<String> {
        let url = self.at(process, "/userinfo");
        let mut client = self.stranger.clone();
        let answer = client
            .send(Method::GET, url, |request| request.bearer_auth(token))
            .await;
        let subject = (answer.status == 200).then(|| answer.json()["sub"].clone());
        subject.map(|subject| subject.as_str().unwrap_or_default().to_owned())
    }

    /// The person whom the page for a browser names. The browser stays as it is.
    pub async fn person_shown(&self, browser: &Browser, process: usize) -> Option<usize> {
        let page = browser.clone().get(self.at(process, "/launch")).await;
        assert!(page.status.is_success(), "{page:?}");
        let shown = |name: &&str| page.body.contains(*name);
        NAMES.iter().position(shown)
    }
}
