-- A post that is a reading tip: the work it is about.
CREATE TABLE tips (
  post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  isbn TEXT NOT NULL,
  work TEXT NOT NULL,
  maker TEXT NOT NULL,
  whom TEXT NOT NULL
);
-- Other tips about the same work.
CREATE INDEX tips_isbn ON tips(isbn) WHERE isbn <> '';

-- Lists of tips. What stands on one is shown to whoever may read the tip.
CREATE TABLE tip_lists (
  id INTEGER PRIMARY KEY NOT NULL,
  owner_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  about TEXT NOT NULL,
  shared BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX tip_lists_owner ON tip_lists(owner_id, id);
CREATE TABLE tip_list_items (
  list_id BIGINT NOT NULL REFERENCES tip_lists(id) ON DELETE CASCADE,
  post_id BIGINT NOT NULL REFERENCES tips(post_id) ON DELETE CASCADE,
  added_at BIGINT NOT NULL,
  PRIMARY KEY (list_id, post_id)
);

-- A post that is a card of the ask-and-offer board.
CREATE TABLE board_cards (
  post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  side TEXT NOT NULL CHECK (side IN ('seek', 'offer')),
  until_at BIGINT NOT NULL,
  done BOOLEAN NOT NULL DEFAULT FALSE
);
-- What is on the board now.
CREATE INDEX board_cards_open ON board_cards(until_at) WHERE NOT done;
