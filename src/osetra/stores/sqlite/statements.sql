-- What the SQLite store asks of its file. Tables: schema.sql.

-- name: whose
-- Whose file this is, which version of the tables it has, and how many there are (0 in a new file).
-- One statement, because another process may be creating the tables at this moment.
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
FROM pragma_application_id, pragma_user_version;

-- name: no_autocheckpoint
-- SQLite 3.7.0 to 3.51.2 may corrupt a file when a checkpoint overlaps a commit; we run our own apart.
PRAGMA wal_autocheckpoint = 0;

-- name: distrust
-- A file from somebody else must not run functions through its schema.
PRAGMA trusted_schema = OFF;

-- name: foreign_keys
-- Enforce REFERENCES.
PRAGMA foreign_keys = ON;

-- name: use_wal
-- Readers and the writer do not wait for each other.
PRAGMA journal_mode = WAL;

-- name: use_rollback_journal
-- Slower and needs no checkpoints; for systems on which we cannot keep them apart from commits.
PRAGMA journal_mode = DELETE;

-- name: sync_full
-- Commits survive power loss; without a write-ahead log anything less may corrupt the file.
PRAGMA synchronous = FULL;

-- name: sync_normal
-- Commits survive the death of any process, and power loss once we have synchronised the log.
PRAGMA synchronous = NORMAL;

-- name: limit_pages
-- The largest size of the file; more is reported as a full disk.
PRAGMA max_page_count = {pages};

-- name: page_size
-- Bytes per page.
PRAGMA page_size;

-- name: begin
-- Take the write lock at once, so that a transaction never fails halfway for want of it.
BEGIN IMMEDIATE;

-- name: commit
-- Make a transaction's writes visible to everybody.
COMMIT;

-- name: rollback
-- Undo a transaction.
ROLLBACK;

-- name: hurry
-- Milliseconds that a checkpoint waits for readers: long enough for those who only poll.
PRAGMA busy_timeout = 50;

-- name: wait
-- Milliseconds that everything else waits before we try again ourselves: SQLite's own pauses grow to
-- 100 ms, and who waits long is overtaken again and again.
PRAGMA busy_timeout = 10;

-- name: checkpoint
-- Move the write-ahead log into the file and empty it.
PRAGMA wal_checkpoint(TRUNCATE);

-- name: studies
-- The names of all studies, oldest first.
SELECT name FROM study ORDER BY id;

-- name: find_study
-- A study's number.
SELECT id FROM study WHERE name = ?;

-- name: add_study
-- Begin a study.
INSERT INTO study (name) VALUES (?);

-- name: began
-- When each study began, which no two have in common.
SELECT study.id, fact.time FROM study JOIN fact ON fact.study = study.id AND fact.version = 1 ORDER BY study.id;

-- name: gaps
-- A study whose facts are not numbered without gaps.
SELECT study FROM fact GROUP BY study HAVING count(*) <> max(version) LIMIT 1;

-- name: version
-- The version of a study's newest fact; NULL for an empty log.
SELECT max(version) FROM fact WHERE study = ?;

-- name: add_fact
-- Write one fact; fails when its key is taken.
INSERT INTO fact (study, version, time, key, body) VALUES (?, ?, ?, ?, ?);

-- name: facts
-- A study's facts above a version.
SELECT version, time, body FROM fact WHERE study = ? AND version > ? ORDER BY version;

-- name: start_lease
-- A claimed attempt becomes live, unless it is known to have ended.
INSERT OR IGNORE INTO live (study, trial, attempt, lease_until)
SELECT :study, :trial, :attempt, :until
WHERE NOT EXISTS (SELECT 1 FROM fact WHERE study = :study AND key = :ended);

-- name: is_live
-- One row when an attempt may write.
SELECT 1 FROM live WHERE study = ? AND trial = ? AND attempt = ?;

-- name: renew_lease
-- Extend a lease; changes no row when the attempt is over.
UPDATE live SET lease_until = ? WHERE study = ? AND trial = ? AND attempt = ?;

-- name: end_lease
-- An attempt is over.
DELETE FROM live WHERE study = ? AND trial = ? AND attempt = ?;

-- name: expired
-- The leases that ran out.
SELECT trial, attempt FROM live WHERE study = ? AND lease_until <= ? ORDER BY trial, attempt;

-- name: metrics
-- The names of a study's metrics; 0 is none but the mark.
SELECT name, id FROM metric WHERE study = ? AND id > 0;

-- name: marked
-- What the file says of its log, if that may hold something.
SELECT name FROM metric WHERE id = 0;

-- name: mark
-- The log is going to hold something.
INSERT INTO metric (id, study, name) SELECT 0, id, ? FROM study ORDER BY id LIMIT 1;

-- name: unmark
-- Everything is in the file.
DELETE FROM metric WHERE id = 0;

-- name: extent
-- How many facts there are, and the last point.
SELECT (SELECT sum((SELECT max(version) FROM fact WHERE fact.study = study.id)) FROM study),
    (SELECT max(id) FROM point);

-- name: add_metric
-- Number a new metric.
INSERT INTO metric (study, name) VALUES (?, ?);

-- name: add_point
-- Write one point; a repeat is harmless and the first value stays.
INSERT INTO point (study, trial, attempt, instance, step, metric, value, kind)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- name: last_point
-- The cursor behind all points there are.
SELECT max(id) FROM point;

-- name: points
-- A study's points between two cursors. The plus keeps SQLite from walking all points of the study by
-- their other index, and sorting them, to find the newest few.
SELECT trial, attempt, instance, step, metric, value, kind
FROM point WHERE id > ? AND id <= ? AND +study = ? ORDER BY id;
