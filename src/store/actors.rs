//! Actors, ours and our peers'.

use diesel::prelude::*;

use super::schema::{actors, hosts};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{Actor, ActorCard, ActorKind, ActorState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// The columns of an [`ActorCard`]; `actors` and `hosts` must be in the query.
pub(super) type CardRow =
    (ActorId, String, ActorKind, String, HostId, String, String, String, Option<MediaId>, Option<String>, ActorState);

/// The selection that goes with [`CardRow`].
macro_rules! card_columns {
    () => {
        $crate::store::rows::Columns::<$crate::store::actors::CardRow>::new()
    };
}
pub(super) use card_columns;

/// A row as a card.
pub(super) fn card(row: CardRow) -> ActorCard {
    let (id, uri, kind, name, host_id, host, display_name, url, icon_media_id, icon_url, state) = row;
    let host = (host_id != HostId::LOCAL).then_some(host);
    ActorCard { id, uri, kind, name, host, display_name, url, icon_media_id, icon_url, state }
}

/// A new actor, local or remote; also what replaces the stored one when a peer's profile is fetched again.
#[derive(Clone, Debug)]
pub struct NewActor {
    /// Made by `Ids`.
    pub id: ActorId,
    /// ActivityPub id.
    pub uri: String,
    /// Its server.
    pub host_id: HostId,
    /// What it is.
    pub kind: ActorKind,
    /// `preferredUsername`.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Markdown of "about" (ours).
    pub summary_source: String,
    /// Clean HTML of "about".
    pub summary_html: SafeHtml,
    /// Page for people.
    pub url: String,
    /// Inbox.
    pub inbox: String,
    /// Shared inbox.
    pub shared_inbox: Option<String>,
    /// Outbox.
    pub outbox: Option<String>,
    /// Followers collection.
    pub followers_uri: Option<String>,
    /// Featured collection (groups).
    pub featured_uri: Option<String>,
    /// Moderators collection (groups).
    pub moderators_uri: Option<String>,
    /// Picture at a peer.
    pub icon_url: Option<String>,
    /// Header at a peer.
    pub header_url: Option<String>,
    /// Follows need approval.
    pub locked: bool,
    /// May be listed.
    pub discoverable: bool,
    /// Folded text that search looks in.
    pub search_text: String,
    /// First seen.
    pub created_at: Time,
    /// When fetched, for remote ones.
    pub fetched_at: Option<Time>,
}

/// What a peer may change of an actor.
macro_rules! renewed {
    ($new:expr) => {
        (
            (
                actors::kind.eq($new.kind),
                actors::display_name.eq(&$new.display_name),
                actors::summary_html.eq($new.summary_html.as_str()),
                actors::url.eq(&$new.url),
                actors::inbox.eq(&$new.inbox),
                actors::shared_inbox.eq(&$new.shared_inbox),
                actors::outbox.eq(&$new.outbox),
                actors::followers_uri.eq(&$new.followers_uri),
                actors::featured_uri.eq(&$new.featured_uri),
            ),
            (
                actors::moderators_uri.eq(&$new.moderators_uri),
                actors::icon_url.eq(&$new.icon_url),
                actors::header_url.eq(&$new.header_url),
                actors::locked.eq($new.locked),
                actors::discoverable.eq($new.discoverable),
                actors::search_text.eq(&$new.search_text),
                actors::updated_at.eq($new.created_at),
                actors::fetched_at.eq($new.fetched_at),
            ),
        )
    };
}

db_fn! {
    /// Adds an actor, or nothing when its address or its name is there: `ON CONFLICT (uri)` would let two that add the same
    /// one at the same moment fail on the name.
    async fn insert(conn, new: &NewActor) -> Option<Actor> {
        diesel::insert_into(actors::table)
            .values((
                (
                    actors::id.eq(new.id), actors::uri.eq(&new.uri), actors::host_id.eq(new.host_id),
                    actors::name.eq(&new.name), actors::name_key.eq(new.name.to_lowercase()),
                    actors::summary_source.eq(&new.summary_source), actors::created_at.eq(new.created_at),
                ),
                renewed!(new),
            ))
            .on_conflict_do_nothing()
            .returning(Actor::as_returning())
            .get_result(conn)
            .await
            .optional()
    }

    async fn renew(conn, new: &NewActor) -> Option<Actor> {
        diesel::update(actors::table.filter(actors::uri.eq(&new.uri)))
            .set(renewed!(new))
            .returning(Actor::as_returning())
            .get_result(conn)
            .await
            .optional()
    }

    /// An actor by our id.
    pub async fn find(conn, id: ActorId) -> Option<Actor> {
        actors::table.find(id).select(Actor::as_select()).first(conn).await.optional()
    }

    /// An actor by its ActivityPub id.
    pub async fn find_by_uri(conn, uri: &str) -> Option<Actor> {
        actors::table.filter(actors::uri.eq(uri)).select(Actor::as_select()).first(conn).await.optional()
    }

    /// An actor by name on a host; names are compared without case.
    pub async fn find_by_name(conn, host_id: HostId, name: &str) -> Option<Actor> {
        actors::table
            .filter(actors::host_id.eq(host_id).and(actors::name_key.eq(name.to_lowercase())))
            .select(Actor::as_select())
            .first(conn)
            .await
            .optional()
    }

    /// An actor by name and host name.
    pub async fn find_by_handle(conn, name: &str, host: &str) -> Option<Actor> {
        actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(hosts::name.eq(host.to_lowercase()).and(actors::name_key.eq(name.to_lowercase())))
            .select(Actor::as_select())
            .first(conn)
            .await
            .optional()
    }

    /// Several actors, in no order.
    pub async fn list(conn, ids: &[ActorId]) -> Vec<Actor> {
        actors::table.filter(actors::id.eq_any(one_of(ids))).select(Actor::as_select()).load(conn).await
    }

    async fn card_rows(conn, ids: &[ActorId]) -> Vec<CardRow> {
        actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(actors::id.eq_any(one_of(ids)))
            .select(card_columns!())
            .load(conn)
            .await
    }

    /// Local actors that are alive and of one kind, by shown name, after `after` (name, id); at most `limit`.
    async fn directory_rows(conn, kind: ActorKind, after: (&str, i64), limit: i64) -> Vec<CardRow> {
        actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(actors::kind.eq(kind).and(actors::host_id.eq(HostId::LOCAL)).and(actors::state.eq(ActorState::Active)))
            .filter(actors::display_name.gt(after.0).or(actors::display_name.eq(after.0).and(actors::id.gt(ActorId(after.1)))))
            .order((actors::display_name, actors::id))
            .limit(limit)
            .select(card_columns!())
            .load(conn)
            .await
    }

    /// Sets the shown name and "about" of a local actor.
    pub async fn update_profile(
        conn, id: ActorId, display_name: &str, summary_source: &str, summary_html: &SafeHtml, search_text: &str, now: Time,
    ) -> usize {
        diesel::update(actors::table.find(id))
            .set((
                actors::display_name.eq(display_name), actors::summary_source.eq(summary_source),
                actors::summary_html.eq(summary_html.as_str()), actors::search_text.eq(search_text),
                actors::updated_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Sets the picture of a local actor.
    pub async fn set_icon(conn, id: ActorId, media_id: Option<MediaId>, now: Time) -> usize {
        diesel::update(actors::table.find(id))
            .set((actors::icon_media_id.eq(media_id), actors::updated_at.eq(now)))
            .execute(conn)
            .await
    }

    /// Sets whether an actor takes part.
    pub async fn set_state(conn, id: ActorId, state: ActorState, now: Time) -> usize {
        diesel::update(actors::table.find(id)).set((actors::state.eq(state), actors::updated_at.eq(now))).execute(conn).await
    }

    /// Adds to the counter of followers of `target` and, where everyone may know of it (`told`), of following of `follower`; by
    /// id, as `store::posts::end` does, or two who count could wait for each other.
    pub async fn add_follow_counts(conn, follower: ActorId, target: ActorId, by: i64, told: bool) -> () {
        let mut both = [(follower, 0, if told { by } else { 0 }), (target, by, 0)];
        both.sort_unstable();
        for (actor, followers, following) in both {
            diesel::update(actors::table.find(actor))
                .set((
                    actors::followers_count.eq(actors::followers_count + followers),
                    actors::following_count.eq(actors::following_count + following),
                ))
                .execute(conn)
                .await?;
        }
        Ok(())
    }

    /// Adds a host by name, unless it is there.
    pub(super) async fn add_host(conn, id: HostId, name: &str) -> usize {
        diesel::insert_into(hosts::table)
            .values((hosts::id.eq(id), hosts::name.eq(name)))
            .on_conflict(hosts::name)
            .do_nothing()
            .execute(conn)
            .await
    }

    async fn host_id(conn, name: &str) -> HostId {
        hosts::table.filter(hosts::name.eq(name)).select(hosts::id).first(conn).await
    }

    /// Local people and groups whose folded text holds `needle`, or remote ones too; for completion and search.
    async fn search_rows(conn, kinds: &[ActorKind], needle: &str, local_only: bool, limit: i64) -> Vec<CardRow> {
        let mut query = actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(actors::kind.eq_any(one_of(kinds)).and(actors::state.eq(ActorState::Active)))
            .filter(actors::search_text.like(format!("%{}%", escape_like(needle))).escape('\\'))
            .select(card_columns!())
            .into_boxed();
        if local_only {
            query = query.filter(actors::host_id.eq(HostId::LOCAL));
        }
        query.order((actors::host_id, actors::display_name)).limit(limit).load(conn).await
    }
}

/// Adds an actor; of one with a known `uri` what a peer may change is renewed. Returns the stored one.
///
/// # Errors
/// `Conflict` when another actor of its host has its name.
pub async fn upsert(conn: &mut Conn, new: &NewActor) -> Result<Actor> {
    if let Some(added) = insert(conn, new).await? {
        return Ok(added);
    }
    renew(conn, new).await?.ok_or(Error::Conflict { reason: "error-exists-already" })
}

/// The id of a host by name, adding it when new. `id` is used if it is.
pub async fn ensure_host(conn: &mut Conn, id: HostId, name: &str) -> Result<HostId> {
    let name = name.to_lowercase();
    add_host(conn, id, &name).await?;
    host_id(conn, &name).await
}

/// `%`, `_` and the escape itself stand for themselves in a LIKE pattern.
pub(super) fn escape_like(needle: &str) -> String {
    needle.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// An actor by our id, or `NotFound`.
pub async fn get(conn: &mut Conn, id: ActorId) -> Result<Actor> {
    find(conn, id).await?.ok_or(Error::NotFound)
}

/// Cards of several actors, in no order.
pub async fn cards(conn: &mut Conn, ids: &[ActorId]) -> Result<Vec<ActorCard>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(card_rows(conn, ids).await?.into_iter().map(card).collect())
}

/// The directory of local people or groups by shown name.
pub async fn directory(conn: &mut Conn, kind: ActorKind, after: (&str, i64), limit: i64) -> Result<Vec<ActorCard>> {
    Ok(directory_rows(conn, kind, after, limit).await?.into_iter().map(card).collect())
}

/// Actors whose name, handle or about holds the folded `needle`. Who may see them is for the service to decide.
pub async fn search(
    conn: &mut Conn,
    kinds: &[ActorKind],
    needle: &str,
    local_only: bool,
    limit: i64,
) -> Result<Vec<ActorCard>> {
    Ok(search_rows(conn, kinds, needle, local_only, limit).await?.into_iter().map(card).collect())
}
