//! Signs a user in for a client that exchanges a ticket (RFC 8693).

use std::net::IpAddr;
use std::sync::Arc;

use panda_oidc_sdk::Ticket;

use super::audit;
use super::caller::Caller;
use super::sign_in::begin_session;
use super::ticket_verification::{PriorSession, SignInError, TicketOutcome, verify_ticket};
use crate::app::App;
use crate::login::sign_in::TicketHolder;
use crate::login::verified_login::{CurrentSession, VerifiedLogin};
use crate::session::Session;

/// Signs the user of a ticket in for `holder`, a client that exchanges the ticket. No cookie
/// identifies the session; it exists because the grant depends on one. `caller` is for the record; `address` is
/// counted.
///
/// # Errors
///
/// [`SignInError`].
pub async fn sign_in_for_client(
    app: &Arc<App>,
    holder: TicketHolder,
    ticket: Ticket,
    address: Option<IpAddr>,
    caller: &Caller,
) -> Result<Session, SignInError> {
    let (presenter, prior) = (Some(&holder), PriorSession::Any);
    let verified = verify_ticket(app, presenter, prior, vec![ticket], address).await;
    let verified = verified.inspect_err(|error| audit::sign_in_refused(app, caller, error))?;
    let (identity, ticket) = match verified {
        TicketOutcome::SameSession(session) => return Ok(*session),
        TicketOutcome::Identity(identity, ticket) => (identity, ticket),
    };
    let login = VerifiedLogin {
        identity,
        ticket,
        holder,
        already_owned: false,
    };
    let current = CurrentSession {
        session: None,
        handle: None,
    };
    let (session, ..) = begin_session(app, current, login, caller).await?;
    Ok(*session)
}
