-- Times are Unix milliseconds. Digests and sealed keys are blobs; a digest has 32 bytes.

CREATE TABLE users (
    subject    TEXT    NOT NULL PRIMARY KEY,
    name       TEXT,
    phone      TEXT,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    sid        TEXT    NOT NULL PRIMARY KEY,
    subject    TEXT    NOT NULL,
    auth_time  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ticket     BLOB    NOT NULL,
    browser    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_expire ON sessions (expires_at);
CREATE INDEX sessions_of_browser ON sessions (browser);

-- What a session cookie opens. Without an expiry of its own, as long as the session lives.
CREATE TABLE handles (
    digest     BLOB    NOT NULL PRIMARY KEY,
    sid        TEXT    NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX handles_of_session ON handles (sid);
CREATE INDEX handles_expire ON handles (expires_at) WHERE expires_at IS NOT NULL;

-- Who owns a ticket, and the session it opened last.
CREATE TABLE tickets (
    digest     BLOB    NOT NULL PRIMARY KEY,
    browser    BLOB    NOT NULL,
    subject    TEXT    NOT NULL,
    sid        TEXT,
    spent      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_of_session ON tickets (sid) WHERE sid IS NOT NULL;
CREATE INDEX tickets_expire ON tickets (expires_at);

-- `id` is the digest of the code. The rows lie in the order they were issued, not in the order of
-- their digests: those of one commit then share their pages, and a code is taken from a page that
-- was written a moment ago.
CREATE TABLE grants (
    seq             INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE,
    client_id       TEXT    NOT NULL,
    sid             TEXT    NOT NULL,
    scope           TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    nonce           TEXT,
    challenge       TEXT,
    auth_time       INTEGER NOT NULL,
    code_expires_at INTEGER NOT NULL,
    redeemed_at     INTEGER,
    revoked_at      INTEGER,
    expires_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX grants_expire ON grants (expires_at);

-- The clients to tell when a session ends; they outlive the grants, which expire before it.
CREATE TABLE session_clients (
    sid       TEXT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (sid, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    alg        TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
