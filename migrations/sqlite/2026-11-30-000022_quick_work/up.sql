-- Jobs in no lane are claimed by when they are due; the old index also held those in lanes, however many wait there.
CREATE INDEX jobs_alone ON jobs(run_at, id) WHERE lane IS NULL AND failed_at IS NULL;
DROP INDEX jobs_due;
