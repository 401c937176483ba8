-- What is asked of a file that is looked at, copied or saved, and not worked with.

-- name: look_only
-- Nothing that follows may write.
PRAGMA query_only = ON;

-- name: doubt_pages
-- Check the make of every page that is read; a damaged one is an error, not an answer.
PRAGMA cell_size_check = ON;

-- name: objects
-- Everything that the file's schema holds: tables, indexes, and what we never made.
SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name;

-- name: snapshot
-- See one state of the file from here on, whoever writes meanwhile.
BEGIN;

-- name: integrity
-- Whether pages, order, indexes and constraints are sound: "ok", or up to twenty sentences.
PRAGMA integrity_check(20);

-- name: studies_by_number
-- All studies, oldest first.
SELECT id, name FROM study ORDER BY id;

-- name: log
-- A study's facts as they stand in the file.
SELECT version, time, key, body FROM fact WHERE study = ? ORDER BY version;

-- name: leases
-- The attempts of a study that hold a lease.
SELECT trial, attempt FROM live WHERE study = ? ORDER BY trial, attempt;

-- name: newest
-- The highest number of a point.
SELECT id FROM point ORDER BY id DESC LIMIT 1;

-- name: free
-- Bytes of the file that hold nothing any more.
SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size;

-- name: set_schema
-- Say which version the tables have now.
PRAGMA user_version = {schema};

-- name: vacuum
-- Write the file anew without what was deleted.
VACUUM;

-- name: rename_study
-- Call a study something else.
UPDATE study SET name = ? WHERE id = ?;

-- name: delete_points
-- Forget a study's points, but for the newest row of the file: the numbers of points only grow, since
-- readers of the file's other studies go on from the highest they know.
DELETE FROM point WHERE study = ? AND id < (SELECT max(id) FROM point);

-- name: delete_metrics
-- Forget the names of a study's metrics.
DELETE FROM metric WHERE study = ?;

-- name: delete_leases
-- Forget what ran out.
DELETE FROM live WHERE study = ?;

-- name: delete_facts
-- Forget a study's log.
DELETE FROM fact WHERE study = ?;

-- name: delete_study
-- Forget a study.
DELETE FROM study WHERE id = ?;

-- name: at_work
-- The attempts of a study whose lease holds.
SELECT trial, attempt FROM live WHERE study = ? AND lease_until > ? ORDER BY trial, attempt;
