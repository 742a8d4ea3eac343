//! The listing of sessions in SQL.

use async_trait::async_trait;
use panda_oidc_sdk::Subject;
use rusqlite::{Connection, Row, ToSql};

use super::column::session_columns;
use super::sessions::{clients, end_all};
use super::{SqliteStore, column};
use crate::session::{EndedSession, ListedSession, LogoutNotice, SessionFilter, SessionId};
use crate::store::{SessionListing, StoreError};

#[async_trait]
impl SessionListing for SqliteStore {
    async fn sessions(
        &self,
        filter: &SessionFilter,
        after: Option<(&Subject, &SessionId)>,
        limit: u32,
    ) -> Result<Vec<ListedSession>, StoreError> {
        self.read("list sessions", |sql| sessions(sql, filter, after, limit))
    }

    async fn end_sessions(
        &self,
        sids: Vec<SessionId>,
        notice: &LogoutNotice,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let notice = notice.clone();
        self.write("end sessions", move |sql| end_all(sql, &sids, &notice))
            .await
    }
}

/// The sessions that `$selected` selects by `?4`, after `(?1, ?2)`.
macro_rules! select_sessions {
    ($selected:literal) => {
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions s JOIN users u ON u.subject = s.subject
             WHERE (s.subject, s.sid) > (?1, ?2) AND ",
            $selected,
            " ORDER BY s.subject, s.sid LIMIT ?3"
        )
    };
}

fn sessions(
    sql: &Connection,
    filter: &SessionFilter,
    after: Option<(&Subject, &SessionId)>,
    limit: u32,
) -> rusqlite::Result<Vec<ListedSession>> {
    let (select, selected) = match filter {
        SessionFilter::All => (select_sessions!("?4 = ''"), ""),
        SessionFilter::Of(subject) => (select_sessions!("s.subject = ?4"), subject.as_str()),
        SessionFilter::With(client) => (
            select_sessions!(
                "s.sid IN (SELECT c.sid FROM session_clients c WHERE c.client_id = ?4)"
            ),
            client.as_str(),
        ),
        SessionFilter::Sid(sid) => (select_sessions!("s.sid = ?4"), sid.as_str()),
    };
    // No subject is empty, so all sessions come after ("", "").
    let (subject, sid) = after.map_or(("", ""), |(subject, sid)| (subject.as_str(), sid.as_str()));
    let parameters: [&dyn ToSql; 4] = [&subject, &sid, &limit, &selected];
    sql.prepare_cached(select)?
        .query_map(parameters, |row| listed(sql, row))?
        .collect()
}

fn listed(sql: &Connection, row: &Row<'_>) -> rusqlite::Result<ListedSession> {
    let session = column::session(row, 0)?;
    Ok(ListedSession {
        clients: clients(sql, &session.sid)?,
        session,
    })
}
