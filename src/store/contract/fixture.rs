//! Fixtures for the contract: people, browsers, sign-ins and grants.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{ClientId, Nonce};
use panda_oidc_sdk::{Identity, Subject};

use crate::crypto::handle::Digest;
use crate::login::sign_in::{ContinuedSession, SignIn, SignInOutcome, TicketClaim};
use crate::oauth::acr;
use crate::oauth::grant::Grant;
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::requested_claims::RequestedClaims;
use crate::oauth::scope::Scopes;
use crate::session::{EndedSession, LogoutNotice, Session, SessionId, User};
use crate::store::Store;

/// The time `seconds` after the start of the test.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// The digest of `name`.
pub(crate) fn digest<T: From<[u8; 32]>>(name: &str) -> T {
    (*Digest::of(name.as_bytes()).as_bytes()).into()
}

pub(crate) fn sid(name: &str) -> SessionId {
    SessionId::from(name.to_owned())
}

pub(crate) fn subject(text: &str) -> Subject {
    Subject::new(text).unwrap()
}

/// 陈涛 signs in at time 0. The session and its handle are called `name`; it expires at 1000.
pub(crate) fn sign_in(name: &str) -> SignIn {
    SignIn {
        claim: None,
        logout_notice: logout_notice(),
        continues: ContinuedSession::None,
        session: Session {
            sid: sid(name),
            user_agent: digest("browser of 1"),
            user: User {
                identity: Identity {
                    subject: subject("1"),
                    name: Some("陈涛".to_owned()),
                    phone: Some("1822199904".to_owned()),
                },
                updated_at: at(0),
            },
            auth_time: at(0),
            expires_at: at(1000),
            ticket: digest("ticket"),
        },
        handle: digest(name),
        retired_handle: None,
    }
}

/// Grafana and the wiki are to be notified. The first attempt is leased to the caller until 20.
pub(crate) fn logout_notice() -> LogoutNotice {
    let listeners = ["grafana", "wiki"];
    LogoutNotice {
        listeners: listeners.map(|id| ClientId::new(id.to_owned())).into(),
        leased_until: at(20),
        deferred: None,
        expires_at: at(1000),
    }
}

/// [`sign_in`] with `ticket`, which `browser` claims until 500.
pub(crate) fn sign_in_with(name: &str, ticket: &str, browser: &str) -> SignIn {
    let mut request = sign_in(name);
    request.session.ticket = digest(ticket);
    request.claim = Some(claim(ticket, browser));
    request.session.user_agent = digest(browser);
    request
}

pub(crate) fn claim(ticket: &str, browser: &str) -> TicketClaim {
    TicketClaim {
        ticket: digest(ticket),
        holder: digest(browser),
        earlier: Vec::new(),
        subject: subject("1"),
        once: false,
        remember_until: at(500),
    }
}

/// Signs in at time 0. Returns the session, and the sessions that the sign-in ended.
pub(crate) async fn signed_in(store: &impl Store, request: SignIn) -> (Session, Vec<EndedSession>) {
    match store.sign_in(request, at(0)).await.unwrap() {
        SignInOutcome::SignedIn(session, ended) => (*session, ended),
        SignInOutcome::TicketRefused => panic!("the ticket was refused"),
        SignInOutcome::Left => panic!("they have left"),
    }
}

/// Ends the session `name`, of which there must be one.
pub(crate) async fn end(store: &impl Store, name: &str) -> EndedSession {
    let ended = store.end(&sid(name), &logout_notice()).await.unwrap();
    let first = ended.into_iter().next();
    first.expect("a session that ended")
}

/// The client of all grants.
pub(crate) fn grafana() -> ClientId {
    ClientId::new("grafana".to_owned())
}

/// A grant to Grafana in the session `of`.
pub(crate) fn grant(of: &str) -> Grant {
    Grant {
        client_id: grafana(),
        subject: subject("1"),
        sid: sid(of),
        scopes: Scopes::parse("openid profile"),
        redirect_uri: "https://grafana.example.com/login/generic_oauth?a=%2F".to_owned(),
        nonce: Some(Nonce::new("n-0S6_WzA2Mj".to_owned())),
        challenge: CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        auth_time: at(0),
        issues_refresh_token: false,
        resources: Vec::new(),
        claims: RequestedClaims::default(),
        acr: None,
    }
}

/// [`grant`] with `offline_access` and a refresh token.
pub(crate) fn offline_grant(of: &str) -> Grant {
    Grant {
        scopes: Scopes::parse("openid offline_access"),
        issues_refresh_token: true,
        resources: vec!["https://a".to_owned(), "urn:b".to_owned()],
        claims: RequestedClaims::parse("id_token.phone_number userinfo.name"),
        acr: Some(acr::TICKET),
        ..grant(of)
    }
}

/// Issues `code` in the session `of`. It can be redeemed until 60 and is retained until 300.
pub(crate) async fn issue(store: &impl Store, code: &str, of: &str) {
    let code = digest(code);
    store.issue(&code, grant(of), at(60)).await.unwrap();
}
