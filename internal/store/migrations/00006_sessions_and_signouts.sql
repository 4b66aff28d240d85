-- SES-6: people see their own sessions, and sign out everywhere, at Microsoft too.

-- +goose Up
CREATE INDEX sessions_person ON sessions (person, seen);

-- The last time that a person signed out everywhere. While it is open, the job with this
-- id tells the directory; every further ask raises the version.
CREATE TABLE signouts (
    person  TEXT PRIMARY KEY,
    session TEXT NOT NULL, -- that goes on
    job     TEXT NOT NULL,
    version BIGINT NOT NULL,
    state   TEXT NOT NULL,
    asked   BIGINT NOT NULL,
    moved   BIGINT NOT NULL,
    retry   BIGINT NOT NULL,
    reason  TEXT NOT NULL
);
