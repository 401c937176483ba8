-- What is asked of a database that is migrated, and not worked with.

-- name: shut
-- Until the commit whoever connects waits, and sees the new version then.
LOCK TABLE osetra.about IN ACCESS EXCLUSIVE MODE;

-- name: look_anew
-- A transaction sees who is connected as it was at its first look.
SELECT pg_stat_clear_snapshot();

-- name: others
-- Who else is connected to this database as a program of ours.
SELECT concat('process ', pid, ' of user ', usename, coalesce(' from ' || host(client_addr), ''),
    coalesce(to_char(backend_start, '" since "YYYY-MM-DD HH24:MI'), ''))
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'osetra' AND pid <> pg_backend_pid()
ORDER BY backend_start, pid;

-- name: keep
-- A namespace for the tables as they are.
CREATE SCHEMA {};

-- name: tables
-- The names of our tables.
SELECT tablename FROM pg_tables WHERE schemaname = 'osetra' ORDER BY tablename;

-- name: keep_table
-- A copy of a table's rows.
CREATE TABLE {}.{} AS TABLE osetra.{};

-- name: set_schema
-- Say which version the tables have now.
UPDATE osetra.about SET schema = {schema}, since = now();

-- name: at_work
-- The attempts of a study whose lease holds.
SELECT trial, attempt FROM osetra.live
WHERE study = %s AND lease_until > extract(epoch FROM clock_timestamp()) ORDER BY trial, attempt;

-- name: rename_study
-- Call a study something else.
UPDATE osetra.study SET name = %s WHERE id = %s;

-- name: delete_checkpoints
-- Forget the files that were kept for other machines.
DELETE FROM osetra.checkpoint WHERE study = %s;

-- name: delete_points
-- Forget a study's points; their numbers come from a sequence and are never given again.
DELETE FROM osetra.point WHERE study = %s;

-- name: delete_metrics
-- Forget the names of a study's metrics.
DELETE FROM osetra.metric WHERE study = %s;

-- name: delete_leases
-- Forget what ran out.
DELETE FROM osetra.live WHERE study = %s;

-- name: delete_facts
-- Forget a study's log.
DELETE FROM osetra.fact WHERE study = %s;

-- name: delete_study
-- Forget a study.
DELETE FROM osetra.study WHERE id = %s;
