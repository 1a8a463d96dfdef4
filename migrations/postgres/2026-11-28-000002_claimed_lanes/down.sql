DROP INDEX deliveries_activity;
DROP INDEX lanes_claimed;
