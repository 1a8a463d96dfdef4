//! What several pages show: avatars, posts, the shelf of groups.

use super::Chrome;
use crate::base::{ActorId, MediaId, PostId, SafeHtml, Time};
use crate::domain::actors::{Actor, ActorCard};
use crate::domain::groups::FollowState;
use crate::domain::media::{Media, MediaKind};
use crate::domain::posts::{PostKind, PostState, PostView, ReactionKind};
use crate::store::groups::GroupLine;
use crate::urls;

/// A picture, or initials where there is none.
#[derive(Clone, Debug)]
pub struct Avatar {
    /// Address of the picture.
    pub src: Option<String>,
    /// Two letters.
    pub initials: String,
}

impl Avatar {
    /// Of an actor in full.
    pub fn of_actor(actor: &Actor) -> Self {
        let src = picture_of(actor.id, actor.icon_media_id, actor.is_local(), actor.icon_url.as_deref());
        Self { src, initials: initials(&actor.display_name) }
    }

    /// Of someone whose picture we do not have.
    pub fn named(display_name: &str) -> Self {
        Self { src: None, initials: initials(display_name) }
    }

    /// Of a card.
    pub fn of(card: &ActorCard) -> Self {
        let src = picture_of(card.id, card.icon_media_id, card.is_local(), card.icon_url.as_deref());
        Self { src, initials: card.initials() }
    }
}

/// Where a picture is: always at our own address, so that no other server sees who reads here.
fn picture_of(id: ActorId, media: Option<MediaId>, local: bool, elsewhere: Option<&str>) -> Option<String> {
    match media {
        Some(media) => Some(urls::media_path(media, false)),
        None if !local && elsewhere.is_some_and(|url| !url.is_empty()) => Some(format!("/media/icons/{id}")),
        None => None,
    }
}

fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// One option of a vote as shown.
#[derive(Clone, Debug)]
pub struct OptionLine {
    /// Its place.
    pub position: i32,
    /// Its text.
    pub title: String,
    /// Votes.
    pub votes: i64,
    /// Share of all, in percent.
    pub percent: i64,
    /// Chosen by the viewer.
    pub mine: bool,
}

/// A vote as shown.
#[derive(Clone, Debug)]
pub struct PollCard {
    /// Options in order.
    pub options: Vec<OptionLine>,
    /// More than one answer.
    pub multiple: bool,
    /// The viewer can vote now.
    pub open: bool,
    /// Counts are shown.
    pub results: bool,
    /// People who voted.
    pub voters: i64,
    /// All votes.
    pub votes: i64,
    /// When it closes.
    pub closes_at: Option<Time>,
    /// No more votes.
    pub closed: bool,
}

/// A post as a page shows it.
#[derive(Clone, Debug)]
pub struct PostCard {
    /// The post with all around it.
    pub view: PostView,
    /// Path of its page.
    pub path: String,
    /// Path of its author's page.
    pub author_path: String,
    /// Picture or initials of the author.
    pub avatar: Avatar,
    /// Path and name of its group, and the organisation it comes from.
    pub group: Option<(String, String)>,
    /// Host of an author elsewhere.
    pub from: Option<String>,
    /// Colour of the group's spine.
    pub spine: i16,
    /// Pictures.
    pub pictures: Vec<Media>,
    /// Other files.
    pub files: Vec<Media>,
    /// The vote.
    pub poll: Option<PollCard>,
    /// The viewer wrote it.
    pub mine: bool,
    /// The card of its link.
    pub link: Option<LinkCard>,
    /// Text cut short for a list.
    pub cut: bool,
    /// The text shown.
    pub html: SafeHtml,
    /// The viewer keeps order where the post is; set by pages that know.
    pub moderates: bool,
    /// Came after the viewer's last visit; set by pages that know.
    pub new: bool,
    /// Who shared it, where it is shown because of that; set by pages that know.
    pub shared_by: Option<String>,
}

