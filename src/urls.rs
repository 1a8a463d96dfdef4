//! Room: every URL and ActivityPub id, built and parsed. Nobody else writes a path.
//! May import: base, domain.

use url::Url;

use crate::base::{ActivityId, ActorId, EmojiId, Error, FollowId, MediaId, PostId, Result, TermId, WikiId};
use crate::domain::actors::ActorKind;

/// Builds the addresses of this instance.
#[derive(Clone, Debug)]
pub struct Urls {
    origin: String,
    host: String,
}

/// What one of our own addresses stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// `/people/NAME` or `/@NAME`.
    Person(String),
    /// `/groups/NAME`.
    Group(String),
    /// `/posts/ID`.
    Post(PostId),
    /// `/activities/ID`.
    Activity(ActivityId),
    /// `/actor` or `/`: the server.
    Server,
    /// `/organisation`.
    Organisation,
}

impl Urls {
    /// Addresses under `scheme://domain`, the domain with its port if that is unusual.
    ///
    /// # Errors
    /// `Internal` when these do not make an address.
    pub fn new(scheme: &str, domain: &str) -> Result<Self> {
        let url = Url::parse(&format!("{scheme}://{domain}/")).map_err(Error::internal)?;
        let origin = url.origin().ascii_serialization();
        let host = origin.split_once("://").map_or(domain, |(_, host)| host).to_owned();
        Ok(Self { origin, host })
    }

    /// `https://example.org`, no slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Host name with port where unusual: the part after `@` in handles.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// An absolute address for a path that begins with `/`.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Id and page of a local actor.
    pub fn actor(&self, kind: ActorKind, name: &str) -> String {
        match kind {
            ActorKind::Group => self.absolute(&format!("/groups/{name}")),
            ActorKind::Application => self.absolute("/actor"),
            ActorKind::Organization => self.absolute("/organisation"),
            ActorKind::Person | ActorKind::Service => self.absolute(&format!("/people/{name}")),
        }
    }

    /// The server's actor.
    pub fn server_actor(&self) -> String {
        self.absolute("/actor")
    }

    /// Where servers with an agreement about people ask for them.
    pub fn people_door(&self) -> String {
        self.absolute("/actor/people")
    }

    /// The shared inbox.
    pub fn shared_inbox(&self) -> String {
        self.absolute("/inbox")
    }

    /// Id and page of a local post.
    pub fn post(&self, id: PostId) -> String {
        self.absolute(&format!("/posts/{id}"))
    }

    /// The replies collection of a post.
    pub fn replies(&self, id: PostId) -> String {
        self.absolute(&format!("/posts/{id}/replies"))
    }

    /// Where it is written down that a post may quote another (FEP-044f).
    pub fn quote_stamp(&self, quoting: PostId) -> String {
        self.absolute(&format!("/posts/{quoting}/quote"))
    }

    /// The context collection of a thread (FEP-7888).
    pub fn context(&self, root: PostId) -> String {
        self.absolute(&format!("/contexts/{root}"))
    }

    /// Id of an activity of ours.
    pub fn activity(&self, id: ActivityId) -> String {
        self.absolute(&format!("/activities/{id}"))
    }

    /// Id of a follow of ours.
    pub fn follow(&self, id: FollowId) -> String {
        self.absolute(&format!("/activities/{id}"))
    }

    /// A file; the thumbnail with `thumb`.
    pub fn media(&self, id: MediaId, thumb: bool) -> String {
        self.absolute(&media_path(id, thumb))
    }

    /// A little picture of another server.
    pub fn emoji(&self, id: EmojiId) -> String {
        self.absolute(&format!("/emoji/{id}"))
    }

    /// The page of a hashtag.
    pub fn tag(&self, tag: &str) -> String {
        self.absolute(&tag_path(tag))
    }

    /// What pages of tags begin with; the tag follows.
    pub fn tag_base(&self) -> String {
        self.absolute("/tags/")
    }

    /// Where a peer sends people who want to act from their own account; `{uri}` is for the peer to fill.
    pub fn authorize_template(&self) -> String {
        self.absolute("/authorize_interaction?uri={uri}")
    }

    /// The page of an invitation.
    pub fn invitation(&self, code: &str) -> String {
        self.absolute(&format!("/invitations/{code}"))
    }

    /// A link that signs someone in.
    pub fn sign_in_link(&self, token: &str) -> String {
        self.absolute(&format!("/sign-in/link/{token}"))
    }

