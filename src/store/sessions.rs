//! Browser sessions.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::db_fn;
use super::schema::{actors, members, oauth_apps, oauth_tokens, sessions};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::people::Member;
use crate::store::query::RunQueryDsl;

/// Choices of how pages look, as kept with a session or given by a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Language tag.
    pub locale: Option<String>,
    /// auto, light or dark.
    pub theme: Option<String>,
    /// normal, large or larger.
    pub text_size: Option<String>,
    /// auto or high.
    pub contrast: Option<String>,
}

/// A session with whose it is.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Our id.
    pub id: SessionId,
    /// On a shared computer.
    pub shared: bool,
    /// Choices of this session.
    pub preferences: Preferences,
    /// When it was last noted as used.
    pub last_seen_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// Whose it is.
    pub member: Option<Member>,
    /// Their actor.
    pub actor: Option<Actor>,
    /// Unread notices, at most 100.
    pub unread: i64,
}

/// A session to be.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Made by `Ids`.
    pub id: SessionId,
    /// Hash of the cookie.
    pub token_hash: String,
    /// Whose; nobody's while only choices are kept.
    pub member_id: Option<ActorId>,
    /// Name of the device.
    pub device: String,
    /// On a shared computer.
    pub shared: bool,
    /// Choices.
    pub preferences: Preferences,
    /// Now.
    pub created_at: Time,
    /// When it ends.
    pub expires_at: Time,
}

/// A session as its owner sees it in a list.
#[derive(Clone, Debug)]
pub struct SessionLine {
    /// Our id.
    pub id: SessionId,
    /// Name of the device.
    pub device: String,
    /// On a shared computer.
    pub shared: bool,
    /// Begun.
    pub created_at: Time,
    /// Last used.
    pub last_seen_at: Time,
}

/// An app that may act for a member.
#[derive(Clone, Debug)]
pub struct AppLine {
    /// Id of its token.
    pub id: i64,
    /// Its name; none for a token made on the command line.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: String,
    /// Since when.
    pub created_at: Time,
    /// Last used.
    pub last_used_at: Option<Time>,
}

type SessionRow = (
    (SessionId, bool, Option<String>, Option<String>, Option<String>, Option<String>, Time, Time),
    Option<Member>,
    Option<Actor>,
    i64,
);

