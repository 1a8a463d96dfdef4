-- Jobs of one lane run one after the other, oldest first: what a peer hears keeps its order.
ALTER TABLE jobs ADD COLUMN lane TEXT;
CREATE INDEX jobs_lane ON jobs(lane, id) WHERE lane IS NOT NULL;
