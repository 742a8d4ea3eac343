//! Live grants of other people, as many as a large utility has at the end of a day.

use std::path::Path;

use panda_oidc_sdk::{Clock as _, SystemClock};
use rusqlite::{Connection, params};

/// How many grants a session has.
const GRANTS_PER_SESSION: i64 = 10;

/// How long everything lives, in milliseconds: longer than a measurement.
const LIFETIME: i64 = 12 * 60 * 60 * 1000;

/// Adds `count` redeemed grants to the database at `path`, each with a refresh token, and the sessions they
/// belong to. No server may use it meanwhile.
pub(crate) fn add(path: &Path, count: i64) {
    let mut database = Connection::open(path).unwrap();
    let now = SystemClock.now().timestamp_millis();
    let expires_at = now + LIFETIME;
    let transaction = database.transaction().unwrap();
    let sessions = count / GRANTS_PER_SESSION + 1;
    for (statement, rows) in [
        (SESSIONS, sessions),
        (HANDLES, sessions),
        (GRANTS, count),
        (REFRESH_FAMILIES, count),
    ] {
        let values = params![rows, now, expires_at, GRANTS_PER_SESSION];
        transaction.execute(statement, values).unwrap();
    }
    transaction.commit().unwrap();
}

const SESSIONS: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
    INSERT INTO sessions (sid, subject, auth_time, expires_at, ticket, browser)
    SELECT 'sid-' || n, 'panda:' || n, ?2, ?3, randomblob(32), randomblob(32) FROM numbers WHERE ?4 > 0";

const HANDLES: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
    INSERT INTO handles (digest, sid)
    SELECT randomblob(32), 'sid-' || n FROM numbers WHERE ?2 < ?3 AND ?4 > 0";

const GRANTS: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
    INSERT INTO grants (id, client_id, sid, subject, scope, redirect_uri, auth_time, code_expires_at,
        redeemed_at, expires_at, refreshable)
    SELECT CAST(printf('%032d', n) AS BLOB), 'app-0', 'sid-' || ((n - 1) / ?4 + 1), 'panda:' || ((n - 1) / ?4 + 1),
        'openid profile offline_access', 'https://app-0.example/callback', ?2, ?2 + 60000, ?2, ?3, 1
    FROM numbers";

const REFRESH_FAMILIES: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
    INSERT INTO refresh_families (family, grant_id, current, rotated_at, expires_at)
    SELECT randomblob(32), CAST(printf('%032d', n) AS BLOB), randomblob(32), ?2, ?3 FROM numbers WHERE ?4 > 0";
