-- Failures that a person has seen; one that comes after that, of the same job, is news again. A row is of use for as long as a failure is news.
CREATE TABLE seen_failures (
  job_id  TEXT    PRIMARY KEY,
  seen_at INTEGER NOT NULL
) STRICT;
