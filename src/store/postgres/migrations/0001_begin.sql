-- Times are Unix milliseconds. A digest has 32 bytes. Texts are compared by their bytes, as SQLite does.

CREATE TABLE users (
    subject      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT,
    phone        TEXT,
    updated_at   BIGINT NOT NULL,
    listed_at    BIGINT,
    absent_since BIGINT,
    left_at      BIGINT,
    forgotten_at BIGINT
);

CREATE INDEX users_left ON users (left_at) WHERE left_at IS NOT NULL AND forgotten_at IS NULL;

CREATE TABLE sessions (
    sid        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    subject    TEXT COLLATE "C" NOT NULL,
    auth_time  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ticket     BYTEA  NOT NULL,
    browser    BYTEA  NOT NULL
);

CREATE INDEX sessions_expire ON sessions (expires_at);
CREATE INDEX sessions_of_browser ON sessions (browser);
CREATE INDEX sessions_of_subject ON sessions (subject, sid);

-- What a session cookie opens. Without an expiry of its own, as long as the session lives.
CREATE TABLE handles (
    digest     BYTEA NOT NULL PRIMARY KEY,
    sid        TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT
);

CREATE INDEX handles_of_session ON handles (sid);
CREATE INDEX handles_expire ON handles (expires_at) WHERE expires_at IS NOT NULL;

-- The owner of a ticket, and the session that it opened last.
CREATE TABLE tickets (
    digest     BYTEA NOT NULL PRIMARY KEY,
    browser    BYTEA NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    sid        TEXT COLLATE "C",
    spent      BOOLEAN NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX tickets_of_session ON tickets (sid) WHERE sid IS NOT NULL;
CREATE INDEX tickets_expire ON tickets (expires_at);

-- `id` is the digest of the code.
CREATE TABLE grants (
    id              BYTEA NOT NULL PRIMARY KEY,
    client_id       TEXT COLLATE "C" NOT NULL,
    sid             TEXT COLLATE "C" NOT NULL,
    subject         TEXT COLLATE "C" NOT NULL,
    scope           TEXT NOT NULL,
    redirect_uri    TEXT NOT NULL,
    nonce           TEXT,
    challenge       TEXT,
    auth_time       BIGINT NOT NULL,
    code_expires_at BIGINT NOT NULL,
    redeemed_at     BIGINT,
    revoked_at      BIGINT,
    expires_at      BIGINT NOT NULL,
    offline         BOOLEAN NOT NULL,
    refreshable     BOOLEAN NOT NULL,
    resources       TEXT NOT NULL,
    claims          TEXT NOT NULL,
    acr             TEXT
);

CREATE INDEX grants_expire ON grants (expires_at);
CREATE INDEX grants_offline ON grants (sid) WHERE offline;

-- The clients to notify when a session ends. They outlive the grants, which expire before it.
CREATE TABLE session_clients (
    sid       TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sid, client_id)
);

CREATE INDEX session_clients_of_client ON session_clients (client_id);

-- The refresh tokens of a grant. All share `family`; `current` is the valid one, `previous` the one that it
-- replaced.
CREATE TABLE refresh_families (
    family     BYTEA NOT NULL PRIMARY KEY,
    grant_id   BYTEA NOT NULL,
    current    BYTEA NOT NULL,
    previous   BYTEA,
    rotated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX refresh_families_expire ON refresh_families (expires_at);

-- What may be used once and was, such as the `jti` of a client assertion.
CREATE TABLE spent (
    name       BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX spent_expire ON spent (expires_at);

-- Clients that have yet to be notified of the end of a session (Back-Channel Logout 1.0).
CREATE TABLE logout_deliveries (
    sid        TEXT COLLATE "C" NOT NULL,
    client_id  TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    attempts   BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (sid, client_id)
);

CREATE INDEX logout_deliveries_of_client ON logout_deliveries (client_id, due_at);

-- The accounts of people in clients; with an empty client, in all of them. The keys are the texts in lower
-- case, which are compared.
CREATE TABLE links (
    subject        TEXT COLLATE "C" NOT NULL,
    client_id      TEXT COLLATE "C" NOT NULL,
    username       TEXT COLLATE "C",
    username_key   TEXT COLLATE "C",
    email          TEXT COLLATE "C",
    email_key      TEXT COLLATE "C",
    email_verified BOOLEAN NOT NULL,
    attributes     TEXT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (subject, client_id)
);

CREATE UNIQUE INDEX links_username ON links (username_key, client_id) WHERE username_key IS NOT NULL;
CREATE UNIQUE INDEX links_email ON links (email_key, client_id) WHERE email_key IS NOT NULL;

-- Who reads the directory, the report of the last reading, and whether its changes are to be applied.
CREATE TABLE directory (
    one          BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    holder       BYTEA,
    leased_until BIGINT,
    accepted_at  BIGINT,
    report       TEXT
);

INSERT INTO directory (one) VALUES (1);

-- The changes of one reading, until they are applied.
CREATE TABLE directory_changes (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    change  TEXT NOT NULL,
    name    TEXT,
    phone   TEXT
);

CREATE TABLE people_history (
    subject TEXT COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    event   TEXT NOT NULL,
    PRIMARY KEY (subject, seq)
);

CREATE TABLE signing_keys (
    kid        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    alg        TEXT NOT NULL,
    sealed     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it begins to sign, and when it was revoked.
    signs_from BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Rows that steps lock where they have no row of their own to lock. Row 0 is for writers of links; the others
-- are for browsers, each of which has one by its identifier, and the last one is written to see whether writing works.
CREATE TABLE locks (
    id BIGINT NOT NULL PRIMARY KEY
);

INSERT INTO locks (id) SELECT generate_series(0, 257);
