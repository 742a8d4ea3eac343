//! The conditions a simulated portal can be put into.

use super::line::Order;

/// What is wrong with the portal. Its menu keeps working, as long as anything connects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing.
    #[default]
    Healthy,

    /// It refuses connections.
    Dead,
    /// It accepts connections and cuts them.
    Cut,
    /// It takes calls and never answers.
    Hang,
    /// It sends its answers a byte at a time, slowly.
    Drip,
    /// It cuts the connection in the middle of an answer.
    CutShort,

    /// It answers with this HTTP status and a page about it.
    Status(u16),
    /// It answers 302 to this address.
    RedirectTo(String),

    /// It answers 200 with the page of its login.
    LoginPage,
    /// Its answers lack their end.
    Truncated,
    /// `data` is null, with `code` 0.
    DataNull,
    /// There is no `data`, with `code` 0.
    DataMissing,
    /// `data` is an array around what it should be.
    DataArray,
    /// `code` is a string.
    CodeAsString,
    /// Its answers are GB18030.
    Gb18030 {
        /// Whether the `Content-Type` says so, or else names no charset.
        declared: bool,
    },
    /// Its answers begin with a byte order mark.
    ByteOrderMark,
    /// Its answers have this `Content-Type`.
    ContentType(String),
    /// Its answers never end.
    Oversized,

    /// The `id` is this JSON, as it stands: `null`, `-1`, `9007199254740993`, `"007"`, …
    Id(String),
    /// There is no `id`.
    NoId,
    /// The `userName` is this JSON, as it stands.
    Name(String),
    /// There is no `userName`, and no `phone`.
    NoName,
    /// Every good ticket is answered with this user, whoever it was issued for.
    OtherUser(u64),
    /// The list of users is odd; tickets are answered as ever.
    List(ListFault),
}

/// What is odd about the list of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFault {
    /// It names the first so many people and knows of no others.
    Only(usize),
    /// It says that it has so many people.
    Count(usize),
    /// It gives at most so many people on a page, and numbers pages by that.
    PageCap(usize),
    /// It gives at most so many people on a page, and numbers pages by the size that was asked for.
    PageCapOnly(usize),
    /// It refuses pages of more people than this.
    Refuses(usize),
    /// Every page begins with the last person of the one before, as when somebody joins meanwhile.
    Overlaps,
    /// Whatever page is asked for, it is the first.
    FirstPage,
    /// Pages after this one fail.
    FailsAfter(usize),
}

impl Fault {
    /// What the fault means to connections.
    pub(super) fn line(&self) -> Order {
        match self {
            Self::Dead => Order::Refuse,
            Self::Cut => Order::Cut,
            _ => Order::Serve,
        }
    }
}
