//! Which step comes next, and how often each is drawn.
//!
//! Half of the steps are drawn blindly, so that everything is tried at any time. The other half goes on
//! with what there is: a code that can be redeemed, a switch that waits. Blind steps alone would seldom get
//! as far as a second refresh.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::step::{Door, Ending, Move, Newest, Redemption, Step, Way};
use crate::world::{BROWSERS, CLIENTS, PEOPLE, Presence, World};

/// The next step. It may be about something that does not exist; then nothing happens.
pub fn any_move(world: &World) -> BoxedStrategy<Move> {
    let mut steps = vec![(6, any_step())];
    steps.extend(at_browsers(world));
    steps.extend(with_grants(world));
    steps.extend(in_the_directory(world));
    (Union::new_weighted(steps), 0..2_usize)
        .prop_map(|(step, process)| Move { step, process })
        .boxed()
}

type Weighted = (u32, BoxedStrategy<Step>);

/// A step about one of `choices`, unless there are none.
fn about<T: Clone + std::fmt::Debug + 'static>(
    weight: u32,
    choices: Vec<T>,
    step: impl Fn(T) -> BoxedStrategy<Step> + 'static,
) -> Option<Weighted> {
    let is_possible = !choices.is_empty();
    is_possible.then(|| (weight, select(choices).prop_flat_map(step).boxed()))
}

/// Goes on with switches that wait, and with sessions.
fn at_browsers(world: &World) -> Vec<Weighted> {
    let browsers = || 0..world.browsers.len();
    let asked = |browser: &usize| world.browsers[*browser].question.is_some();
    let signed_in = |browser: &usize| world.signed_in(*browser).is_some();
    let confirm = about(2, browsers().filter(asked).collect(), |browser| {
        let ending = Ending::Switch { browser };
        prop_oneof![
            2 => Just(Step::ConfirmSwitch { browser }),
            1 => newest(3).prop_map(move |grant| Step::EndMeanwhile { ending, grant }),
        ]
        .boxed()
    });
    let authorize = about(3, browsers().filter(signed_in).collect(), |browser| {
        let clients = 0..CLIENTS;
        clients
            .prop_map(move |client| Step::Authorize { browser, client })
            .boxed()
    });
    let switch = about(1, browsers().filter(signed_in).collect(), |browser| {
        let from_elsewhere = Way {
            door: Door::Launch,
            from_portal: false,
        };
        (0..PEOPLE)
            .prop_map(move |person| Step::Click {
                person,
                browser,
                way: from_elsewhere,
            })
            .boxed()
    });
    confirm.into_iter().chain(authorize).chain(switch).collect()
}

/// Goes on with codes and refresh tokens that are good.
fn with_grants(world: &World) -> Vec<Weighted> {
    let count = world.grants.len();
    let grants = |is_good: &dyn Fn(usize) -> bool| {
        let good = (0..count).filter(|grant| is_good(*grant));
        good.map(|grant| Newest(count - 1 - grant)).collect()
    };
    let can_be_redeemed = |grant: usize| {
        let code = &world.grants[grant];
        code.redeemed_at.is_none()
            && code.code_expires_at > world.now
            && world.is_live(code.session)
    };
    let can_be_refreshed =
        |grant: usize| world.grants[grant].family.is_some() && world.is_active(grant);
    let redeem = about(4, grants(&can_be_redeemed), |code| {
        any_redemption()
            .prop_map(move |how| Step::Redeem { code, how })
            .boxed()
    });
    let refresh = about(3, grants(&can_be_refreshed), |grant| {
        (newest(3), prop::bool::weighted(0.2))
            .prop_map(move |(token, twice)| Step::Refresh {
                grant,
                token,
                twice,
            })
            .boxed()
    });
    redeem.into_iter().chain(refresh).collect()
}

/// Lets people leave who have tokens, reads the list while somebody is missing, and lets leavers return.
fn in_the_directory(world: &World) -> Vec<Weighted> {
    let people = || 0..world.people.len();
    let missing = people().any(|person| {
        let person = &world.people[person];
        !person.listed && person.presence != Presence::Left
    });
    let left = |person: &usize| world.people[*person].presence == Presence::Left;
    let returns = about(1, people().filter(left).collect(), |person| {
        Just(Step::Return { person }).boxed()
    });
    let granted = (0..world.grants.len()).filter(|grant| world.is_active(*grant));
    let granted = granted.map(|grant| world.person_of_grant(grant)).collect();
    let leave = about(1, granted, |person| Just(Step::Leave { person }).boxed());
    let reading = missing.then(|| (2, Just(Step::ReadDirectory).boxed()));
    reading.into_iter().chain(returns).chain(leave).collect()
}

