DROP INDEX posts_unanswered;
DROP TABLE post_terms;
DROP TABLE referrals;
DROP TABLE expertise_offers;
DROP TABLE knowledge_choices;
DROP TABLE expertise;
DROP TABLE term_spellings;
DROP TABLE terms;
