-- The canary's few rows among all jobs.
CREATE INDEX jobs_canary ON jobs (seq) WHERE lane = '~canary';

-- What is wrong, and what was told of it; JSON. In the commit that puts the message into the outbox.
CREATE TABLE alerts (
  rule    TEXT NOT NULL,
  subject TEXT NOT NULL,
  state   TEXT NOT NULL,
  PRIMARY KEY (rule, subject)
) STRICT, WITHOUT ROWID;

-- What nobody wants to be told of for a while; subject NULL: all of the rule.
CREATE TABLE silences (
  id         TEXT    PRIMARY KEY,
  rule       TEXT    NOT NULL,
  subject    TEXT,
  until      INTEGER NOT NULL,
  created_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
