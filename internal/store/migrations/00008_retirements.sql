-- OLD-1: a move off an old phone belongs to a person, and goes on in any browser.

-- +goose Up
CREATE TABLE retirements (
    id        TEXT PRIMARY KEY,
    person    TEXT NOT NULL,
    version   BIGINT NOT NULL,
    open      BIGINT NOT NULL, -- 1 while it goes on
    started   BIGINT NOT NULL,
    moved     BIGINT NOT NULL, -- when it was last written
    situation TEXT NOT NULL,
    data      BYTEA NOT NULL -- answers, methods and what was done, sealed
);
CREATE UNIQUE INDEX retirements_open ON retirements (person) WHERE open = 1;
CREATE INDEX retirements_person ON retirements (person, started);
