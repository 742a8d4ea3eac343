-- What the directory says of a person: when it listed them first, since when it has not, and when
-- they were taken for gone. `forgotten_at` is when what is personal of a leaver was removed.
ALTER TABLE users ADD COLUMN listed_at INTEGER;
ALTER TABLE users ADD COLUMN absent_since INTEGER;
ALTER TABLE users ADD COLUMN left_at INTEGER;
ALTER TABLE users ADD COLUMN forgotten_at INTEGER;

CREATE INDEX users_left ON users (left_at) WHERE left_at IS NOT NULL AND forgotten_at IS NULL;

-- A leaver's sessions are found by it.
CREATE INDEX sessions_of_subject ON sessions (subject);

-- Who reads the directory, what the last reading came to, and whether the changes it found are to be
-- carried out.
CREATE TABLE directory (
    one          INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    holder       BLOB,
    leased_until INTEGER,
    accepted_at  INTEGER,
    report       TEXT
) STRICT;

INSERT INTO directory (one) VALUES (1);

-- The changes of one reading, until they are carried out.
CREATE TABLE directory_changes (
    subject TEXT    NOT NULL PRIMARY KEY,
    change  TEXT    NOT NULL,
    name    TEXT,
    phone   TEXT
) STRICT, WITHOUT ROWID;

-- What became of leavers, for whoever has to prove it.
CREATE TABLE people_history (
    subject TEXT    NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    PRIMARY KEY (subject, seq)
) STRICT, WITHOUT ROWID;
