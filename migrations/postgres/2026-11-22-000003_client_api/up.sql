-- What members set with an app: filters, lists, hashtags, notes, scheduled posts, push messages.

CREATE TABLE filters (
  id BIGINT PRIMARY KEY,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  contexts TEXT NOT NULL,
  action TEXT NOT NULL DEFAULT 'warn' CHECK (action IN ('warn', 'hide', 'blur')),
  expires_at BIGINT
);
CREATE INDEX filters_member ON filters(member_id, id);

-- A word or a post that a filter looks for.
CREATE TABLE filter_terms (
  id BIGINT PRIMARY KEY,
  filter_id BIGINT NOT NULL REFERENCES filters(id) ON DELETE CASCADE,
  keyword TEXT,
  whole_word BOOLEAN NOT NULL DEFAULT FALSE,
  post_id BIGINT REFERENCES posts(id) ON DELETE CASCADE
);
CREATE INDEX filter_terms_filter ON filter_terms(filter_id, id);
CREATE INDEX filter_terms_post ON filter_terms(post_id);

CREATE TABLE scheduled_posts (
  id BIGINT PRIMARY KEY,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  plan TEXT NOT NULL,
  publish_at BIGINT NOT NULL
);
CREATE INDEX scheduled_posts_member ON scheduled_posts(member_id, id);
CREATE INDEX scheduled_posts_due ON scheduled_posts(publish_at);

-- What a member noted about someone, for themselves.
CREATE TABLE account_notes (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  target_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  note TEXT NOT NULL,
  PRIMARY KEY (member_id, target_id)
);
CREATE INDEX account_notes_target ON account_notes(target_id);

-- Whom a member shows on their profile.
CREATE TABLE endorsements (
  id BIGINT PRIMARY KEY,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  target_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX endorsements_once ON endorsements(member_id, target_id);
CREATE INDEX endorsements_target ON endorsements(target_id);

CREATE TABLE dismissed_suggestions (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  target_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  PRIMARY KEY (member_id, target_id)
);
CREATE INDEX dismissed_suggestions_target ON dismissed_suggestions(target_id);

CREATE TABLE followed_tags (
  id BIGINT PRIMARY KEY,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  tag TEXT NOT NULL
);
CREATE UNIQUE INDEX followed_tags_once ON followed_tags(member_id, tag);
-- A new post looks for who follows its hashtags.
CREATE INDEX followed_tags_tag ON followed_tags(tag, member_id);

CREATE TABLE featured_tags (
  id BIGINT PRIMARY KEY,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  tag TEXT NOT NULL
);
CREATE UNIQUE INDEX featured_tags_once ON featured_tags(member_id, tag);

-- Threads of which a member wants no notices.
CREATE TABLE muted_threads (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  root_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  PRIMARY KEY (member_id, root_id)
);
CREATE INDEX muted_threads_root ON muted_threads(root_id);

CREATE TABLE lists (
  id BIGINT PRIMARY KEY,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  replies TEXT NOT NULL DEFAULT 'list' CHECK (replies IN ('followed', 'list', 'none')),
  exclusive BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX lists_member ON lists(member_id, id);

CREATE TABLE list_accounts (
  id BIGINT PRIMARY KEY,
  list_id BIGINT NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX list_accounts_once ON list_accounts(list_id, actor_id);
CREATE INDEX list_accounts_actor ON list_accounts(actor_id, list_id);

-- Where an app hears of notices. The bearer token is sealed: apps read from the message which account it is for.
CREATE TABLE push_subscriptions (
  id BIGINT PRIMARY KEY,
  token_id BIGINT NOT NULL UNIQUE REFERENCES oauth_tokens(id) ON DELETE CASCADE,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  endpoint TEXT NOT NULL,
  p256dh TEXT NOT NULL,
  auth TEXT NOT NULL,
  standard BOOLEAN NOT NULL DEFAULT FALSE,
  policy TEXT NOT NULL DEFAULT 'all' CHECK (policy IN ('all', 'followed', 'follower', 'none')),
  alerts TEXT NOT NULL DEFAULT '',
  token_sealed TEXT NOT NULL
);
CREATE INDEX push_subscriptions_member ON push_subscriptions(member_id);

-- From whom a member takes notices: accept, filter or drop.
CREATE TABLE notice_policies (
  member_id BIGINT PRIMARY KEY REFERENCES members(actor_id) ON DELETE CASCADE,
  not_following TEXT NOT NULL DEFAULT 'accept',
  not_followers TEXT NOT NULL DEFAULT 'accept',
  new_accounts TEXT NOT NULL DEFAULT 'accept',
  private_mentions TEXT NOT NULL DEFAULT 'accept',
  limited_accounts TEXT NOT NULL DEFAULT 'accept'
);

-- From whom notices are taken whatever the policy says.
CREATE TABLE notice_permissions (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  PRIMARY KEY (member_id, actor_id)
);
CREATE INDEX notice_permissions_actor ON notice_permissions(actor_id);

-- Notices that wait as a request from someone.
ALTER TABLE notifications ADD COLUMN filtered BOOLEAN NOT NULL DEFAULT FALSE;

-- A post that shows another one.
CREATE TABLE quotes (
  post_id BIGINT PRIMARY KEY REFERENCES posts(id) ON DELETE CASCADE,
  quoted_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE
);
CREATE INDEX quotes_quoted ON quotes(quoted_id, post_id);
