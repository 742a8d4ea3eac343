-- What may be used once and was: names of client assertions, and whatever else is good for one use.
CREATE TABLE spent (
    name       BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_expire ON spent (expires_at);
