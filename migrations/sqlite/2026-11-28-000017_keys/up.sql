-- The key that one of our actors had before, for what was on its way already: deliveries with an id below this one.
ALTER TABLE actor_keys ADD COLUMN former_sealed TEXT;
ALTER TABLE actor_keys ADD COLUMN former_before BIGINT;