db_fn! {
    async fn row(conn, token_hash: &str, now: Time) -> Option<SessionRow> {
        let unread = super::fixed::lit::<BigInt>(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM notifications n WHERE n.member_id = sessions.member_id \
             AND n.read_at IS NULL LIMIT 100) AS fresh)",
            &[],
        );
        sessions::table
            .left_join(members::table.on(sessions::member_id.eq(members::actor_id.nullable())))
            .left_join(actors::table.on(sessions::member_id.eq(actors::id.nullable())))
            .filter(sessions::token_hash.eq(token_hash).and(sessions::expires_at.gt(now)))
            .select((
                (
                    sessions::id, sessions::shared, sessions::locale, sessions::theme, sessions::text_size,
                    sessions::contrast, sessions::last_seen_at, sessions::expires_at,
                ),
                Option::<Member>::as_select(),
                Option::<Actor>::as_select(),
                unread,
            ))
            .first(conn)
            .await
            .optional()
    }

    /// Adds a session.
    pub async fn insert(conn, new: &NewSession) -> usize {
        let p = &new.preferences;
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(new.id), sessions::token_hash.eq(&new.token_hash), sessions::member_id.eq(new.member_id),
                sessions::device.eq(&new.device), sessions::shared.eq(new.shared), sessions::locale.eq(&p.locale),
                sessions::theme.eq(&p.theme), sessions::text_size.eq(&p.text_size), sessions::contrast.eq(&p.contrast),
                sessions::created_at.eq(new.created_at), sessions::last_seen_at.eq(new.created_at),
                sessions::expires_at.eq(new.expires_at),
            ))
            .execute(conn)
            .await
    }

    /// Notes that a session was used, and until when it holds now.
    pub async fn touch(conn, id: SessionId, now: Time, expires_at: Time) -> usize {
        diesel::update(sessions::table.find(id))
            .set((sessions::last_seen_at.eq(now), sessions::expires_at.eq(expires_at)))
            .execute(conn)
            .await
    }

    /// Replaces the choices kept with a session.
    pub async fn set_preferences(conn, id: SessionId, preferences: &Preferences) -> usize {
        diesel::update(sessions::table.find(id))
            .set((
                sessions::locale.eq(&preferences.locale), sessions::theme.eq(&preferences.theme),
                sessions::text_size.eq(&preferences.text_size), sessions::contrast.eq(&preferences.contrast),
            ))
            .execute(conn)
            .await
    }

    /// Sessions of a member that still hold, last used first.
    async fn line_rows(conn, member: ActorId, now: Time) -> Vec<(SessionId, String, bool, Time, Time)> {
        sessions::table
            .filter(sessions::member_id.eq(member).and(sessions::expires_at.gt(now)))
            .order(sessions::last_seen_at.desc())
            .limit(100)
            .select((
                sessions::id, sessions::device, sessions::shared, sessions::created_at, sessions::last_seen_at,
            ))
            .load(conn)
            .await
    }

    /// Ends a session.
    pub async fn delete(conn, id: SessionId) -> usize {
        diesel::delete(sessions::table.find(id)).execute(conn).await
    }

    /// Ends a session of this member; nobody else's.
    pub async fn delete_own(conn, member: ActorId, id: SessionId) -> usize {
        diesel::delete(sessions::table.filter(sessions::id.eq(id).and(sessions::member_id.eq(member)))).execute(conn).await
    }

    /// Ends every session of a member but one.
    pub async fn delete_others(conn, member: ActorId, but: Option<SessionId>) -> usize {
        let but = but.unwrap_or(SessionId(-1));
        diesel::delete(sessions::table.filter(sessions::member_id.eq(member).and(sessions::id.ne(but)))).execute(conn).await
    }

    /// Forgets sessions that ended before `now`.
    pub async fn delete_expired(conn, now: Time) -> usize {
        diesel::delete(sessions::table.filter(sessions::expires_at.lt(now))).execute(conn).await
    }

    async fn app_rows(conn, member: ActorId) -> Vec<(i64, Option<String>, String, Time, Option<Time>)> {
        oauth_tokens::table
            .left_join(oauth_apps::table.on(oauth_tokens::app_id.eq(oauth_apps::id.nullable())))
            .filter(oauth_tokens::member_id.eq(member))
            .order(oauth_tokens::id.desc())
            .limit(100)
            .select((
                oauth_tokens::id, oauth_apps::name.nullable(), oauth_tokens::scopes, oauth_tokens::created_at,
                oauth_tokens::last_used_at,
            ))
            .load(conn)
            .await
    }

    /// Adds a bearer token of no app, for the command line.
    pub async fn insert_api_token(conn, id: i64, hash: &str, member: ActorId, scopes: &str, now: Time) -> usize {
        diesel::insert_into(oauth_tokens::table)
            .values((
                oauth_tokens::id.eq(id), oauth_tokens::token_hash.eq(hash), oauth_tokens::member_id.eq(member),
                oauth_tokens::scopes.eq(scopes), oauth_tokens::created_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Ends what an app may do for this member.
    pub async fn delete_app(conn, member: ActorId, id: i64) -> usize {
        diesel::delete(oauth_tokens::table.filter(oauth_tokens::id.eq(id).and(oauth_tokens::member_id.eq(member))))
            .execute(conn)
            .await
    }

    /// Ends what every app may do for this member.
    pub async fn delete_apps(conn, member: ActorId) -> usize {
        diesel::delete(oauth_tokens::table.filter(oauth_tokens::member_id.eq(member))).execute(conn).await
    }
}

/// The session with this token, if it still holds: one query, on every page.
pub async fn find(conn: &mut super::Conn, token_hash: &str, now: Time) -> Result<Option<Loaded>> {
    let loaded = |(
        (id, shared, locale, theme, text_size, contrast, last_seen_at, expires_at),
        member,
        actor,
        unread,
    ): SessionRow| Loaded {
        id,
        shared,
        preferences: Preferences { locale, theme, text_size, contrast },
        last_seen_at,
        expires_at,
        member,
        actor,
        unread,
    };
    Ok(row(conn, token_hash, now).await?.map(loaded))
}

/// Sessions of a member that still hold, last used first.
pub async fn list(conn: &mut super::Conn, member: ActorId, now: Time) -> Result<Vec<SessionLine>> {
    let line =
        |(id, device, shared, created_at, last_seen_at)| SessionLine { id, device, shared, created_at, last_seen_at };
    Ok(line_rows(conn, member, now).await?.into_iter().map(line).collect())
}

/// Apps that may act for a member, newest first.
pub async fn apps(conn: &mut super::Conn, member: ActorId) -> Result<Vec<AppLine>> {
    let line = |(id, name, scopes, created_at, last_used_at)| AppLine { id, name, scopes, created_at, last_used_at };
    Ok(app_rows(conn, member).await?.into_iter().map(line).collect())
}
