-- What was read stays.
SELECT 1;
