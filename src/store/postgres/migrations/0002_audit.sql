-- The pseudonyms of people in the audit log. To forget a person is to delete their row.
CREATE TABLE audit_people (
    subject   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    pseudonym TEXT COLLATE "C" NOT NULL UNIQUE
);

-- The audit log. `block` is the block that seals the record. Numbers may have gaps, and a lower one may be
-- committed later.
CREATE TABLE audit_records (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        BIGINT NOT NULL,
    event     TEXT   NOT NULL,
    pseudonym TEXT COLLATE "C",
    client_id TEXT,
    detail    TEXT   NOT NULL,
    block     BIGINT
);

CREATE INDEX audit_records_of_block ON audit_records (block, seq);
CREATE INDEX audit_records_of_person ON audit_records (pseudonym, seq) WHERE pseudonym IS NOT NULL;

-- The blocks. Once the records of one are removed, `pruned` is true, and those before it are deleted.
CREATE TABLE audit_blocks (
    number    BIGINT  NOT NULL PRIMARY KEY,
    sealed_at BIGINT  NOT NULL,
    newest_at BIGINT  NOT NULL,
    records   BIGINT  NOT NULL,
    digest    BYTEA   NOT NULL,
    previous  BYTEA   NOT NULL,
    hash      BYTEA   NOT NULL,
    pruned    BOOLEAN NOT NULL
);
