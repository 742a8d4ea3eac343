//! The reference: people, browsers, tickets, sessions, grants and a clock. It says what must happen.
//!
//! The other files hold what changes it: `entering` (tickets and sessions), `granting` (codes and
//! tokens), `leaving` (logouts and leavers) and `machine` (all else).

/// How many people click.
pub const PEOPLE: usize = 3;
/// How many browsers there are.
pub const BROWSERS: usize = 3;
/// How many clients send browsers; their numbers are the constants that follow.
pub const CLIENTS: usize = 3;
/// A client that gets a refresh token with every login.
pub const ALWAYS: usize = 0;
/// A client that requests `offline_access`: its grants outlive the session, unless that is ended.
pub const OFFLINE: usize = 1;
/// A client without refresh tokens.
pub const PLAIN: usize = 2;
/// A client that exchanges tickets which it received itself. It has no browsers, codes or ID tokens.
pub const BACKEND: usize = 3;

/// When the clock starts, in seconds.
pub const START: i64 = 1_800_000_000;
/// How long a session lives after a sign-in.
pub const SESSION: i64 = 12 * 60 * 60;
/// How long an expired session is kept, so that a logout still finds its clients.
pub const SESSION_RETENTION: i64 = 7 * 24 * 60 * 60;
/// How long a ticket lives at the portal after it was issued or verified.
pub const TICKET: i64 = 30 * 60;
/// How long the owner of a ticket is remembered.
pub const TICKET_MEMORY: i64 = 7 * 24 * 60 * 60;
/// How long a switch can be confirmed.
pub const CONFIRMATION: i64 = 5 * 60;
/// How long a code can be redeemed.
pub const CODE: i64 = 60;
/// How long an access token is valid.
pub const ACCESS_TOKEN: i64 = 30 * 60;
/// How long a refresh token can be unused.
pub const REFRESH_IDLE: i64 = 10 * 24 * 60 * 60;
/// How long a family of refresh tokens can live.
pub const REFRESH: i64 = 20 * 24 * 60 * 60;
/// How long a refresh token still gives its successor after it was used.
pub const GRACE: i64 = 10;
/// How far the clocks of two processes may differ. What is later than that is of a clock that was ahead.
pub const LEEWAY: i64 = 60;

/// What a step must lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The step concerns something that does not exist, or sends no request.
    Nothing,
    /// The browser has a session.
    SignedIn,
    /// A page asks before another person replaces the one who is signed in, or before a logout.
    Asked,
    /// A code was issued.
    Code,
    /// A token response, of each request if there are two.
    Tokens,
    /// A token response to exactly one of the requests.
    TokensOnce,
    /// The session ended, or there was none.
    SignedOut,
    /// Exactly one of several browsers has a session.
    OneSignedIn,
    /// The request is refused, in whatever words.
    Refused,
}

/// What the directory says about a person, as the provider knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The last reading has them.
    Listed,
    /// One reading lacked them.
    Absent,
    /// Two readings lacked them.
    Left,
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Whether the portal's list has them.
    pub listed: bool,
    /// What the provider knows of that.
    pub presence: Presence,
}

/// The cookie that identifies a browser (ADR 17).
#[derive(Debug, Clone)]
pub struct Handles {
    /// Where its sessions are.
    pub agent: usize,
    /// Who owns the tickets that it claims: its own handle, and the last three before it.
    pub owners: Vec<usize>,
}

impl Handles {
    /// The owner of what the browser claims from now on.
    pub fn owner(&self) -> usize {
        self.owners[0]
    }

    /// These handles with a new owner, as every new session brings.
    pub fn rotated(mut self, owner: usize) -> Self {
        self.owners.insert(0, owner);
        self.owners.truncate(4);
        self
    }
}

/// A switch that waits for confirmation in a browser.
#[derive(Debug, Clone)]
pub struct Question {
    /// The ticket of the other person.
    pub ticket: usize,
    /// The handle that claimed it.
    pub owner: usize,
    /// When it was asked.
    pub asked_at: i64,
}

/// A browser, by its cookies.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// The session that its cookie names, alive or not.
    pub session: Option<usize>,
    /// Which browser it is.
    pub handles: Option<Handles>,
    /// The switch that waits.
    pub question: Option<Question>,
}

/// A ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Whom it names.
    pub person: usize,
    /// When the portal forgets it.
    pub lives_until: i64,
    /// The handle that owns it; `None` if nobody has claimed it, or that is forgotten.
    pub owner: Option<usize>,
    /// Until when the owner is remembered.
    pub remembered_until: i64,
    /// Whether a session that it opened was ended.
    pub spent: bool,
    /// The last session that it opened.
    pub session: Option<usize>,
}

