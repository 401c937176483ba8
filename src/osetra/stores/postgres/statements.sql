-- What the PostgreSQL store asks of its server. Tables and the function append: migrations.

-- name: present
-- Whether our tables are there, and whether anything at all has the name of our namespace.
SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'osetra' AND tablename = 'about'),
    EXISTS (SELECT FROM pg_namespace WHERE nspname = 'osetra');

-- name: look_only
-- Nothing is written through this connection, whatever is asked.
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;

-- name: schema
-- The version of the tables.
SELECT schema FROM osetra.about;

-- name: encoding
-- Texts of all languages need UTF8.
SELECT current_setting('server_encoding');

-- name: create_database
-- What the server has to have before anything else.
CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0;

-- name: one_at_a_time
-- Until the commit nobody else creates or migrates our tables.
SELECT pg_advisory_xact_lock(1869837426);

-- name: crowd
-- Whether nearly all connections that the server allows are in use.
SELECT (SELECT sum(numbackends) FROM pg_stat_database)
    >= 0.8 * (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int);

-- name: now
-- Unix seconds.
SELECT extract(epoch FROM clock_timestamp())::double precision;

-- name: studies
-- The names of all studies, oldest first.
SELECT name FROM osetra.study ORDER BY id;

-- name: append
-- Write facts and points, all or none.
SELECT osetra.append(
    %(study)s, %(again)s, %(lease)s, %(keys)s, %(bodies)s, %(claimed)s, %(ended)s, %(places)s,
    %(metrics)s, %(trials)s, %(attempts)s, %(instances)s, %(steps)s, %(names)s, %(amounts)s, %(kinds)s
);

-- name: add_study
-- Begin a study, unless it is there.
INSERT INTO osetra.study (name) VALUES (%s) ON CONFLICT DO NOTHING;

-- name: take_study
-- A study's number; until the commit nobody else writes facts or points of it. The locks are those of
-- osetra.append, in its order.
SELECT id, pg_advisory_xact_lock(1869837426, id), pg_advisory_xact_lock(1869837427, id)
FROM osetra.study WHERE name = %s;

-- name: restore_facts
-- Take rows of a whole log.
COPY osetra.fact (study, version, time, key, body) FROM STDIN;

-- name: restore_metrics
-- Number metrics.
INSERT INTO osetra.metric (study, name) SELECT %s, unnest(%s::text[]) RETURNING name, id;

-- name: restore_points
-- Take all points of a log.
COPY osetra.point (study, trial, attempt, instance, step, metric, value, kind) FROM STDIN;

-- name: restore_leases
-- Attempts become live from now on.
INSERT INTO osetra.live (study, trial, attempt, renewed, lease_until)
SELECT %s, trial, attempt, moment, moment + %s
FROM unnest(%s::bigint[], %s::bigint[]) AS given(trial, attempt),
    (SELECT extract(epoch FROM clock_timestamp())::double precision AS moment) AS clock;

-- name: version
-- The version of a study's newest fact; NULL for an empty log.
SELECT max(version) FROM osetra.fact WHERE study = (SELECT id FROM osetra.study WHERE name = %s);

-- name: facts
-- A study's facts above a version.
SELECT version, time, body FROM osetra.fact
WHERE study = (SELECT id FROM osetra.study WHERE name = %s) AND version > %s ORDER BY version;

-- name: log
-- A study's facts as they stand there.
SELECT version, time, key, body FROM osetra.fact
WHERE study = (SELECT id FROM osetra.study WHERE name = %s) ORDER BY version;

-- name: time_of
-- When a fact was written.
SELECT time FROM osetra.fact
WHERE study = (SELECT id FROM osetra.study WHERE name = %s) AND version = %s;

-- name: points
-- A study's points beyond a cursor.
SELECT point.id, trial, attempt, instance, step, name, value, kind
FROM osetra.point JOIN osetra.metric ON metric.id = point.metric
WHERE point.study = (SELECT id FROM osetra.study WHERE name = %s) AND point.id > %s ORDER BY point.id;

-- name: renew
-- Extend a lease; changes no row when the attempt is over.
UPDATE osetra.live SET renewed = moment, lease_until = moment + %s
FROM (SELECT extract(epoch FROM clock_timestamp())::double precision AS moment) AS clock
WHERE study = (SELECT id FROM osetra.study WHERE name = %s) AND trial = %s AND attempt = %s;

-- name: expired
-- The leases that ran out. Who was last heard of before the server started is given one more lease to
-- come back, because nobody could renew anything while it was away.
SELECT trial, attempt
FROM osetra.live, (
    SELECT extract(epoch FROM clock_timestamp())::double precision AS moment,
        extract(epoch FROM pg_postmaster_start_time())::double precision AS started
) AS clock
WHERE study = (SELECT id FROM osetra.study WHERE name = %s)
    AND lease_until <= moment AND (renewed >= started OR moment >= started + %s)
ORDER BY trial, attempt;

-- name: put_checkpoint
-- Take a checkpoint of a study that exists.
INSERT INTO osetra.checkpoint (study, name, body)
VALUES ((SELECT id FROM osetra.study WHERE name = %s), %s, %s) ON CONFLICT DO NOTHING;

-- name: get_checkpoint
-- A checkpoint's bytes.
SELECT body FROM osetra.checkpoint
WHERE study = (SELECT id FROM osetra.study WHERE name = %s) AND checkpoint.name = %s;

-- name: checkpoints
-- The names of a study's checkpoints, and their bytes.
SELECT checkpoint.name, octet_length(body) FROM osetra.checkpoint
WHERE study = (SELECT id FROM osetra.study WHERE name = %s);

-- name: drop_checkpoints
-- Forget checkpoints.
DELETE FROM osetra.checkpoint
WHERE study = (SELECT id FROM osetra.study WHERE name = %s) AND checkpoint.name = ANY(%s);
