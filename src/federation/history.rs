//! What the host of a closed group tells of others' posts, and when it is believed: with the author's proof, or where the author
//! lives with the group. It is asked before the author's server, which need not answer: the group's host is the door.

use serde_json::Value;
use url::Url;

use super::convert;
use super::state::Federation;
use super::wire::{Doc, Kind, same_origin};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::GroupKind;
use crate::store::federation as rows;
use crate::store::{actors, posts};

/// A post as a collection lists it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Its id.
    pub id: String,
    /// Its document, where that stands inside.
    pub inside: Option<Value>,
    /// The activity around that document.
    activity: Option<Value>,
}

impl Told {
    /// The post that an item of a collection is, or that it made known.
    pub fn read(item: Doc<'_>) -> Option<Self> {
        let (mut doc, mut around) = (item, None);
        // An Announce of a Create of a post, at most.
        for _ in 0..3 {
            match doc.kind() {
                Some(Kind::Announce | Kind::Create | Kind::Update) => match doc.embedded("object") {
                    Some(inner) => (around, doc) = (Some(doc.0), inner),
                    None => return doc.one_id("object").map(Self::bare),
                },
                Some(kind) if kind.is_content() => {
                    let id = doc.id()?.to_owned();
                    return Some(Self { id, inside: Some(doc.0.clone()), activity: around.cloned() });
                }
                None => return doc.id().map(Self::bare),
                Some(_) => return None,
            }
        }
        None
    }

    fn bare(id: &str) -> Self {
        Self { id: id.to_owned(), inside: None, activity: None }
    }
}

/// Where the things of a closed group elsewhere are to be had.
pub(super) struct GroupsDoor {
    /// The group.
    pub group: Actor,
    outbox: String,
    /// A member here.
    reader: Actor,
}

impl GroupsDoor {
    /// The address of a thread there, by the id of one of its posts.
    pub fn thread(&self, post: &str) -> Option<String> {
        Url::parse_with_params(&self.outbox, [("context", post)]).ok().map(String::from)
    }
}

impl Federation {
    /// The door of a group: where it is closed, on a Kring elsewhere, and has a member here.
    pub(super) async fn door_of(&self, group: &Actor) -> Result<Option<GroupsDoor>> {
        if group.is_local() {
            return Ok(None);
        }
        let mut conn = self.ctx.db.read().await?;
        let kind = rows::group_kind(&mut conn, group.id).await?;
        let closed = kind.is_some_and(|(kind, ..)| kind != GroupKind::Public);
        if !closed || !rows::get_host(&mut conn, group.host_id).await?.is_kring() {
            return Ok(None);
        }
        let (outbox, ..) = rows::collections(&mut conn, group.id).await?;
        drop(conn);
        let reader = self.reader_of(group.id).await?;
        let door = outbox.zip(reader).filter(|(outbox, _)| same_origin(outbox, &group.uri));
        Ok(door.map(|(outbox, reader)| GroupsDoor { group: group.clone(), outbox, reader }))
    }

    /// The document of a post that came through a group: as the group's host tells it where that is believed, else as its own
    /// server has it, asked in the name of a member where the group is closed.
    pub(super) async fn post_document(&self, id: &str, via: Option<&Actor>) -> Result<Value> {
        let Some(group) = via else { return self.document(id, None).await };
        if let Some(door) = self.door_of(group).await?
            && !same_origin(id, &group.uri)
            && let Some(told) = self.told(&door, id).await
        {
            return Ok(told);
        }
        let reader = self.reader_of(group.id).await?;
        self.document(id, reader.as_ref()).await
    }

    async fn told(&self, door: &GroupsDoor, id: &str) -> Option<Value> {
        let address = Url::parse_with_params(&door.outbox, [("object", id)]).ok()?;
        let answer = self.fetch_document(address.as_str(), Some(&door.reader)).await;
        let answer =
            answer.inspect_err(|error| tracing::debug!(id, %error, "the group's host does not tell it")).ok()?;
        let told = Doc(&answer).collection()?.items.iter().find_map(|item| Told::read(*item))?;
        if told.id == id && self.is_believed(&told, &door.group).await { told.inside } else { None }
    }

    /// Whether the document of a post that a group lists is its author's own word.
    pub(super) async fn is_believed(&self, told: &Told, group: &Actor) -> bool {
        let Some(inside) = &told.inside else { return false };
        if same_origin(&told.id, &group.uri) {
            return true;
        }
        let Some(activity) = &told.activity else { return false };
        let author = convert::read_post(Doc(inside), None, self.reading()).map(|read| read.author);
        match Doc(activity).one_id("actor") {
            Some(actor) if author.as_deref() == Some(actor) && same_origin(&told.id, actor) => {
                self.check_host_of(actor).await.is_ok() && self.is_proven(activity, actor).await
            }
            _ => false,
        }
    }

    /// Where the group of a post has its own copy of a file that is kept elsewhere: its address, and in whose name to ask. Who looks
    /// at it is nobody's business there.
    pub(super) async fn copy_of_file(&self, post: PostId, url: &str) -> Result<Option<(Url, Actor)>> {
        let mut conn = self.ctx.db.read().await?;
        let post = posts::get(&mut conn, post).await?;
        let Some(group) = post.group_id else { return Ok(None) };
        let group = actors::get(&mut conn, group).await?;
        drop(conn);
        if same_origin(url, &group.uri) {
            return Ok(None);
        }
        let Some(door) = self.door_of(&group).await? else { return Ok(None) };
        let address = format!("{}/file", group.uri);
        let address = Url::parse_with_params(&address, [("object", post.uri.as_str()), ("url", url)]);
        Ok(address.ok().map(|address| (address, door.reader)))
    }
}
