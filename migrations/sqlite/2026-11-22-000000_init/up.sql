-- Times are microseconds since 1970, UTC. Ids are made by the program (base/id.rs). Words with a CHECK are enums.

CREATE TABLE hosts (
  id INTEGER PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  software TEXT,
  version TEXT,
  state TEXT NOT NULL DEFAULT 'known' CHECK (state IN ('known', 'silenced', 'blocked')),
  peer_state TEXT NOT NULL DEFAULT 'none' CHECK (peer_state IN ('none', 'offered', 'asked', 'accepted', 'ended')),
  peer_scope TEXT,
  signature_form TEXT,
  seen_at BIGINT,
  checked_at BIGINT
);

CREATE TABLE actors (
  id INTEGER PRIMARY KEY NOT NULL,
  uri TEXT NOT NULL UNIQUE,
  host_id BIGINT NOT NULL REFERENCES hosts(id),
  kind TEXT NOT NULL CHECK (kind IN ('person', 'group', 'service', 'application', 'organization')),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  display_name TEXT NOT NULL,
  summary_source TEXT NOT NULL DEFAULT '',
  summary_html TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL,
  inbox TEXT NOT NULL,
  shared_inbox TEXT,
  outbox TEXT,
  followers_uri TEXT,
  featured_uri TEXT,
  moderators_uri TEXT,
  icon_media_id BIGINT,
  icon_url TEXT,
  header_url TEXT,
  state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'pending', 'suspended', 'deleted')),
  locked BOOLEAN NOT NULL DEFAULT FALSE,
  discoverable BOOLEAN NOT NULL DEFAULT TRUE,
  fields TEXT NOT NULL DEFAULT '[]',
  moved_to TEXT,
  posts_count BIGINT NOT NULL DEFAULT 0,
  followers_count BIGINT NOT NULL DEFAULT 0,
  following_count BIGINT NOT NULL DEFAULT 0,
  last_post_at BIGINT,
  search_text TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  fetched_at BIGINT
);
-- Names are looked up per host: sign-in, WebFinger, mentions.
CREATE UNIQUE INDEX actors_host_name ON actors(host_id, name_key);
-- The directory lists people or groups by name.
CREATE INDEX actors_kind_name ON actors(kind, host_id, display_name);

CREATE TABLE actor_keys (
  id INTEGER PRIMARY KEY NOT NULL,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  key_uri TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('rsa', 'ed25519')),
  public_pem TEXT NOT NULL,
  private_sealed TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX actor_keys_actor ON actor_keys(actor_id);

CREATE TABLE branches (
  id INTEGER PRIMARY KEY NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);

CREATE TABLE members (
  actor_id INTEGER PRIMARY KEY NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  email TEXT,
  email_key TEXT UNIQUE,
  password_hash TEXT,
  role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'moderator', 'member')),
  person_kind TEXT NOT NULL DEFAULT 'volunteer' CHECK (person_kind IN ('staff', 'volunteer', 'partner', 'guest')),
  is_guest BOOLEAN NOT NULL DEFAULT FALSE,
  job_title TEXT NOT NULL DEFAULT '',
  pronunciation TEXT NOT NULL DEFAULT '',
  branch_id BIGINT REFERENCES branches(id) ON DELETE SET NULL,
  languages TEXT NOT NULL DEFAULT '',
  contact TEXT NOT NULL DEFAULT '',
  direct_from TEXT NOT NULL DEFAULT 'everyone' CHECK (direct_from IN ('everyone', 'organisation', 'nobody')),
  locale TEXT,
  theme TEXT NOT NULL DEFAULT 'auto',
  text_size TEXT NOT NULL DEFAULT 'normal',
  contrast TEXT NOT NULL DEFAULT 'auto',
  notify_mail BOOLEAN NOT NULL DEFAULT TRUE,
  home_seen_seq BIGINT NOT NULL DEFAULT 0,
  invited_by BIGINT REFERENCES actors(id) ON DELETE SET NULL,
  request_note TEXT NOT NULL DEFAULT '',
  last_seen_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX members_branch ON members(branch_id);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  member_id BIGINT REFERENCES members(actor_id) ON DELETE CASCADE,
  device TEXT NOT NULL DEFAULT '',
  shared BOOLEAN NOT NULL DEFAULT FALSE,
  locale TEXT,
  theme TEXT,
  text_size TEXT,
  contrast TEXT,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_member ON sessions(member_id);
