CREATE INDEX jobs_due ON jobs(run_at) WHERE failed_at IS NULL;
DROP INDEX jobs_alone;
