-- Which snapshot of skills the runs of a job are given. The newest of a session stands with the session; here it is the one of the
-- turn, which its further tries keep. A row goes when its job has ended.
CREATE TABLE job_snapshots (
  job_id      TEXT PRIMARY KEY,
  snapshot_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
