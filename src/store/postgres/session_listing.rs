//! The listing of sessions in SQL.

use std::collections::HashMap;

use async_trait::async_trait;
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use super::PostgresStore;
use super::column::{self, get, limit, session_columns};
use super::connection::params;
use super::fault::Fault;
use super::session_ends::{NAMED, end};
use crate::session::{EndedSession, ListedSession, LogoutNotice, SessionFilter, SessionId};
use crate::store::{SessionListing, StoreError};

/// The sessions that `$selected` selects by `$4`, after `($1, $2)`.
macro_rules! select_sessions {
    ($selected:literal) => {
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions s JOIN users u ON u.subject = s.subject
             WHERE (s.subject, s.sid) > ($1, $2) AND ",
            $selected,
            " ORDER BY s.subject, s.sid LIMIT $3"
        )
    };
}

#[async_trait]
impl SessionListing for PostgresStore {
    async fn sessions(
        &self,
        filter: &SessionFilter,
        after: Option<(&Subject, &SessionId)>,
        most: u32,
    ) -> Result<Vec<ListedSession>, StoreError> {
        let (select, selected) = match filter {
            SessionFilter::All => (select_sessions!("$4 = ''"), ""),
            SessionFilter::Of(subject) => (select_sessions!("s.subject = $4"), subject.as_str()),
            SessionFilter::With(client) => (
                select_sessions!(
                    "s.sid IN (SELECT c.sid FROM session_clients c WHERE c.client_id = $4)"
                ),
                client.as_str(),
            ),
            SessionFilter::Sid(sid) => (select_sessions!("s.sid = $4"), sid.as_str()),
        };
        // No subject is empty, so all sessions come after ("", "").
        let (subject, sid) =
            after.map_or(("", ""), |(subject, sid)| (subject.as_str(), sid.as_str()));
        self.run("list sessions", |mut sql| async move {
            let rows = sql
                .query(select, &params![subject, sid, limit(most), selected])
                .await?;
            let sessions = rows.iter().map(|row| column::session(row, 0));
            let sessions: Vec<_> = sessions.collect::<Result<_, Fault>>()?;
            let sids: Vec<&str> = sessions
                .iter()
                .map(|session| session.sid.as_str())
                .collect();
            let rows = sql
                .query(
                    "SELECT sid, client_id FROM session_clients
                      WHERE sid = ANY($1) ORDER BY client_id",
                    &params![sids],
                )
                .await?;
            let mut clients: HashMap<&str, Vec<ClientId>> = HashMap::new();
            for row in &rows {
                let of_session = clients.entry(get(row, 0)?).or_default();
                of_session.push(ClientId::new(get(row, 1)?));
            }
            let listed = sessions.iter().map(|session| ListedSession {
                clients: clients.remove(session.sid.as_str()).unwrap_or_default(),
                session: session.clone(),
            });
            Ok(listed.collect())
        })
        .await
    }

    async fn end_sessions(
        &self,
        sids: Vec<SessionId>,
        notice: &LogoutNotice,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let named: Vec<&str> = sids.iter().map(SessionId::as_str).collect();
        let named = &named;
        let mut ended = self
            .run("end sessions", |sql| async move {
                end(sql, NAMED, &params![*named], notice).await
            })
            .await?;
        ended.sort_by_key(|ended| sids.iter().position(|sid| *sid == ended.sid));
        Ok(ended)
    }
}
