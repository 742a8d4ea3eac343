//! The faults a simulated portal can have.

use super::line::Order;

/// What is wrong with the portal. Its menu keeps working as long as connections are accepted.
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
    /// It never answers a call with this ticket, and answers all others.
    HangsAt(String),
    /// It sends its answers a byte at a time, slowly.
    Drip,
    /// It cuts the connection in the middle of an answer.
    CutShort,

    /// It answers with this HTTP status and an error page.
    Status(u16),
    /// It answers 302 to this address.
    RedirectTo(String),

    /// It answers 200 with its login page.
    LoginPage,
    /// Its answers are truncated.
    Truncated,
    /// `data` is null although `code` is 0.
    DataNull,
    /// `data` is missing although `code` is 0.
    DataMissing,
    /// `data` is wrapped in an array.
    DataArray,
    /// `code` is a string.
    CodeAsString,
    /// Its answers are encoded in GB18030.
    Gb18030 {
        /// Whether the `Content-Type` declares it. Otherwise it names no charset.
        declared: bool,
    },
    /// Its answers begin with a byte order mark.
    ByteOrderMark,
    /// Its answers have this `Content-Type`.
    ContentType(String),
    /// Its answers never end.
    Oversized,

    /// The `id` is this JSON, verbatim: `null`, `-1`, `9007199254740993`, `"007"`, …
    Id(String),
    /// There is no `id`.
    NoId,
    /// The `userName` is this JSON, verbatim.
    Name(String),
    /// There is no `userName` and no `phone`.
    NoName,
    /// Every valid ticket is answered with this user instead of its own.
    OtherUser(u64),
    /// The list of users is faulty; tickets are answered normally.
    List(ListFault),
}

/// What is wrong with the list of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFault {
    /// It contains only the first this many people, and its count agrees.
    Only(usize),
    /// Its count is this number.
    Count(usize),
    /// A page has at most this many people, and pages are numbered by that size.
    PageCap(usize),
    /// A page has at most this many people, but pages are numbered by the requested size.
    PageCapOnly(usize),
    /// It refuses page sizes larger than this.
    Refuses(usize),
    /// Every page begins with the last person of the page before, as when a user is added meanwhile.
    Overlaps,
    /// Every page is the first page, whatever number was requested.
    FirstPage,
    /// Pages after this one fail.
    FailsAfter(usize),
    /// A page behind the last one is answered like this.
    Behind(BehindEnd),
    /// The count is this JSON, verbatim; the number of people replaces `N`.
    CountJson(&'static str),
    /// It has no end: every page is full of people who were on no page before.
    Endless,
}

/// How a page behind the last one of the list is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BehindEnd {
    /// `data` is null.
    NullData,
    /// The list in `data` is null.
    NullList,
    /// The call fails in the envelope of a success: `code` is not 0.
    Refusal,
    /// This HTTP status and an error page.
    Status(u16),
    /// The login page.
    LoginPage,
    /// The last page once more.
    LastPage,
    /// An empty page whose count is 0.
    CountZero,
}

impl Fault {
    /// How the fault treats connections.
    pub(super) fn line(&self) -> Order {
        match self {
            Self::Dead => Order::Refuse,
            Self::Cut => Order::Cut,
            _ => Order::Serve,
        }
    }
}
