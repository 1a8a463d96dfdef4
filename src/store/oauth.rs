//! Apps of the client API, their codes and their tokens. Secrets are kept as hashes only.

use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, members, oauth_apps, oauth_codes, oauth_tokens};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::people::Role;
use crate::store::query::RunQueryDsl;

/// A registered app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Our id.
    pub id: i64,
    /// Public name of the app in the protocol.
    pub client_id: String,
    /// Hash of its secret.
    pub secret_hash: String,
    /// Shown name.
    pub name: String,
    /// Page about it.
    pub website: Option<String>,
    /// Where codes may be sent, one per line.
    pub redirect_uris: String,
    /// What it may ask for, separated by spaces.
    pub scopes: String,
    /// When it registered.
    pub created_at: Time,
}

/// A code on its way to becoming a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Hash of the code.
    pub code_hash: String,
    /// For which app.
    pub app_id: i64,
    /// For whom.
    pub member_id: ActorId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What was allowed.
    pub scopes: String,
    /// PKCE challenge (S256), where the app sent one.
    pub challenge: Option<String>,
    /// Until when it may be used.
    pub expires_at: Time,
}

/// A token with whose it is: everything a request needs, from one query.
#[derive(Clone, Debug)]
pub struct Token {
    /// Our id.
    pub id: i64,
    /// Its app; none for tokens from the command line.
    pub app_id: Option<i64>,
    /// Whose; none for an app's own token.
    pub member_id: Option<ActorId>,
    /// What it may do.
    pub scopes: String,
    /// When it was made.
    pub created_at: Time,
    /// Last noted use.
    pub last_used_at: Option<Time>,
    /// Role and whether a guest, for members.
    pub member: Option<(Role, bool)>,
    /// Whether the member takes part.
    pub state: Option<ActorState>,
}

type AppRow = (i64, String, String, String, Option<String>, String, String, Time);

fn app((id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at): AppRow) -> App {
    App { id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at }
}

type TokenRow =
    (i64, Option<i64>, Option<ActorId>, String, Time, Option<Time>, Option<Role>, Option<bool>, Option<ActorState>);

db_fn! {
    /// Adds an app.
    pub async fn insert_app(conn, new: &App) -> usize {
        diesel::insert_into(oauth_apps::table)
            .values((
                oauth_apps::id.eq(new.id), oauth_apps::client_id.eq(&new.client_id),
                oauth_apps::secret_hash.eq(&new.secret_hash), oauth_apps::name.eq(&new.name),
                oauth_apps::website.eq(&new.website), oauth_apps::redirect_uris.eq(&new.redirect_uris),
                oauth_apps::scopes.eq(&new.scopes), oauth_apps::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    async fn app_row(conn, client_id: &str) -> Option<AppRow> {
        oauth_apps::table.filter(oauth_apps::client_id.eq(client_id)).first(conn).await.optional()
    }

    async fn app_row_by_id(conn, id: i64) -> Option<AppRow> {
        oauth_apps::table.find(id).first(conn).await.optional()
    }

    /// Keeps a code until it is used; those that ran out are thrown away.
    pub async fn insert_code(conn, new: &Code, now: Time) -> usize {
        diesel::delete(oauth_codes::table.filter(oauth_codes::expires_at.lt(now))).execute(conn).await?;
        diesel::insert_into(oauth_codes::table)
            .values((
                oauth_codes::code_hash.eq(&new.code_hash), oauth_codes::app_id.eq(new.app_id),
                oauth_codes::member_id.eq(new.member_id), oauth_codes::redirect_uri.eq(&new.redirect_uri),
                oauth_codes::scopes.eq(&new.scopes), oauth_codes::challenge.eq(&new.challenge),
                oauth_codes::expires_at.eq(new.expires_at),
            ))
            .execute(conn)
            .await
    }

    async fn take_code_row(conn, hash: &str) -> Vec<(String, i64, ActorId, String, String, Option<String>, Time)> {
        diesel::delete(oauth_codes::table.filter(oauth_codes::code_hash.eq(hash)))
            .returning((
                oauth_codes::code_hash, oauth_codes::app_id, oauth_codes::member_id, oauth_codes::redirect_uri,
                oauth_codes::scopes, oauth_codes::challenge, oauth_codes::expires_at,
            ))
            .get_results(conn)
            .await
    }

    /// Adds a token; only its hash is kept.
    pub async fn insert_token(
        conn, id: i64, hash: &str, app_id: i64, member: Option<ActorId>, scopes: &str, now: Time,
    ) -> usize {
        diesel::insert_into(oauth_tokens::table)
            .values((
                oauth_tokens::id.eq(id), oauth_tokens::token_hash.eq(hash), oauth_tokens::app_id.eq(app_id),
                oauth_tokens::member_id.eq(member.map(|m| m.0)), oauth_tokens::scopes.eq(scopes),
                oauth_tokens::created_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    async fn token_row(conn, hash: &str) -> Option<TokenRow> {
        oauth_tokens::table
            .left_join(members::table.on(oauth_tokens::member_id.eq(members::actor_id.nullable())))
            .left_join(actors::table.on(oauth_tokens::member_id.eq(actors::id.nullable())))
            .filter(oauth_tokens::token_hash.eq(hash))
            .select((
                oauth_tokens::id, oauth_tokens::app_id, oauth_tokens::member_id, oauth_tokens::scopes,
                oauth_tokens::created_at, oauth_tokens::last_used_at, members::role.nullable(),
                members::is_guest.nullable(), actors::state.nullable(),
            ))
            .first(conn)
            .await
            .optional()
    }

    /// Notes that a token was used.
    pub async fn touch_token(conn, id: i64, now: Time) -> usize {
        diesel::update(oauth_tokens::table.find(id)).set(oauth_tokens::last_used_at.eq(now)).execute(conn).await
    }

    /// Ends a token of one app.
    pub async fn delete_token(conn, hash: &str, app_id: i64) -> usize {
        diesel::delete(oauth_tokens::table.filter(oauth_tokens::token_hash.eq(hash).and(oauth_tokens::app_id.eq(app_id))))
            .execute(conn)
            .await
    }

    /// Whether a token still stands.
    pub async fn token_stands(conn, id: i64) -> bool {
        diesel::select(diesel::dsl::exists(oauth_tokens::table.find(id))).get_result(conn).await
    }
}

/// An app by the name it has in the protocol.
pub async fn find_app(conn: &mut super::Conn, client_id: &str) -> Result<Option<App>> {
    Ok(app_row(conn, client_id).await?.map(app))
}

/// An app by our id.
pub async fn find_app_by_id(conn: &mut super::Conn, id: i64) -> Result<Option<App>> {
    Ok(app_row_by_id(conn, id).await?.map(app))
}

/// Takes a code: whoever comes second finds none.
pub async fn take_code(conn: &mut super::Conn, hash: &str) -> Result<Option<Code>> {
    let row = take_code_row(conn, hash).await?.pop();
    Ok(row.map(|(code_hash, app_id, member_id, redirect_uri, scopes, challenge, expires_at)| Code {
        code_hash,
        app_id,
        member_id,
        redirect_uri,
        scopes,
        challenge,
        expires_at,
    }))
}

/// A token by its hash, with whose it is.
pub async fn find_token(conn: &mut super::Conn, hash: &str) -> Result<Option<Token>> {
    let row = token_row(conn, hash).await?;
    Ok(row.map(|(id, app_id, member_id, scopes, created_at, last_used_at, role, guest, state)| Token {
        id,
        app_id,
        member_id,
        scopes,
        created_at,
        last_used_at,
        member: role.zip(guest),
        state,
    }))
}