/// The card of a link.
#[derive(Clone, Debug)]
pub struct LinkCard {
    /// Where it leads.
    pub url: String,
    /// Title of the page, or the address.
    pub title: String,
    /// What the page says of itself.
    pub description: String,
    /// Whose page it is.
    pub host: String,
    /// Path, width and height of the picture.
    pub picture: Option<(String, i32, i32)>,
}

impl LinkCard {
    /// Of a link post always; of other posts when the page said something.
    fn of(view: &PostView) -> Option<Self> {
        let found = view.preview.as_ref().filter(|found| !found.title.is_empty());
        let url = view.post.link_url.clone().or_else(|| found.map(|found| found.url.clone()))?;
        let own = if view.post.title.is_empty() { url.clone() } else { view.post.title.clone() };
        let host = urls::host_of(&url).unwrap_or_default();
        let picture = found.filter(|found| found.picture_key.is_some());
        Some(Self {
            title: found.map_or(own, |found| found.title.clone()),
            description: found.map(|found| found.description.clone()).unwrap_or_default(),
            host: host.strip_prefix("www.").unwrap_or(&host).to_owned(),
            picture: picture.map(|found| (urls::preview_path(view.post.id), found.width, found.height)),
            url,
        })
    }
}

/// One reaction as shown.
#[derive(Clone, Debug)]
pub struct ReactionLine {
    /// Which, as a word.
    pub word: &'static str,
    /// Key of the button's text.
    pub key: &'static str,
    /// Key of its name beside a count.
    pub noun: &'static str,
    /// How often.
    pub count: i64,
    /// By the viewer too.
    pub mine: bool,
}

/// Longest text shown in a list, in characters; beyond that the page of the post has the rest.
const LIST_CHARS: usize = 700;

impl PostCard {
    /// For the page of the post itself: in full.
    pub fn full(view: PostView, c: &Chrome) -> Self {
        Self::make(view, c, usize::MAX)
    }

    /// For a list: long texts are cut.
    pub fn listed(view: PostView, c: &Chrome) -> Self {
        Self::make(view, c, LIST_CHARS)
    }

    fn make(view: PostView, c: &Chrome, chars: usize) -> Self {
        let html = view.html();
        let cut = html.as_str().len() > chars.saturating_mul(2) && crate::text::plain(&html).chars().count() > chars;
        let html = if cut { crate::text::first_paragraphs(&html, chars) } else { html };
        let (pictures, files) = view.media.iter().cloned().partition(|m| m.kind == MediaKind::Image);
        let mine = c.me.as_ref().is_some_and(|me| view.author.is_local() && me.name == view.author.name);
        Self {
            path: urls::post_path(view.post.id),
            author_path: urls::actor_path(view.author.kind, &view.author.acct()),
            avatar: Avatar::of(&view.author),
            group: view
                .group
                .as_ref()
                .map(|g| (urls::actor_path(g.actor.kind, &g.actor.acct()), g.actor.display_name.clone())),
            from: view.author.host.clone(),
            spine: view.group.as_ref().map_or(0, |g| g.spine),
            pictures,
            files,
            poll: view.poll.as_ref().map(|poll| PollCard {
                options: poll
                    .options
                    .iter()
                    .map(|o| OptionLine {
                        position: o.position,
                        title: o.title.clone(),
                        votes: o.votes_count,
                        percent: rounded_percent(o.votes_count, poll.voters_count),
                        mine: poll.own.contains(&o.position),
                    })
                    .collect(),
                multiple: poll.multiple,
                open: c.me.is_some() && !poll.is_closed(c.now()) && poll.own.is_empty(),
                results: poll.shows_results(c.now()) || (c.me.is_none() && !poll.hidden),
                voters: poll.voters_count,
                votes: poll.votes_count(),
                closes_at: poll.closes_at,
                closed: poll.is_closed(c.now()),
            }),
            mine,
            link: LinkCard::of(&view),
            cut,
            html,
            moderates: false,
            new: false,
            shared_by: None,
            view,
        }
    }

    /// Key of what it is.
    pub fn kind_key(&self) -> String {
        format!("post-kind-{}", self.view.post.kind)
    }

