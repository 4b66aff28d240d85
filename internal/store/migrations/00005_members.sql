-- ABU-2: counters that count different members, such as the new numbers that a person tries.

-- +goose Up
ALTER TABLE places ADD COLUMN member TEXT NOT NULL DEFAULT '';
