-- When a key begins to sign, and when it was revoked. What an earlier release made has signed from the first.
ALTER TABLE signing_keys ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signing_keys ADD COLUMN revoked_at INTEGER;
UPDATE signing_keys SET signs_from = created_at;
