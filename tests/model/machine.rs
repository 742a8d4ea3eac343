//! The reference as a state machine: applies a step to the world.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use crate::choice::any_move;
use crate::step::{Move, Step};
use crate::world::{Browser, Outcome, World};

impl ReferenceStateMachine for World {
    type State = Self;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::new()).boxed()
    }

    fn transitions(world: &Self) -> BoxedStrategy<Move> {
        any_move(world)
    }

    fn apply(mut world: Self, next: &Move) -> Self {
        let line = format!("process {}: {:?}", next.process, next.step);
        world.story.push(line);
        world.portal_calls = Some(0);
        world.outcome = world.step(&next.step);
        let outcome = format!("must be: {:?}", world.outcome);
        world.note(&outcome);
        world
    }
}

impl World {
    fn step(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Click {
                person,
                browser,
                way,
            } => {
                let ticket = self.issue_ticket(person);
                self.present(ticket, browser, way)
            }
            Step::PresentAgain {
                ticket,
                browser,
                way,
            } => match ticket.of(self.tickets.len()) {
                Some(ticket) => self.present(ticket, browser, way),
                None => Outcome::Nothing,
            },
            Step::ExchangeNew { person } => {
                let ticket = self.issue_ticket(person);
                self.exchange(ticket)
            }
            Step::ExchangeAgain { ticket } => match ticket.of(self.tickets.len()) {
                Some(ticket) => self.exchange(ticket),
                None => Outcome::Nothing,
            },
            Step::Race { person } => self.race(person),
            Step::ConfirmSwitch { browser } => self.confirm_switch(browser),
            Step::Authorize { browser, client } => self.authorize(browser, client),
            Step::Redeem { code, how } => self.redeem(code, how),
            Step::Refresh {
                grant,
                token,
                twice,
            } => self.refresh(grant, token, twice),
            Step::Revoke { grant } => self.revoke(grant),
            Step::Logout { browser } => self.logout(browser),
            Step::LogoutWithHint { grant, browser } => self.logout_with_hint(grant, browser),
            Step::EndMeanwhile { ending, .. } => self.end_meanwhile(ending),
            ref unseen => {
                self.change(unseen);
                Outcome::Nothing
            }
        }
    }

    /// A step without a request.
    fn change(&mut self, step: &Step) {
        match *step {
            Step::Leave { person } => self.people[person].listed = false,
            Step::Return { person } => self.people[person].listed = true,
            Step::ReadDirectory => self.read_directory(),
            Step::Wait { seconds } => self.now += seconds,
            Step::Sweep => self.sweep(),
            Step::LoseSessionCookie { browser } => self.browsers[browser].session = None,
            Step::LoseBrowserCookie { browser } => self.browsers[browser].handles = None,
            Step::LoseCookies { browser } => self.browsers[browser] = Browser::default(),
            _ => {}
        }
    }
}
