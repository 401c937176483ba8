-- Schema 1: the log, in a namespace of its own, so that a database may hold other things as well.
-- All statements of a migration run in one transaction.

-- name: namespace
-- Everything of osetra's stands in here.
CREATE SCHEMA osetra;

-- name: about
-- One row: the version of these tables; a program refuses a higher one than its own.
CREATE TABLE osetra.about (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    schema   int         NOT NULL,
    since    timestamptz NOT NULL DEFAULT now()
);

-- name: version
-- The number of this file.
INSERT INTO osetra.about (schema) VALUES (1);

-- name: study
-- The studies that live in this database.
CREATE TABLE osetra.study (
    id   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

-- name: fact
-- The log. A key is accepted once per study: that gives exclusive claims, harmless retries, fencing.
CREATE TABLE osetra.fact (
    study   int              NOT NULL REFERENCES osetra.study,
    version bigint           NOT NULL,  -- 1, 2, 3, … without gaps
    time    double precision NOT NULL,  -- Unix seconds by this server's clock
    key     text             NOT NULL,
    body    text             NOT NULL,  -- JSON; not jsonb, which refuses "\u0000" and rounds numbers
    PRIMARY KEY (study, version),
    UNIQUE (study, key)
);

-- name: live
-- The attempts that are claimed and not ended; only these may write points.
CREATE TABLE osetra.live (
    study       int              NOT NULL REFERENCES osetra.study,
    trial       bigint           NOT NULL,
    attempt     bigint           NOT NULL,
    renewed     double precision NOT NULL,  -- the holder's last sign of life, Unix seconds
    lease_until double precision NOT NULL,
    PRIMARY KEY (study, trial, attempt)
) WITH (fillfactor = 50);

-- name: metric
-- Metric names, so that a point carries a small number instead.
CREATE TABLE osetra.metric (
    id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study int  NOT NULL REFERENCES osetra.study,
    name  text NOT NULL,
    UNIQUE (study, name)
);

-- name: point
-- Every reported number. Within a study ids grow in the order of commits, because whoever writes points
-- holds a lock of the study until then; so they serve as the readers' cursor. No foreign keys: the live
-- table vouches for study and attempt.
CREATE TABLE osetra.point (
    id       bigint GENERATED ALWAYS AS IDENTITY,
    study    int      NOT NULL,
    trial    bigint   NOT NULL,
    attempt  bigint   NOT NULL,
    instance bigint   NOT NULL,
    metric   int      NOT NULL,
    step     bigint   NOT NULL,
    value    double precision,  -- NULL for the special ones, so that no maximum is ever a NaN
    kind     smallint NOT NULL, -- 0 as in value, 1 inf, 2 -inf, 3 NaN, 4 -0.0
    PRIMARY KEY (study, id),
    UNIQUE (study, trial, attempt, instance, metric, step)
);

-- name: checkpoint
-- Checkpoints on their way to other machines; deleted when nobody needs them any more.
CREATE TABLE osetra.checkpoint (
    study int   NOT NULL REFERENCES osetra.study,
    name  text  NOT NULL,
    body  bytea NOT NULL,
    PRIMARY KEY (study, name)
);

-- name: plain_bodies
-- Arrays of weights do not compress, and trying costs more than writing them.
ALTER TABLE osetra.checkpoint ALTER body SET STORAGE EXTERNAL;

-- name: append
-- Writes facts and points, all or none, and returns the log's version: one message to the server and
-- one back, so that the study's lock is never held across the network.
--
-- Fails with OS001 and the key when a key is taken, unless this is the repetition of a call whose
-- answer was lost and all its facts stand there already, word for word. Fails with OS002 and the place
-- when points belong to an attempt that is over.
CREATE FUNCTION osetra.append(
    study_name text, again boolean, lease double precision,
    keys text[], bodies text[],
    claimed bigint[],       -- trial and attempt of every Claimed, one after the other
    ended bigint[],         -- likewise of every Ended
    places bigint[],        -- likewise of every attempt that has points
    metrics text[],         -- the different names among the points
    trials bigint[], attempts bigint[], instances bigint[], steps bigint[],
    names int[],            -- places in `metrics`, from 1 on
    amounts double precision[], kinds smallint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    this    int;
    newest  bigint;
    moment  double precision := extract(epoch FROM clock_timestamp());
    taken   text;
    numbers int[];
BEGIN
    SELECT id INTO this FROM osetra.study WHERE name = study_name;
    IF this IS NULL THEN
        INSERT INTO osetra.study (name) VALUES (study_name) ON CONFLICT DO NOTHING;
        SELECT id INTO this FROM osetra.study WHERE name = study_name;
    END IF;
    -- Two locks, held until the commit, make versions and the ids of points visible in their order. Who
    -- takes both takes the facts' first, and rows of `live` last. A claim need not wait for reports.
    FOR look IN 1..2 LOOP
        SELECT k INTO taken FROM unnest(keys) WITH ORDINALITY AS asked(k, n)
        WHERE EXISTS (SELECT FROM osetra.fact WHERE study = this AND key = k) ORDER BY n LIMIT 1;
        IF taken IS NOT NULL THEN
            IF again AND NOT EXISTS (
                SELECT FROM unnest(keys, bodies) AS asked(k, b)
                WHERE NOT EXISTS (SELECT FROM osetra.fact WHERE study = this AND key = k AND body = b)
            ) THEN
                RETURN (SELECT max(version) FROM osetra.fact WHERE study = this);
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'OS001', MESSAGE = taken;
        END IF;
        -- Who comes too late is told so at once, and once more when nobody can come in between.
        IF look = 1 AND cardinality(keys) > 0 THEN
            PERFORM pg_advisory_xact_lock(1869837426, this);
        END IF;
    END LOOP;
    SELECT coalesce(max(version), 0) INTO newest FROM osetra.fact WHERE study = this;

    INSERT INTO osetra.live (study, trial, attempt, renewed, lease_until)
    SELECT this, claimed[i], claimed[i + 1], moment, moment + lease
    FROM generate_series(1, cardinality(claimed), 2) AS i
    WHERE NOT EXISTS (
        SELECT FROM osetra.fact
        WHERE study = this AND key = 'ended/' || claimed[i] || '/' || claimed[i + 1]
    )
    ON CONFLICT DO NOTHING;

    INSERT INTO osetra.fact (study, version, time, key, body)
    SELECT this, newest + n, moment, k, b FROM unnest(keys, bodies) WITH ORDINALITY AS given(k, b, n);

    IF cardinality(trials) > 0 THEN
        PERFORM pg_advisory_xact_lock(1869837427, this);
        -- No end of these attempts commits before these points do.
        FOR i IN 1..cardinality(places) BY 2 LOOP
            PERFORM FROM osetra.live
            WHERE study = this AND trial = places[i] AND attempt = places[i + 1] FOR KEY SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'OS002', MESSAGE = places[i] || '/' || places[i + 1];
            END IF;
        END LOOP;
        INSERT INTO osetra.metric (study, name)
        SELECT this, new FROM unnest(metrics) AS new
        WHERE NOT EXISTS (SELECT FROM osetra.metric WHERE study = this AND name = new);
        SELECT array_agg(id ORDER BY n) INTO numbers
        FROM unnest(metrics) WITH ORDINALITY AS given(m, n)
        JOIN osetra.metric ON study = this AND name = m;
        INSERT INTO osetra.point (study, trial, attempt, instance, metric, step, value, kind)
        SELECT this, t, a, i, numbers[m], s, v, c
        FROM unnest(trials, attempts, instances, steps, names, amounts, kinds)
            WITH ORDINALITY AS given(t, a, i, s, m, v, c, n)
        ORDER BY n
        ON CONFLICT DO NOTHING;
    END IF;

    DELETE FROM osetra.live USING generate_series(1, cardinality(ended), 2) AS i
    WHERE study = this AND trial = ended[i] AND attempt = ended[i + 1];
    RETURN newest + coalesce(cardinality(keys), 0);
END $$;
