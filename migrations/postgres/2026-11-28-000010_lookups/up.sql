-- That a partner organisation looked for something and found someone: for that person to see. Not who asked.
CREATE TABLE lookups (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  host_id BIGINT NOT NULL REFERENCES hosts(id) ON DELETE CASCADE,
  term_id BIGINT NOT NULL REFERENCES terms(id) ON DELETE CASCADE,
  -- Days since 1970.
  day BIGINT NOT NULL,
  times BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (member_id, host_id, term_id, day)
);
-- What is old goes.
CREATE INDEX lookups_day ON lookups(day);
