DROP INDEX actors_moved;
DROP TABLE aliases;
