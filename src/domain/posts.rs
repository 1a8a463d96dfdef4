//! Posts and comments, polls and reactions.

use crate::base::{ActorId, AudienceId, EntryId, PostId, SafeHtml, Time, text_enum};
use crate::domain::actors::ActorCard;
use crate::domain::audiences::Scope;
use crate::domain::media::Media;

text_enum! {
    /// What a post is.
    pub enum PostKind {
        /// Something to tell.
        Message = "message",
        /// Something to ask; one answer can be accepted.
        Question = "question",
        /// A lesson learned.
        Lesson = "lesson",
        /// A vote.
        Poll = "poll",
        /// A long text with a title.
        Story = "story",
        /// An address worth a visit.
        Link = "link",
        /// An answer to a post or comment.
        Comment = "comment",
        /// A message between people.
        Direct = "direct",
    }

    /// Where a post stands.
    pub enum PostState {
        /// Visible to its audience.
        Published = "published",
        /// Waits for the group's server to take it.
        Waiting = "waiting",
        /// Waits for a moderator.
        Held = "held",
        /// Taken away by a moderator; can be restored.
        Removed = "removed",
        /// Deleted by its author; a tombstone.
        Deleted = "deleted",
    }

    /// What the author of a quoted post says of the quote (FEP-044f).
    pub enum QuoteState {
        /// May be shown.
        Accepted = "accepted",
        /// Was not asked, or has not answered.
        Pending = "pending",
        /// May not be shown.
        Refused = "refused",
    }

    /// A few reactions, with words.
    pub enum ReactionKind {
        /// ♥ Thank you.
        Thanks = "thanks",
        /// This helped me too.
        Helpful = "helpful",
        /// I agree.
        Agree = "agree",
        /// Let's celebrate.
        Celebrate = "celebrate",
    }

    /// Why a post shows up in a timeline.
    pub enum EntryKind {
        /// Its author wrote it.
        Author = "author",
        /// A group carries it.
        Group = "group",
        /// Someone shared it.
        Share = "share",
    }
}

impl PostKind {
    /// The kinds one chooses from when writing a new post.
    pub const WRITABLE: &'static [PostKind] =
        &[PostKind::Message, PostKind::Question, PostKind::Lesson, PostKind::Poll, PostKind::Story, PostKind::Link];
}

/// A post as stored.
#[derive(Clone, Debug)]
pub struct Post {
    /// Our id; sorts by publication.
    pub id: PostId,
    /// ActivityPub id.
    pub uri: String,
    /// Page for people.
    pub url: String,
    /// Who wrote it.
    pub author_id: ActorId,
    /// The group it is in.
    pub group_id: Option<ActorId>,
    /// Who may see it.
    pub audience_id: AudienceId,
    /// What it is.
    pub kind: PostKind,
    /// What it answers.
    pub parent_id: Option<PostId>,
    /// The post the whole thread hangs on; itself for a top-level post.
    pub root_id: PostId,
    /// Title, may be empty.
    pub title: String,
    /// Markdown; empty for remote posts.
    pub source: String,
    /// Clean HTML.
    pub html: String,
    /// BCP-47 tag.
    pub language: Option<String>,
    /// Media hidden until asked for.
    pub sensitive: bool,
    /// Content warning.
    pub warning: String,
    /// Address of a link post.
    pub link_url: Option<String>,
    /// Where it stands.
    pub state: PostState,
    /// The accepted answer of a question.
    pub accepted_id: Option<PostId>,
    /// Pinned in its group since.
    pub pinned_at: Option<Time>,
    /// No more comments.
    pub locked: bool,
    /// Comments under a top-level post, direct answers under a comment.
    pub replies_count: i64,
    /// Reactions of all kinds.
    pub reactions_count: i64,
    /// Shares.
    pub shares_count: i64,
    /// When it was written.
    pub published_at: Time,
    /// Last edit.
    pub edited_at: Option<Time>,
    /// Who took it away.
    pub removed_by: Option<ActorId>,
    /// Why it was taken away.
    pub removed_reason: String,
    /// Order of arrival here; "new since" counts with it.
    pub received_seq: i64,
}

impl Post {
    /// Whether it starts a thread.
    pub fn is_top(&self) -> bool {
        self.parent_id.is_none()
    }

    /// The text, as the store keeps it: clean.
    pub fn clean(&self) -> SafeHtml {
        SafeHtml::trusted(self.html.clone())
    }

    /// A tombstone or taken away: the text is not shown.
    pub fn is_gone(&self) -> bool {
        matches!(self.state, PostState::Deleted | PostState::Removed)
    }
}