    /// The reactions to offer: all of them, or thanks and what was given already.
    pub fn reacts(&self, all: &bool) -> Vec<ReactionLine> {
        let line = |kind: &ReactionKind| {
            let given = self.view.reaction(*kind);
            let (key, mine, noun) = match kind {
                ReactionKind::Thanks => ("reaction-thanks", "reaction-thanks-mine", "reaction-thanks-noun"),
                ReactionKind::Helpful => ("reaction-helpful", "reaction-helpful", "reaction-helpful"),
                ReactionKind::Agree => ("reaction-agree", "reaction-agree", "reaction-agree"),
                ReactionKind::Celebrate => ("reaction-celebrate", "reaction-celebrate", "reaction-celebrate"),
            };
            let key = if given.mine { mine } else { key };
            ReactionLine { word: kind.as_str(), key, noun, count: given.count, mine: given.mine }
        };
        let shown = |r: &ReactionLine| *all || r.count > 0 || r.word == ReactionKind::Thanks.as_str();
        ReactionKind::ALL.iter().map(line).filter(shown).collect()
    }

    /// Taken away by a moderator.
    pub fn removed(&self) -> bool {
        self.view.post.state == PostState::Removed
    }

    /// A vote whose counts show only when it has closed.
    pub fn poll_hidden(&self) -> bool {
        self.view.poll.as_ref().is_some_and(|poll| poll.hidden)
    }

    /// Waits for a moderator.
    pub fn held(&self) -> bool {
        self.view.post.state == PostState::Held
    }

    /// Host of a group elsewhere.
    pub fn group_host(&self) -> Option<&String> {
        self.view.group.as_ref().and_then(|group| group.actor.host.as_ref())
    }

    /// What it is, as a word of CSS and of translation keys.
    pub fn kind(&self) -> &'static str {
        self.view.post.kind.as_str()
    }

    /// A plain message carries no badge.
    pub fn has_badge(&self) -> bool {
        !matches!(self.view.post.kind, PostKind::Message | PostKind::Comment | PostKind::Direct)
    }

    /// A question with an accepted answer.
    pub fn solved(&self) -> bool {
        self.view.post.accepted_id.is_some()
    }

    /// Waits for a moderator or another server.
    pub fn waiting(&self) -> Option<&'static str> {
        match self.view.post.state {
            PostState::Held => Some("post-held"),
            PostState::Waiting => Some("post-waiting"),
            _ => None,
        }
    }

    /// Only the place is left.
    pub fn gone(&self) -> Option<&'static str> {
        match self.view.post.state {
            PostState::Deleted => Some("post-deleted"),
            PostState::Removed => Some("post-removed"),
            _ => None,
        }
    }

    /// Id.
    pub fn id(&self) -> PostId {
        self.view.post.id
    }

    /// Whether anyone may see it, so that it can be shared further.
    pub fn open(&self) -> bool {
        self.view.scope.is_open()
    }
}

/// One group on the shelf.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Path of its page.
    pub path: String,
    /// Name.
    pub name: String,
    /// Colour.
    pub spine: i16,
    /// New posts.
    pub unread: i64,
    /// Who reads it, as a word.
    pub kind: &'static str,
    /// Asked or invited, not in yet.
    pub pending: Option<&'static str>,
}

impl Shelf {
    /// Of the viewer's groups.
    pub fn of(lines: &[GroupLine]) -> Vec<Self> {
        let shelf = |line: &GroupLine| Shelf {
            path: urls::actor_path(line.actor.kind, &line.actor.acct()),
            name: line.actor.display_name.clone(),
            spine: line.group.spine,
            unread: line.unread,
            kind: line.group.kind.as_str(),
            pending: match line.mine {
                Some((FollowState::Requested, ..)) => Some("group-requested"),
                Some((FollowState::Invited, ..)) => Some("group-invited"),
                _ => None,
            },
        };
        lines.iter().map(shelf).collect()
    }
}

/// A part of a whole in percent, to the nearest.
fn rounded_percent(part: i64, whole: i64) -> i64 {
    (part * 200 + whole).checked_div(whole.max(1) * 2).unwrap_or(0)
}