CREATE INDEX sessions_expiry ON sessions(expires_at);

-- One-time links and codes: signing in, confirming an address, the first run.
CREATE TABLE sign_in_tokens (
  id INTEGER PRIMARY KEY NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'first_run', 'guest', 'confirm_email')),
  member_id BIGINT REFERENCES members(actor_id) ON DELETE CASCADE,
  link_hash TEXT NOT NULL UNIQUE,
  code_hash TEXT,
  data TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX sign_in_tokens_member ON sign_in_tokens(member_id);

CREATE TABLE invitations (
  id INTEGER PRIMARY KEY NOT NULL,
  code TEXT NOT NULL UNIQUE,
  inviter_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  person_kind TEXT NOT NULL DEFAULT 'volunteer' CHECK (person_kind IN ('staff', 'volunteer', 'partner', 'guest')),
  note TEXT NOT NULL DEFAULT '',
  max_uses INTEGER NOT NULL DEFAULT 1,
  uses INTEGER NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX invitations_inviter ON invitations(inviter_id, id);

CREATE TABLE audiences (
  id INTEGER PRIMARY KEY NOT NULL,
  -- 0 public, 1 unlisted, 2 network, 3 organisation, 4 its readers only
  scope SMALLINT NOT NULL CHECK (scope BETWEEN 0 AND 4),
  owner_id BIGINT NOT NULL
);

CREATE TABLE readers (
  audience_id BIGINT NOT NULL REFERENCES audiences(id) ON DELETE CASCADE,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  host_id BIGINT NOT NULL REFERENCES hosts(id),
  PRIMARY KEY (audience_id, actor_id)
);
CREATE INDEX readers_actor ON readers(actor_id, audience_id);
-- Delivery and signed reading ask which hosts have a reader.
CREATE INDEX audiences_owner ON audiences(owner_id, scope);
CREATE INDEX readers_host ON readers(audience_id, host_id);

CREATE TABLE groups (
  actor_id INTEGER PRIMARY KEY NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('public', 'network', 'organisation', 'private')),
  hidden BOOLEAN NOT NULL DEFAULT FALSE,
  posting TEXT NOT NULL DEFAULT 'members' CHECK (posting IN ('members', 'approved', 'moderators')),
  approval BOOLEAN NOT NULL DEFAULT FALSE,
  outside_members BOOLEAN NOT NULL DEFAULT FALSE,
  audience_id BIGINT NOT NULL REFERENCES audiences(id),
  spine SMALLINT NOT NULL DEFAULT 1,
  topics TEXT NOT NULL DEFAULT '',
  branch_id BIGINT REFERENCES branches(id) ON DELETE SET NULL,
  rules_source TEXT NOT NULL DEFAULT '',
  rules_html TEXT NOT NULL DEFAULT '',
  card_source TEXT NOT NULL DEFAULT '',
  card_html TEXT NOT NULL DEFAULT '',
  members_count BIGINT NOT NULL DEFAULT 0,
  created_by BIGINT REFERENCES actors(id) ON DELETE SET NULL,
  archived_at BIGINT
);

CREATE TABLE invitation_groups (
  invitation_id BIGINT NOT NULL REFERENCES invitations(id) ON DELETE CASCADE,
  group_id BIGINT NOT NULL REFERENCES groups(actor_id) ON DELETE CASCADE,
  PRIMARY KEY (invitation_id, group_id)
);

