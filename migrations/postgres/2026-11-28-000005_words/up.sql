-- The words of this organisation: what people know about, with what, for whom. An editable vocabulary.
CREATE TABLE terms (
  id BIGINT PRIMARY KEY NOT NULL,
  facet TEXT NOT NULL CHECK (facet IN ('subject', 'technology', 'audience', 'free')),
  label_nl TEXT NOT NULL,
  label_en TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX terms_facet ON terms(facet, label_nl);

-- Every way a term is written, folded: both labels and what else people type. One spelling means one term.
CREATE TABLE term_spellings (
  key TEXT PRIMARY KEY NOT NULL,
  shown TEXT NOT NULL,
  term_id BIGINT NOT NULL REFERENCES terms(id) ON DELETE CASCADE
);
CREATE INDEX term_spellings_term ON term_spellings(term_id);

CREATE TABLE expertise (
  id BIGINT PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  relation TEXT NOT NULL CHECK (relation IN ('knows', 'teaches', 'learns', 'reaches')),
  term_id BIGINT NOT NULL REFERENCES terms(id) ON DELETE CASCADE,
  note TEXT NOT NULL DEFAULT '',
  visibility TEXT NOT NULL DEFAULT 'organisation' CHECK (visibility IN ('me', 'organisation', 'peers', 'everyone')),
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX expertise_once ON expertise(member_id, relation, term_id);
-- Who knows about a term.
CREATE INDEX expertise_term ON expertise(term_id, relation);

-- What a member chose beside expertise. No row: the defaults.
CREATE TABLE knowledge_choices (
  member_id BIGINT PRIMARY KEY NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  days TEXT NOT NULL DEFAULT '',
  days_to TEXT NOT NULL DEFAULT 'organisation' CHECK (days_to IN ('me', 'organisation', 'peers', 'everyone')),
  languages_to TEXT NOT NULL DEFAULT 'organisation' CHECK (languages_to IN ('me', 'organisation', 'peers', 'everyone')),
  branch_to TEXT NOT NULL DEFAULT 'organisation' CHECK (branch_to IN ('me', 'organisation', 'peers', 'everyone')),
  offers BOOLEAN NOT NULL DEFAULT TRUE,
  questions BOOLEAN NOT NULL DEFAULT TRUE
);

-- Learned from what someone did, shown to nobody but them: "shall we add this?"
CREATE TABLE expertise_offers (
  id BIGINT PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  term_id BIGINT NOT NULL REFERENCES terms(id) ON DELETE CASCADE,
  post_id BIGINT REFERENCES posts(id) ON DELETE CASCADE,
  why TEXT NOT NULL CHECK (why IN ('accepted', 'thanks')),
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'refused', 'added')),
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX expertise_offers_once ON expertise_offers(member_id, term_id);

-- "Ask this colleague": by whom, to whom, for whom.
CREATE TABLE referrals (
  id BIGINT PRIMARY KEY NOT NULL,
  from_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  to_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  for_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  post_id BIGINT REFERENCES posts(id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'declined')),
  created_at BIGINT NOT NULL,
  answered_at BIGINT
);
CREATE INDEX referrals_to ON referrals(to_id, state, id);
CREATE INDEX referrals_from ON referrals(from_id, id);

-- What questions and lessons are about, as found in their words.
CREATE TABLE post_terms (
  term_id BIGINT NOT NULL REFERENCES terms(id) ON DELETE CASCADE,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  PRIMARY KEY (term_id, post_id)
);
CREATE INDEX post_terms_post ON post_terms(post_id);
-- Questions nobody answered yet.
CREATE INDEX posts_unanswered ON posts(id) WHERE kind = 'question' AND replies_count = 0;
