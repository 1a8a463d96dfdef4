DROP TABLE emoji;
