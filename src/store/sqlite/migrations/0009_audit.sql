-- The pseudonyms of people in the audit log. To forget a person is to delete their row.
CREATE TABLE audit_people (
    subject   TEXT NOT NULL PRIMARY KEY,
    pseudonym TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- The audit log. `block` is the block that seals the record.
CREATE TABLE audit_records (
    seq       INTEGER NOT NULL PRIMARY KEY,
    at        INTEGER NOT NULL,
    event     TEXT    NOT NULL,
    pseudonym TEXT,
    client_id TEXT,
    detail    TEXT    NOT NULL,
    block     INTEGER
) STRICT;

CREATE INDEX audit_records_of_block ON audit_records (block, seq);
CREATE INDEX audit_records_of_person ON audit_records (pseudonym, seq) WHERE pseudonym IS NOT NULL;

-- The blocks. Once the records of one are removed, `pruned` is 1, and those before it are deleted.
CREATE TABLE audit_blocks (
    number    INTEGER NOT NULL PRIMARY KEY,
    sealed_at INTEGER NOT NULL,
    newest_at INTEGER NOT NULL,
    records   INTEGER NOT NULL,
    digest    BLOB    NOT NULL,
    previous  BLOB    NOT NULL,
    hash      BLOB    NOT NULL,
    pruned    INTEGER NOT NULL
) STRICT;
