-- Claimed lanes are few, and counted by host at each claim.
CREATE INDEX lanes_claimed ON lanes(host) WHERE lease_until > 0;
-- Forgetting an old activity must not look through everything that waits.
CREATE INDEX deliveries_activity ON deliveries(activity_id);