    /// A link that confirms an address.
    pub fn confirm_link(&self, token: &str) -> String {
        self.absolute(&format!("/confirm/{token}"))
    }

    /// The link that opens the first-run page.
    pub fn first_run_link(&self, token: &str) -> String {
        self.absolute(&format!("/first-run/{token}"))
    }

    /// Whether an address is on this instance.
    pub fn is_ours(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|u| u.origin().ascii_serialization() == self.origin)
    }

    /// What one of our own addresses stands for; `None` for others.
    pub fn parse(&self, url: &str) -> Option<Local> {
        let url = Url::parse(url).ok().filter(|u| u.origin().ascii_serialization() == self.origin)?;
        let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
        let local = match (parts.next(), parts.next(), parts.next()) {
            (None, _, _) | (Some("actor"), None, _) => Local::Server,
            (Some("organisation"), None, _) => Local::Organisation,
            (Some("people"), Some(name), None) => Local::Person(name.to_lowercase()),
            (Some("groups"), Some(name), None) => Local::Group(name.to_lowercase()),
            (Some("posts"), Some(id), None) => Local::Post(id.parse().ok()?),
            (Some("activities"), Some(id), None) => Local::Activity(ActivityId(id.parse().ok()?)),
            (Some(at), None, _) if at.starts_with('@') => Local::Person(at.trim_start_matches('@').to_lowercase()),
            _ => return None,
        };
        Some(local)
    }
}

/// Path of the picture on the card of a post's link.
pub fn preview_path(id: PostId) -> String {
    format!("/posts/{id}/preview")
}

/// Path of a file.
pub fn media_path(id: MediaId, thumb: bool) -> String {
    if thumb { format!("/media/{id}/small") } else { format!("/media/{id}") }
}

/// Path of a hashtag's page.
pub fn tag_path(tag: &str) -> String {
    format!("/tags/{}", percent_encoding::utf8_percent_encode(tag, percent_encoding::NON_ALPHANUMERIC))
}

/// Path of a page that shows an actor: its own page here, also for remote actors.
pub fn actor_path(kind: ActorKind, acct: &str) -> String {
    match kind {
        ActorKind::Group => format!("/groups/{acct}"),
        _ => format!("/people/{acct}"),
    }
}

/// Path of a post's page here, also for remote posts.
pub fn post_path(id: PostId) -> String {
    format!("/posts/{id}")
}

/// The host (with unusual port) of an address.
pub fn host_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?.to_lowercase();
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    })
}

/// Whether two addresses share scheme, host and port (FEP-fe34).
pub fn same_origin(a: &str, b: &str) -> bool {
    match (Url::parse(a), Url::parse(b)) {
        (Ok(a), Ok(b)) => a.origin() == b.origin(),
        _ => false,
    }
}

/// Path that finds someone elsewhere by handle, and leads to their page here.
pub fn handle_path(acct: &str) -> String {
    format!(
        "/search?q={}",
        percent_encoding::utf8_percent_encode(&format!("@{acct}"), percent_encoding::NON_ALPHANUMERIC)
    )
}

/// Path of the page where one asks someone at a partner whether one may write.
pub fn contact_path(acct: &str) -> String {
    format!("/contacts/new?to={}", percent_encoding::utf8_percent_encode(acct, percent_encoding::NON_ALPHANUMERIC))
}

/// Path of the page where one writes to someone.
pub fn write_path(acct: &str) -> String {
    format!("/messages/new?to={}", percent_encoding::utf8_percent_encode(acct, percent_encoding::NON_ALPHANUMERIC))
}

/// The same with the first line of what one writes.
pub fn write_path_with(acct: &str, line: &str) -> String {
    let line = percent_encoding::utf8_percent_encode(line, percent_encoding::NON_ALPHANUMERIC);
    format!("{}&body={line}", write_path(acct))
}

/// Path of the page of somebody's first steps, for those who help them.
pub fn newcomer_path(member: ActorId) -> String {
    format!("/newcomers/{member}")
}

/// Path of the page that tells who knows about words.
pub fn who_words_path(words: &str) -> String {
    format!("/knowledge/who?q={}", percent_encoding::utf8_percent_encode(words, percent_encoding::NON_ALPHANUMERIC))
}

/// Path of a page of a group's knowledge base.
pub fn wiki_path(id: WikiId) -> String {
    format!("/pages/{id}")
}

/// Path of the page that tells who knows about a word.
pub fn who_path(term: TermId) -> String {
    format!("/knowledge/who?term={term}")
}
