-- Clients that have yet to be told that a session is over (Back-Channel Logout 1.0). Whoever tells
-- one moves its due_at on first, so that nobody else does at the same time.
CREATE TABLE logout_deliveries (
    sid        TEXT    NOT NULL,
    client_id  TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (sid, client_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX logout_deliveries_due ON logout_deliveries (due_at);
