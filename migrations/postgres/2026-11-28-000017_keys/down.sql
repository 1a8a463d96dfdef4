ALTER TABLE actor_keys DROP COLUMN former_sealed;
ALTER TABLE actor_keys DROP COLUMN former_before;