/// A session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose it is.
    pub person: usize,
    /// The browser that it is in.
    pub agent: usize,
    /// The ticket that was presented last.
    pub ticket: usize,
    /// When the person was verified last.
    pub signed_in_at: i64,
    /// When it expires.
    pub expires_at: i64,
    /// Whether the provider still keeps it: it was not ended, and not swept away.
    pub kept: bool,
}

/// A family of refresh tokens.
#[derive(Debug, Clone)]
pub struct Family {
    /// The number of the current token; there were as many before it.
    pub current: usize,
    /// When it replaced the one before.
    pub rotated_at: i64,
    /// When it expires unused.
    pub expires_at: i64,
    /// Whether it was not swept away.
    pub kept: bool,
}

/// A code, and all that was issued for it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The session in which it was given.
    pub session: usize,
    /// The client that it was given to.
    pub client: usize,
    /// Until when the code can be redeemed.
    pub code_expires_at: i64,
    /// Until when the grant is kept.
    pub expires_at: i64,
    /// When the code was presented.
    pub redeemed_at: Option<i64>,
    /// Whether tokens were ever handed out.
    pub has_tokens: bool,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether it was not swept away.
    pub kept: bool,
    /// The refresh tokens.
    pub family: Option<Family>,
}

/// An access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// What it was issued for.
    pub grant: usize,
    /// When it was issued.
    pub issued_at: i64,
    /// When it expires.
    pub expires_at: i64,
}

/// Everything there is.
#[derive(Debug, Clone)]
pub struct World {
    /// The time in seconds.
    pub now: i64,
    /// The people.
    pub people: Vec<Person>,
    /// The browsers.
    pub browsers: Vec<Browser>,
    /// All tickets there ever were; as the following lists, in the order of their beginning.
    pub tickets: Vec<Ticket>,
    /// All sessions.
    pub sessions: Vec<Session>,
    /// All codes.
    pub grants: Vec<Grant>,
    /// All access tokens.
    pub access_tokens: Vec<AccessToken>,
    /// The number of handles there ever were.
    pub handles: usize,
    /// What the last step must lead to.
    pub outcome: Outcome,
    /// How often the last step asks the portal about a ticket; `None` if that depends on luck.
    pub portal_calls: Option<usize>,
    /// What the steps so far were about, and what they had to lead to.
    pub story: Vec<String>,
}

impl World {
    /// The world before anything happens. The directory was read once.
    pub fn new() -> Self {
        let person = Person {
            listed: true,
            presence: Presence::Listed,
        };
        Self {
            now: START,
            people: vec![person; PEOPLE],
            browsers: vec![Browser::default(); BROWSERS],
            tickets: Vec::new(),
            sessions: Vec::new(),
            grants: Vec::new(),
            access_tokens: Vec::new(),
            handles: 0,
            outcome: Outcome::Nothing,
            portal_calls: Some(0),
            story: Vec::new(),
        }
    }

    /// A handle that nobody had before.
    pub fn new_handle(&mut self) -> usize {
        self.handles += 1;
        self.handles
    }

    /// Whether the session is alive.
    pub fn is_live(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        session.kept && self.is_alive(session.signed_in_at, session.expires_at)
    }

    /// Whether what lives from `start` to `end` is alive, and ahead by no more than its lifetime.
    fn is_alive(&self, start: i64, end: i64) -> bool {
        self.now < end && start - self.now <= end - start
    }

    /// Whether a moment is not in the future.
    pub fn is_past(&self, moment: i64) -> bool {
        moment <= self.now + LEEWAY
    }

    /// The live session that the browser's cookie names.
    pub fn signed_in(&self, browser: usize) -> Option<usize> {
        let session = self.browsers[browser].session;
        session.filter(|session| self.is_live(*session))
    }

    /// Whether the tokens of the grant are worth something.
    pub fn is_active(&self, grant: usize) -> bool {
        let grant = &self.grants[grant];
        let lives = |redeemed_at| self.is_alive(redeemed_at, grant.expires_at);
        grant.redeemed_at.is_some_and(lives)
            && !grant.revoked
            && grant.kept
            && (grant.client == OFFLINE || self.is_live(grant.session))
    }

    /// The person who must be shown for the access token; `None` if it must be refused.
    pub fn person_of_token(&self, token: usize) -> Option<usize> {
        let token = &self.access_tokens[token];
        let is_valid = self.is_alive(token.issued_at, token.expires_at);
        let is_active = is_valid && self.is_active(token.grant);
        is_active.then(|| self.person_of_grant(token.grant))
    }

    /// The person who gave the grant.
    pub fn person_of_grant(&self, grant: usize) -> usize {
        self.sessions[self.grants[grant].session].person
    }

    /// Says in the story what a step is about.
    pub fn note(&mut self, about: &str) {
        if let Some(line) = self.story.last_mut() {
            line.push_str(" | ");
            line.push_str(about);
        }
    }
}