fn newest(count: usize) -> impl Strategy<Value = Newest> {
    (0..count).prop_map(Newest)
}

fn any_way() -> impl Strategy<Value = Way> {
    let door = prop_oneof![
        3 => Just(Door::Launch),
        1 => (0..CLIENTS).prop_map(Door::Authorize),
    ];
    (door, any::<bool>()).prop_map(|(door, from_portal)| Way { door, from_portal })
}

fn any_redemption() -> impl Strategy<Value = Redemption> {
    prop_oneof![
        7 => Just(Redemption::Once),
        2 => Just(Redemption::AtBothProcesses),
        1 => Just(Redemption::ByAnotherClient),
        1 => Just(Redemption::WithAWrongVerifier),
    ]
}

fn any_wait() -> impl Strategy<Value = i64> {
    let (minute, hour, day) = (60, 60 * 60, 24 * 60 * 60);
    prop_oneof![
        6 => prop::sample::select(vec![1, 9, 10, 11, 59]),
        3 => prop::sample::select(vec![minute, minute + 1, 5 * minute, 5 * minute + 1, 29 * minute]),
        2 => prop::sample::select(vec![hour, 7 * hour, 12 * hour, 30 * hour]),
        1 => prop::sample::select(vec![3 * day, 8 * day, 21 * day]),
        1 => prop::sample::select(vec![-1, -30, -5 * minute]),
    ]
}

fn any_step() -> BoxedStrategy<Step> {
    prop_oneof![
        6 => entering(),
        5 => at_clients(),
        3 => leaving(),
        3 => around(),
    ]
    .boxed()
}

fn entering() -> impl Strategy<Value = Step> {
    let click = (0..PEOPLE, 0..BROWSERS, any_way());
    let again = (newest(4), 0..BROWSERS, any_way());
    prop_oneof![
        5 => click.prop_map(|(person, browser, way)| Step::Click { person, browser, way }),
        4 => again.prop_map(|(ticket, browser, way)| Step::PresentAgain { ticket, browser, way }),
        1 => (0..BROWSERS).prop_map(|browser| Step::ConfirmSwitch { browser }),
        1 => (0..PEOPLE).prop_map(|person| Step::Race { person }),
        1 => (0..PEOPLE).prop_map(|person| Step::ExchangeNew { person }),
        2 => newest(4).prop_map(|ticket| Step::ExchangeAgain { ticket }),
    ]
}

fn at_clients() -> impl Strategy<Value = Step> {
    let authorize = (0..BROWSERS, 0..CLIENTS);
    let redeem = (newest(3), any_redemption());
    let refresh = (newest(3), newest(3), prop::bool::weighted(0.2));
    prop_oneof![
        5 => authorize.prop_map(|(browser, client)| Step::Authorize { browser, client }),
        6 => redeem.prop_map(|(code, how)| Step::Redeem { code, how }),
        5 => refresh.prop_map(|(grant, token, twice)| Step::Refresh { grant, token, twice }),
        1 => newest(3).prop_map(|grant| Step::Revoke { grant }),
    ]
}

fn leaving() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        (0..BROWSERS).prop_map(|browser| Ending::Logout { browser }),
        Just(Ending::Reading),
    ];
    let hint = (newest(3), prop::option::of(0..BROWSERS));
    prop_oneof![
        3 => (0..BROWSERS).prop_map(|browser| Step::Logout { browser }),
        2 => hint.prop_map(|(grant, browser)| Step::LogoutWithHint { grant, browser }),
        2 => (0..PEOPLE).prop_map(|person| Step::Leave { person }),
        1 => (0..PEOPLE).prop_map(|person| Step::Return { person }),
        4 => Just(Step::ReadDirectory),
        3 => (ending, newest(3)).prop_map(|(ending, grant)| Step::EndMeanwhile { ending, grant }),
    ]
}

fn around() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => any_wait().prop_map(|seconds| Step::Wait { seconds }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
        1 => (0..BROWSERS).prop_map(|browser| Step::LoseSessionCookie { browser }),
        1 => (0..BROWSERS).prop_map(|browser| Step::LoseBrowserCookie { browser }),
        1 => (0..BROWSERS).prop_map(|browser| Step::LoseCookies { browser }),
    ]
}
