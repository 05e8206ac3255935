-- Who may ask for what, and who has asked for what.

CREATE TABLE tokens (
  id           TEXT    PRIMARY KEY,
  -- A browser's is in a cookie and good nowhere else.
  kind         TEXT    NOT NULL CHECK (kind IN ('token', 'browser')),
  name         TEXT    NOT NULL,
  -- SHA-256 of the text, which is stored nowhere.
  digest       BLOB    NOT NULL UNIQUE,
  -- JSON array.
  scopes       TEXT    NOT NULL,
  -- Who made it: "owner", or the id of a token.
  parent       TEXT    NOT NULL,
  -- The ledger's when it was made or released: a copy of the ledger knows tokens that were revoked since.
  generation   TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  -- Coarse: written at most every ten minutes.
  last_used_at INTEGER,
  revoked_at   INTEGER
) STRICT;

CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL AND kind = 'token';
CREATE INDEX tokens_parent ON tokens (parent) WHERE revoked_at IS NULL;

CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  -- Who: the id of the token (or "owner", "run:ID", "telegram:CHAT") and the source that jobs are written under.
  who     TEXT    NOT NULL,
  source  TEXT    NOT NULL,
  -- What: the operation, and the id of what it was done to.
  what    TEXT    NOT NULL,
  subject TEXT,
  -- From where: the way in, and the peer.
  face    TEXT    NOT NULL,
  peer    TEXT    NOT NULL,
  -- "ok" or the code of the error; NULL: the daemon ended before it was known.
  result  TEXT,
  -- How often the same was refused within a minute.
  times   INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (who, seq);
