DROP TABLE meetings;
DROP TABLE meeters;
ALTER TABLE knowledge_choices DROP COLUMN ideas;
DROP TABLE newcomer_steps;
DROP TABLE newcomers;
