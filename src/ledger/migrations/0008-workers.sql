-- Workers on other hosts, and which host what belongs to. A host is the name of a worker; NULL: the daemon's own.

CREATE TABLE workers (
  name     TEXT    PRIMARY KEY,
  -- Derived from its token, hex; the token itself is not kept.
  key      TEXT    NOT NULL,
  -- JSON array: the only lanes it may be given jobs of; NULL: all.
  lanes    TEXT,
  added_at INTEGER NOT NULL,
  -- When it was last heard of.
  seen_at  INTEGER,
  -- JSON: what it said of itself then.
  about    TEXT
) STRICT;

ALTER TABLE runs ADD COLUMN host TEXT;
-- Where the agent has the session that is named beside it.
ALTER TABLE jobs ADD COLUMN host TEXT;
ALTER TABLE sessions ADD COLUMN host TEXT;
-- Its conversation was taken away from this host, with Homer's own record of it.
ALTER TABLE jobs ADD COLUMN moved_from TEXT;
