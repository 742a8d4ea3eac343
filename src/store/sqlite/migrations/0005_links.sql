-- The accounts people have in clients. Without a client it is for all of them. The keys are what is
-- compared: the texts in small letters.
CREATE TABLE links (
    subject        TEXT    NOT NULL,
    client_id      TEXT    NOT NULL DEFAULT '',
    username       TEXT,
    username_key   TEXT,
    email          TEXT,
    email_key      TEXT,
    email_verified INTEGER NOT NULL,
    attributes     TEXT    NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (subject, client_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX links_username ON links (username_key, client_id) WHERE username_key IS NOT NULL;
CREATE UNIQUE INDEX links_email ON links (email_key, client_id) WHERE email_key IS NOT NULL;
