-- The tables of a study file, schema 1. Each statement runs once, all in one transaction.

-- name: mark
-- "ostr" in the header tells a study from other people's databases.
PRAGMA application_id = 1869837426;

-- name: schema
-- The version of these tables; a program refuses a higher one than its own.
PRAGMA user_version = 1;

-- name: study
-- The studies that live in this file.
CREATE TABLE study (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- name: fact
-- The log. A key is accepted once per study: that gives exclusive claims, harmless retries, fencing.
CREATE TABLE fact (
    study   INTEGER NOT NULL REFERENCES study,
    version INTEGER NOT NULL,  -- 1, 2, 3, … without gaps
    time    REAL    NOT NULL,  -- Unix seconds
    key     TEXT    NOT NULL,
    body    TEXT    NOT NULL,  -- JSON
    PRIMARY KEY (study, version),
    UNIQUE (study, key)
) STRICT, WITHOUT ROWID;

-- name: live
-- The attempts that are claimed and not ended; only these may write points.
CREATE TABLE live (
    study       INTEGER NOT NULL REFERENCES study,
    trial       INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    lease_until REAL    NOT NULL,  -- Unix seconds
    PRIMARY KEY (study, trial, attempt)
) STRICT, WITHOUT ROWID;

-- name: metric
-- Metric names, so that a point carries a small number instead.
CREATE TABLE metric (
    id    INTEGER PRIMARY KEY,
    study INTEGER NOT NULL REFERENCES study,
    name  TEXT    NOT NULL,
    UNIQUE (study, name)
) STRICT;

-- name: point
-- Every reported number, in order of arrival. Rows are never deleted, so ids only grow and serve as
-- the readers' cursor. No foreign keys: the live table vouches for study and attempt, and a million
-- lookups would be a third of the cost of a million points.
CREATE TABLE point (
    id       INTEGER PRIMARY KEY,
    study    INTEGER NOT NULL,
    trial    INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    metric   INTEGER NOT NULL,
    step     INTEGER NOT NULL,
    value    REAL,              -- NULL for what a REAL column does not keep
    kind     INTEGER NOT NULL,  -- 0 as in value, 1 inf, 2 -inf, 3 NaN, 4 -0.0
    UNIQUE (study, trial, attempt, instance, metric, step)
) STRICT;