-- Following; membership when the target is a group.
CREATE TABLE follows (
  id INTEGER PRIMARY KEY NOT NULL,
  follower_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  target_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('requested', 'invited', 'accepted', 'banned')),
  role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'moderator', 'member')),
  may_post BOOLEAN NOT NULL DEFAULT FALSE,
  uri TEXT,
  notify TEXT NOT NULL DEFAULT 'mentions' CHECK (notify IN ('all', 'mentions', 'none')),
  muted BOOLEAN NOT NULL DEFAULT FALSE,
  reason TEXT NOT NULL DEFAULT '',
  until_at BIGINT,
  seen_seq BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX follows_pair ON follows(follower_id, target_id);
CREATE INDEX follows_target ON follows(target_id, state, id);
CREATE INDEX follows_uri ON follows(uri);

CREATE TABLE posts (
  id INTEGER PRIMARY KEY NOT NULL,
  uri TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  author_id BIGINT NOT NULL REFERENCES actors(id),
  group_id BIGINT REFERENCES actors(id),
  audience_id BIGINT NOT NULL REFERENCES audiences(id),
  kind TEXT NOT NULL CHECK (kind IN ('message', 'question', 'lesson', 'poll', 'story', 'link', 'comment', 'direct')),
  parent_id BIGINT REFERENCES posts(id),
  parent_uri TEXT,
  root_id BIGINT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL DEFAULT '',
  html TEXT NOT NULL DEFAULT '',
  language TEXT,
  sensitive BOOLEAN NOT NULL DEFAULT FALSE,
  warning TEXT NOT NULL DEFAULT '',
  link_url TEXT,
  state TEXT NOT NULL DEFAULT 'published' CHECK (state IN ('published', 'waiting', 'held', 'removed', 'deleted')),
  accepted_id BIGINT,
  pinned_at BIGINT,
  locked BOOLEAN NOT NULL DEFAULT FALSE,
  replies_count BIGINT NOT NULL DEFAULT 0,
  reactions_count BIGINT NOT NULL DEFAULT 0,
  shares_count BIGINT NOT NULL DEFAULT 0,
  published_at BIGINT NOT NULL,
  edited_at BIGINT,
  removed_by BIGINT,
  removed_reason TEXT NOT NULL DEFAULT '',
  received_seq BIGINT NOT NULL,
  active_seq BIGINT NOT NULL,
  search_text TEXT NOT NULL DEFAULT ''
);
-- A group's stream: top-level posts, newest first.
CREATE INDEX posts_group ON posts(group_id, id) WHERE parent_id IS NULL;
-- Unread counts per group.
CREATE INDEX posts_group_seq ON posts(group_id, received_seq) WHERE parent_id IS NULL;
-- A thread, oldest first.
CREATE INDEX posts_root ON posts(root_id, id);
CREATE INDEX posts_author ON posts(author_id, id);
CREATE INDEX posts_parent ON posts(parent_id);
CREATE INDEX posts_group_pinned ON posts(group_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE INDEX posts_group_state ON posts(group_id, state) WHERE state IN ('held', 'waiting');

-- One showing of a post: by its author, by a group, or shared. The unit of timelines.
CREATE TABLE entries (
  id INTEGER PRIMARY KEY NOT NULL,
  source_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  how TEXT NOT NULL CHECK (how IN ('author', 'group', 'share')),
  uri TEXT
);
CREATE UNIQUE INDEX entries_source_post ON entries(source_id, post_id);
CREATE INDEX entries_source ON entries(source_id, id);
CREATE INDEX entries_post ON entries(post_id);

CREATE TABLE home (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  entry_id BIGINT NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  PRIMARY KEY (member_id, entry_id)
);
CREATE UNIQUE INDEX home_post ON home(member_id, post_id);
CREATE INDEX home_by_post ON home(post_id);
CREATE INDEX home_by_entry ON home(entry_id);

CREATE TABLE revisions (
  id INTEGER PRIMARY KEY NOT NULL,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  title TEXT NOT NULL,
  source TEXT NOT NULL,
  html TEXT NOT NULL,
  warning TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE INDEX revisions_post ON revisions(post_id, id);

CREATE TABLE polls (
  post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  multiple BOOLEAN NOT NULL DEFAULT FALSE,
  hidden BOOLEAN NOT NULL DEFAULT FALSE,
  closes_at BIGINT,
  closed_at BIGINT,
  voters_count BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE poll_options (
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  title TEXT NOT NULL,
  votes_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (post_id, position)
);

CREATE TABLE poll_votes (
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  PRIMARY KEY (post_id, actor_id, position)
);

CREATE TABLE reactions (
  id INTEGER PRIMARY KEY NOT NULL,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('thanks', 'helpful', 'agree', 'celebrate')),
  uri TEXT
);
CREATE UNIQUE INDEX reactions_once ON reactions(actor_id, post_id, kind);
CREATE INDEX reactions_post ON reactions(post_id, id);
CREATE INDEX reactions_uri ON reactions(uri);

CREATE TABLE bookmarks (
  id INTEGER PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX bookmarks_once ON bookmarks(member_id, post_id);
CREATE INDEX bookmarks_member ON bookmarks(member_id, id);

CREATE TABLE mentions (
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  PRIMARY KEY (post_id, actor_id)
);
CREATE INDEX mentions_actor ON mentions(actor_id, post_id);

CREATE TABLE post_tags (
  tag TEXT NOT NULL,
  post_id BIGINT NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  PRIMARY KEY (tag, post_id)
);
CREATE INDEX post_tags_post ON post_tags(post_id);

CREATE TABLE media (
  id INTEGER PRIMARY KEY NOT NULL,
  owner_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  post_id BIGINT REFERENCES posts(id) ON DELETE CASCADE,
  purpose TEXT NOT NULL DEFAULT 'post' CHECK (purpose IN ('post', 'avatar', 'logo')),
  position INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL CHECK (kind IN ('image', 'document', 'audio', 'video')),
  mime TEXT NOT NULL,
  file_name TEXT NOT NULL DEFAULT '',
  size BIGINT NOT NULL DEFAULT 0,
  width INTEGER,
  height INTEGER,
  blurhash TEXT,
  description TEXT NOT NULL DEFAULT '',
  focus_x DOUBLE PRECISION,
  focus_y DOUBLE PRECISION,
  key TEXT,
  thumb_key TEXT,
  thumb_mime TEXT,
  remote_url TEXT,
  state TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('remote', 'processing', 'ready', 'failed')),
  created_at BIGINT NOT NULL
);
CREATE INDEX media_post ON media(post_id, position);
CREATE INDEX media_owner ON media(owner_id, id);

CREATE TABLE drafts (
  id INTEGER PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  place TEXT NOT NULL,
  body TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX drafts_place ON drafts(member_id, place);

CREATE TABLE notifications (
  id INTEGER PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  actor_id BIGINT REFERENCES actors(id) ON DELETE CASCADE,
  post_id BIGINT REFERENCES posts(id) ON DELETE CASCADE,
  group_id BIGINT REFERENCES actors(id) ON DELETE CASCADE,
  detail TEXT NOT NULL DEFAULT '',
  group_key TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  read_at BIGINT
);
CREATE INDEX notifications_member ON notifications(member_id, id);
CREATE INDEX notifications_unread ON notifications(member_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_key ON notifications(member_id, group_key, id);
CREATE INDEX notifications_post ON notifications(post_id);

CREATE TABLE reports (
  id INTEGER PRIMARY KEY NOT NULL,
  uri TEXT UNIQUE,
  reporter_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  target_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  post_id BIGINT REFERENCES posts(id) ON DELETE CASCADE,
  group_id BIGINT REFERENCES actors(id) ON DELETE CASCADE,
  reason TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  outcome TEXT NOT NULL DEFAULT '',
  handled_by BIGINT REFERENCES actors(id) ON DELETE SET NULL,
  created_at BIGINT NOT NULL,
  handled_at BIGINT
);
CREATE INDEX reports_open ON reports(state, id);
CREATE INDEX reports_group ON reports(group_id, state, id);

-- What moderators did; members of the group can read it.
CREATE TABLE moderation_log (
  id INTEGER PRIMARY KEY NOT NULL,
  group_id BIGINT REFERENCES actors(id) ON DELETE CASCADE,
  moderator_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  action TEXT NOT NULL,
  target_id BIGINT REFERENCES actors(id) ON DELETE SET NULL,
  post_id BIGINT REFERENCES posts(id) ON DELETE SET NULL,
  reason TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE INDEX moderation_log_group ON moderation_log(group_id, id);

CREATE TABLE blocks (
  id INTEGER PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  target_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('block', 'mute')),
  until_at BIGINT,
  uri TEXT
);
CREATE UNIQUE INDEX blocks_pair ON blocks(member_id, target_id, kind);
CREATE INDEX blocks_target ON blocks(target_id, member_id);

CREATE TABLE host_blocks (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  host_id BIGINT NOT NULL REFERENCES hosts(id) ON DELETE CASCADE,
  PRIMARY KEY (member_id, host_id)
);

CREATE TABLE settings (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
);

CREATE TABLE oauth_apps (
  id INTEGER PRIMARY KEY NOT NULL,
  client_id TEXT NOT NULL UNIQUE,
  secret_hash TEXT NOT NULL,
  name TEXT NOT NULL,
  website TEXT,
  redirect_uris TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE oauth_codes (
  code_hash TEXT PRIMARY KEY NOT NULL,
  app_id BIGINT NOT NULL REFERENCES oauth_apps(id) ON DELETE CASCADE,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  scopes TEXT NOT NULL,
  challenge TEXT,
  expires_at BIGINT NOT NULL
);

CREATE TABLE oauth_tokens (
  id INTEGER PRIMARY KEY NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  app_id BIGINT REFERENCES oauth_apps(id) ON DELETE CASCADE,
  member_id BIGINT REFERENCES members(actor_id) ON DELETE CASCADE,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE INDEX oauth_tokens_member ON oauth_tokens(member_id);

CREATE TABLE idempotency (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  post_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (member_id, key)
);

CREATE TABLE markers (
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  timeline TEXT NOT NULL,
  last_read_id BIGINT NOT NULL,
  version BIGINT NOT NULL DEFAULT 0,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (member_id, timeline)
);

-- Activities as they were sent or received; the bytes of `body` never change.
CREATE TABLE activities (
  id INTEGER PRIMARY KEY NOT NULL,
  uri TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  actor_id BIGINT REFERENCES actors(id) ON DELETE CASCADE,
  actor_uri TEXT NOT NULL,
  audience_id BIGINT,
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
  body TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  received_at BIGINT NOT NULL
);
-- Incoming work is done in each sender's order.
CREATE INDEX activities_waiting ON activities(actor_uri, id) WHERE state = 'waiting';

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY NOT NULL,
  lane TEXT NOT NULL,
  activity_id BIGINT NOT NULL REFERENCES activities(id) ON DELETE CASCADE,
  signer_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  inbox TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX deliveries_lane ON deliveries(lane, id);

CREATE TABLE lanes (
  key TEXT PRIMARY KEY NOT NULL,
  host TEXT NOT NULL,
  inbox TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL DEFAULT 0,
  leased_by TEXT NOT NULL DEFAULT '',
  fence BIGINT NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX lanes_due ON lanes(next_at);
CREATE INDEX lanes_host ON lanes(host);

-- What follows from a write, enqueued in its transaction.
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  dedup_key TEXT UNIQUE,
  run_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  failed_at BIGINT
);
CREATE INDEX jobs_due ON jobs(run_at) WHERE failed_at IS NULL;

INSERT INTO hosts (id, name, software) VALUES (0, '', 'kring');
