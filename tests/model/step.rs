//! What can happen: the steps that a sequence is made of.

use std::fmt;

/// Which of several things a step means, counted back from the newest. So a step keeps its meaning when
/// an earlier one is left out of the sequence.
#[derive(Clone, Copy)]
pub struct Newest(pub usize);

impl Newest {
    /// The index of the thing among `count`; `None` if there is none.
    pub fn of(self, count: usize) -> Option<usize> {
        count.checked_sub(1).map(|last| last - self.0.min(last))
    }
}

impl fmt::Debug for Newest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => write!(f, "newest"),
            back => write!(f, "newest-{back}"),
        }
    }
}

/// Where a ticket is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `/launch`.
    Launch,
    /// `/authorize` of this client, with `prompt=none`.
    Authorize(usize),
}

/// How a ticket is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The endpoint.
    pub door: Door,
    /// Whether the `Referer` is the portal.
    pub from_portal: bool,
}

/// How a code is redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redemption {
    /// By one correct request.
    Once,
    /// By a correct request at each process, at the same moment.
    AtBothProcesses,
    /// By another client, with its own credentials.
    ByAnotherClient,
    /// With another verifier than the challenge was made from.
    WithAWrongVerifier,
}

/// What ends sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The end user signs out.
    Logout { browser: usize },
    /// The end user confirms the switch that waits in the browser.
    Switch { browser: usize },
    /// The provider reads the portal's list.
    Reading,
}

/// Something that happens. People, browsers, clients and processes are numbers from 0.
#[derive(Debug, Clone)]
pub enum Step {
    /// A person clicks in the portal: the browser presents a new ticket.
    Click {
        person: usize,
        browser: usize,
        way: Way,
    },
    /// A browser presents a ticket that was presented before, in whichever browser.
    PresentAgain {
        ticket: Newest,
        browser: usize,
        way: Way,
    },
    /// The portal sends a new ticket of a person to a client, which exchanges it.
    ExchangeNew { person: usize },
    /// A client exchanges a ticket that was presented before, by whomever.
    ExchangeAgain { ticket: Newest },
    /// Several browsers that nobody used before present one new ticket at the same moment.
    Race { person: usize },
    /// The end user confirms the switch that waits in the browser.
    ConfirmSwitch { browser: usize },
    /// A client sends the browser to `/authorize` with `prompt=none`.
    Authorize { browser: usize, client: usize },
    /// A client redeems a code, whether or not it was redeemed before.
    Redeem { code: Newest, how: Redemption },
    /// A client uses a refresh token of a grant, whether or not it was used before. `twice`: at each
    /// process, at the same moment.
    Refresh {
        grant: Newest,
        token: Newest,
        twice: bool,
    },
    /// A client revokes its newest access token of a grant.
    Revoke { grant: Newest },
    /// The end user signs out in the browser, and confirms it.
    Logout { browser: usize },
    /// A logout with the ID token of a grant: in a browser, or by the client itself.
    LogoutWithHint {
        grant: Newest,
        browser: Option<usize>,
    },
    /// While sessions end, those who lose them use the grant, their cookies and their tickets.
    EndMeanwhile { ending: Ending, grant: Newest },
    /// The portal's list no longer has the person. Their tickets still work there.
    Leave { person: usize },
    /// The portal's list has the person again.
    Return { person: usize },
    /// The provider reads the list.
    ReadDirectory,
    /// The clock jumps by so many seconds, maybe back.
    Wait { seconds: i64 },
    /// Expired rows are removed.
    Sweep,
    /// The process stops and starts again.
    Restart,
    /// The browser loses the cookie of its session.
    LoseSessionCookie { browser: usize },
    /// The browser loses the cookie that says which browser it is.
    LoseBrowserCookie { browser: usize },
    /// The browser loses all cookies.
    LoseCookies { browser: usize },
}

/// A step, and the process that the request goes to.
#[derive(Debug, Clone)]
pub struct Move {
    /// What happens.
    pub step: Step,
    /// Which of the two processes serves the request.
    pub process: usize,
}
