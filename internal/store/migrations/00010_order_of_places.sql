-- ABU-2: the places of an allowance are numbered in the order in which they were taken, so that
-- the one that has to be over before there is room again is found by its number, however many
-- there are. A place without a number is a budget's or a member's, or a release that knows no
-- numbers took it: the next who reserves beside it gives it one.

-- +goose Up
ALTER TABLE places ADD COLUMN nth BIGINT;
CREATE UNIQUE INDEX places_nth ON places (counter, nth) WHERE nth IS NOT NULL;
CREATE INDEX places_time ON places (counter, reserved) WHERE nth IS NULL;
DROP INDEX places_counter;
