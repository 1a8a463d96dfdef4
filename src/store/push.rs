//! Where apps hear of notices.

use diesel::prelude::*;

use super::db_fn;
use super::schema::push_subscriptions;
use crate::base::*;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A subscription of one app of one member.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Our id.
    pub id: i64,
    /// The token with which the app subscribed.
    pub token_id: i64,
    /// Whose notices.
    pub member_id: ActorId,
    /// Where messages go.
    pub endpoint: String,
    /// The app's public key, base64url.
    pub p256dh: String,
    /// The app's secret, base64url.
    pub auth: String,
    /// Encrypted as RFC 8291 says; otherwise as its draft 4, which older apps read.
    pub standard: bool,
    /// From whom: `all`, `followed`, `follower` or `none`.
    pub policy: String,
    /// Types of notices, separated by spaces.
    pub alerts: String,
    /// The bearer token, sealed.
    pub token_sealed: String,
}

impl std::fmt::Debug for Subscription {
    /// Tells no secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

type Row = (i64, i64, ActorId, String, String, String, bool, String, String, String);

fn subscription(row: Row) -> Subscription {
    let (id, token_id, member_id, endpoint, p256dh, auth, standard, policy, alerts, token_sealed) = row;
    Subscription { id, token_id, member_id, endpoint, p256dh, auth, standard, policy, alerts, token_sealed }
}

db_fn! {
    async fn row_of_token(conn, token: i64) -> Option<Row> {
        push_subscriptions::table.filter(push_subscriptions::token_id.eq(token)).first(conn).await.optional()
    }

    async fn row(conn, id: i64) -> Option<Row> {
        push_subscriptions::table.find(id).first(conn).await.optional()
    }

    /// Replaces the subscription of a token.
    pub async fn replace(conn, new: &Subscription) -> usize {
        diesel::delete(push_subscriptions::table.filter(push_subscriptions::token_id.eq(new.token_id))).execute(conn).await?;
        diesel::insert_into(push_subscriptions::table)
            .values((
                push_subscriptions::id.eq(new.id), push_subscriptions::token_id.eq(new.token_id),
                push_subscriptions::member_id.eq(new.member_id), push_subscriptions::endpoint.eq(&new.endpoint),
                push_subscriptions::p256dh.eq(&new.p256dh), push_subscriptions::auth.eq(&new.auth),
                push_subscriptions::standard.eq(new.standard), push_subscriptions::policy.eq(&new.policy),
                push_subscriptions::alerts.eq(&new.alerts), push_subscriptions::token_sealed.eq(&new.token_sealed),
            ))
            .execute(conn)
            .await
    }

    /// Changes what a subscription is told of.
    pub async fn set_alerts(conn, token: i64, policy: &str, alerts: &str) -> usize {
        diesel::update(push_subscriptions::table.filter(push_subscriptions::token_id.eq(token)))
            .set((push_subscriptions::policy.eq(policy), push_subscriptions::alerts.eq(alerts)))
            .execute(conn)
            .await
    }

    /// Ends the subscription of a token.
    pub async fn delete_of_token(conn, token: i64) -> usize {
        diesel::delete(push_subscriptions::table.filter(push_subscriptions::token_id.eq(token))).execute(conn).await
    }

    /// Ends a subscription.
    pub async fn delete(conn, id: i64) -> usize {
        diesel::delete(push_subscriptions::table.find(id)).execute(conn).await
    }

    /// Subscriptions of several members.
    pub async fn of_members(conn, members: &[ActorId]) -> Vec<(ActorId, i64)> {
        push_subscriptions::table
            .filter(push_subscriptions::member_id.eq_any(one_of(members)))
            .select((push_subscriptions::member_id, push_subscriptions::id))
            .load(conn)
            .await
    }
}

/// The subscription of a token.
pub async fn of_token(conn: &mut super::Conn, token: i64) -> Result<Option<Subscription>> {
    Ok(row_of_token(conn, token).await?.map(subscription))
}

/// A subscription.
pub async fn find(conn: &mut super::Conn, id: i64) -> Result<Option<Subscription>> {
    Ok(row(conn, id).await?.map(subscription))
}
