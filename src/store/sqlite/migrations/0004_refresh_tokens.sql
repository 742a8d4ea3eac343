-- A grant knows its user, since an offline one outlives its session (OIDC Core §11).
ALTER TABLE grants ADD COLUMN subject TEXT NOT NULL DEFAULT '';
UPDATE grants SET subject =
    coalesce((SELECT subject FROM sessions WHERE sessions.sid = grants.sid), '');
ALTER TABLE grants ADD COLUMN offline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN refreshable INTEGER NOT NULL DEFAULT 0;

-- What was asked for beside the scopes: space-separated lists, and the acr.
ALTER TABLE grants ADD COLUMN resources TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN claims TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN acr TEXT;

CREATE INDEX grants_offline ON grants (sid) WHERE offline = 1;

-- The refresh tokens of a grant. All share `family`; `current` is the one to bring next, `previous`
-- the one it was given for.
CREATE TABLE refresh_families (
    family     BLOB    NOT NULL PRIMARY KEY,
    grant_id   BLOB    NOT NULL,
    current    BLOB    NOT NULL,
    previous   BLOB,
    rotated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX refresh_families_expire ON refresh_families (expires_at);