/// A post with all that stands around it for one viewer. Pages and the client API are made from this.
#[derive(Clone, Debug)]
pub struct PostView {
    /// The post.
    pub post: Post,
    /// How far it may be seen.
    pub scope: Scope,
    /// Who wrote it.
    pub author: ActorCard,
    /// The author's function, if a member here.
    pub author_title: String,
    /// The group.
    pub group: Option<GroupCard>,
    /// Its files, in order.
    pub media: Vec<Media>,
    /// Its vote.
    pub poll: Option<Poll>,
    /// What the page behind its link says of itself.
    pub preview: Option<crate::domain::previews::LinkPreview>,
    /// Counts per kind, and whether the viewer is among them; kinds without any are absent.
    pub reactions: Vec<ReactionCount>,
    /// The viewer keeps it.
    pub bookmarked: bool,
    /// The viewer shared it.
    pub shared: bool,
    /// The viewer wants no notices of its thread.
    pub thread_muted: bool,
    /// The post it quotes.
    pub quoted: Option<PostId>,
    /// Whether that may be shown with it.
    pub quote_state: Option<QuoteState>,
    /// How many posts quote it.
    pub quotes_count: i64,
    /// The timeline entry it came by, where it came from a timeline.
    pub entry: Option<Entry>,
}

impl PostView {
    /// The text, clean.
    pub fn html(&self) -> SafeHtml {
        SafeHtml::trusted(self.post.html.clone())
    }

    /// How often a reaction was given.
    pub fn reaction(&self, kind: ReactionKind) -> ReactionCount {
        let none = ReactionCount { kind, count: 0, mine: false };
        self.reactions.iter().find(|r| r.kind == kind).copied().unwrap_or(none)
    }
}

/// A post as one line among others, without what people did with it.
#[derive(Clone, Debug)]
pub struct PostLine {
    /// The post.
    pub post: Post,
    /// Who wrote it.
    pub author: ActorCard,
    /// The group.
    pub group: Option<GroupCard>,
}

impl PostLine {
    /// The text, clean.
    pub fn html(&self) -> SafeHtml {
        SafeHtml::trusted(self.post.html.clone())
    }
}

/// The little of a group that stands beside a post.
#[derive(Clone, Debug)]
pub struct GroupCard {
    /// The actor.
    pub actor: ActorCard,
    /// Colour of the spine, 1 to 6.
    pub spine: i16,
    /// Who reads it.
    pub kind: crate::domain::groups::GroupKind,
}

/// How often one reaction was given.
#[derive(Clone, Copy, Debug)]
pub struct ReactionCount {
    /// Which.
    pub kind: ReactionKind,
    /// How often.
    pub count: i64,
    /// By the viewer too.
    pub mine: bool,
}

/// One showing of a post in a timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Our id.
    pub id: EntryId,
    /// Who shows it.
    pub source_id: ActorId,
    /// The post.
    pub post_id: PostId,
    /// Why.
    pub how: EntryKind,
}

/// A vote.
#[derive(Clone, Debug)]
pub struct Poll {
    /// More than one answer allowed.
    pub multiple: bool,
    /// Results hidden until it closes.
    pub hidden: bool,
    /// When it closes.
    pub closes_at: Option<Time>,
    /// Closed since, by time or by hand.
    pub closed_at: Option<Time>,
    /// People who voted.
    pub voters_count: i64,
    /// The options in order: title and votes.
    pub options: Vec<PollOption>,
    /// Positions the viewer chose.
    pub own: Vec<i32>,
}

impl Poll {
    /// No more votes at `now`.
    pub fn is_closed(&self, now: Time) -> bool {
        self.closed_at.is_some() || self.closes_at.is_some_and(|at| at <= now)
    }

    /// Whether a viewer may see the counts at `now`.
    pub fn shows_results(&self, now: Time) -> bool {
        self.is_closed(now) || (!self.hidden && !self.own.is_empty())
    }

    /// Votes for all options together.
    pub fn votes_count(&self) -> i64 {
        self.options.iter().map(|o| o.votes_count).sum()
    }
}

/// One option of a vote.
#[derive(Clone, Debug)]
pub struct PollOption {
    /// Its place, from 0.
    pub position: i32,
    /// Its text.
    pub title: String,
    /// Votes.
    pub votes_count: i64,
}

/// An earlier version of a post.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Title then.
    pub title: String,
    /// Markdown then.
    pub source: String,
    /// Clean HTML then.
    pub html: String,
    /// Content warning then.
    pub warning: String,
    /// When that version was written.
    pub created_at: Time,
}
