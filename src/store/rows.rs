//! Which columns make up the domain's types. The domain itself knows no diesel.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromStaticSqlRow, Queryable};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{AppearsInFromClause, Once};
use diesel::sqlite::Sqlite;

use super::schema;
use crate::base::*;
use crate::domain::actors::*;
use crate::domain::audiences::*;
use crate::domain::groups::*;
use crate::domain::media::*;
use crate::domain::moderation::*;
use crate::domain::peers::*;
use crate::domain::people::*;
use crate::domain::posts::*;
use crate::domain::previews::LinkPreview;

/// The columns of `T` as one expression. As a tuple of thirty columns each query that selects them would have a type
/// thirty times as large, and the whole crate would compile for minutes longer.
#[derive(Debug)]
pub struct Columns<T>(PhantomData<fn() -> T>);

impl<T> Columns<T> {
    /// Them.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Columns<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Columns<T> {}

impl<T: 'static> QueryId for Columns<T> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<T> ValidGrouping<()> for Columns<T> {
    type IsAggregate = is_aggregate::No;
}

impl<T, QS> SelectableExpression<QS> for Columns<T> where Self: AppearsOnTable<QS> {}

/// Which columns of which tables `Columns<$rows>` stands for.
macro_rules! columns {
    ($rows:ty, [$($from:ident),+], [$($table:ident.$field:ident),* $(,)?]) => {
        impl Expression for Columns<$rows> {
            type SqlType = ($(<schema::$table::$field as Expression>::SqlType,)*);
        }
        impl<QS> AppearsOnTable<QS> for Columns<$rows> where
            QS: $(AppearsInFromClause<schema::$from::table, Count = Once> +)+
        {
        }
        columns!(@for Pg, $rows, [$($table.$field),*]);
        columns!(@for Sqlite, $rows, [$($table.$field),*]);
    };
    (@for $db:ty, $rows:ty, [$($table:ident.$field:ident),*]) => {
        impl QueryFragment<$db> for Columns<$rows> {
            fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                let names = [$(concat!("\"", stringify!($table), "\".\"", stringify!($field), "\"")),*];
                for (place, name) in names.into_iter().enumerate() {
                    pass.push_sql(if place == 0 { "" } else { ", " });
                    pass.push_sql(name);
                }
                Ok(())
            }
        }
    };
}

columns!(
    super::actors::CardRow,
    [actors, hosts],
    [
        actors.id,
        actors.uri,
        actors.kind,
        actors.name,
        actors.host_id,
        hosts.name,
        actors.display_name,
        actors.url,
        actors.icon_media_id,
        actors.icon_url,
        actors.state,
    ]
);

/// Does for a domain type what `derive(Queryable, Selectable)` would.
macro_rules! row {
    ($domain:ty, $table:ident, { $($field:ident : $ty:ty),* $(,)? }) => {
        columns!($domain, [$table], [$($table.$field),*]);
        impl<DB: Backend, ST> Queryable<ST, DB> for $domain
        where
            ($($ty,)*): FromStaticSqlRow<ST, DB>,
        {
            type Row = ($($ty,)*);
            fn build(($($field,)*): Self::Row) -> deserialize::Result<Self> {
                Ok(Self { $($field),* })
            }
        }
        impl<DB: Backend> Selectable<DB> for $domain {
            type SelectExpression = Columns<$domain>;
            fn construct_selection() -> Self::SelectExpression {
                Columns::new()
            }
        }
    };
}

row!(Actor, actors, {
    id: ActorId, uri: String, host_id: HostId, kind: ActorKind, name: String, display_name: String,
    summary_source: String, summary_html: String, url: String, inbox: String, shared_inbox: Option<String>,
    followers_uri: Option<String>, icon_media_id: Option<MediaId>, icon_url: Option<String>, state: ActorState,
    locked: bool, discoverable: bool, posts_count: i64, followers_count: i64, following_count: i64,
    last_post_at: Option<Time>, created_at: Time, updated_at: Time, fetched_at: Option<Time>,
    moved_to: Option<String>, known_at: Option<Time>,
});

row!(Member, members, {
    actor_id: ActorId, email: Option<String>, password_hash: Option<String>, role: Role, person_kind: PersonKind,
    is_guest: bool, job_title: String, pronunciation: String, branch_id: Option<BranchId>, languages: String,
    contact: String, direct_from: DirectFrom, findable: bool, locale: Option<String>, theme: String, text_size: String, contrast: String,
    notify_mail: bool, home_seen_seq: i64, invited_by: Option<ActorId>, request_note: String,
    last_seen_at: Option<Time>, created_at: Time,
});

row!(Group, groups, {
    actor_id: ActorId, kind: GroupKind, hidden: bool, posting: Posting, approval: bool, outside_members: bool,
    bare_notices: bool, audience_id: AudienceId, spine: i16, topics: String, branch_id: Option<BranchId>, rules_source: String,
    rules_html: String, card_source: String, card_html: String, members_count: i64, created_by: Option<ActorId>,
    archived_at: Option<Time>,
});

row!(Follow, follows, {
    id: FollowId, follower_id: ActorId, target_id: ActorId, state: FollowState, role: GroupRole, may_post: bool,
    uri: Option<String>, notify: Notify, muted: bool, reason: String, until_at: Option<Time>, seen_seq: i64,
    created_at: Time,
});

row!(Audience, audiences, { id: AudienceId, scope: Scope, owner_id: ActorId });

row!(Post, posts, {
    id: PostId, uri: String, url: String, author_id: ActorId, group_id: Option<ActorId>, audience_id: AudienceId,
    kind: PostKind, parent_id: Option<PostId>, root_id: PostId, title: String, source: String, html: String,
    language: Option<String>, sensitive: bool, warning: String, link_url: Option<String>, state: PostState,
    accepted_id: Option<PostId>, pinned_at: Option<Time>, locked: bool, replies_count: i64, reactions_count: i64,
    shares_count: i64, published_at: Time, edited_at: Option<Time>, removed_by: Option<ActorId>,
    removed_reason: String, received_seq: i64,
});

row!(Revision, revisions, { title: String, source: String, html: String, warning: String, created_at: Time });

row!(Media, media, {
    id: MediaId, owner_id: ActorId, post_id: Option<PostId>, purpose: MediaPurpose, position: i32, kind: MediaKind,
    mime: String, file_name: String, size: i64, width: Option<i32>, height: Option<i32>, blurhash: Option<String>,
    description: String, focus_x: Option<f64>, focus_y: Option<f64>, key: Option<String>, thumb_key: Option<String>,
    thumb_mime: Option<String>, remote_url: Option<String>, state: MediaState,
});

row!(LinkPreview, link_previews, {
    post_id: PostId, url: String, title: String, description: String, picture_key: Option<String>,
    picture_mime: String, width: i32, height: i32, fetched_at: Time,
});

row!(Report, reports, {
    id: ReportId, reporter_id: ActorId, target_id: ActorId, post_id: Option<PostId>, group_id: Option<ActorId>,
    reason: String, state: ReportState, outcome: String, handled_by: Option<ActorId>, created_at: Time,
});

row!(LogLine, moderation_log, {
    id: i64, group_id: Option<ActorId>, moderator_id: ActorId, action: ModAction, target_id: Option<ActorId>,
    post_id: Option<PostId>, reason: String, created_at: Time,
});

row!(Branch, branches, { id: BranchId, name_key: String, name: String, address: String });

row!(Invitation, invitations, {
    id: InvitationId, code: String, inviter_id: ActorId, person_kind: PersonKind, note: String, max_uses: i32,
    uses: i32, created_at: Time, expires_at: Time, revoked_at: Option<Time>,
});

row!(Host, hosts, {
    id: HostId, name: String, software: Option<String>, version: Option<String>, state: HostState, peer_state: PeerState,
    peer_scope: Option<String>, signature_form: Option<String>, seen_at: Option<Time>, checked_at: Option<Time>,
    wraps: bool, reason: String, decided_at: Option<Time>, reject_media: bool,
});

row!(Peering, peerings, {
    host_id: HostId, follow_uri: String, ours: bool, scope: String, purpose: String, contact: String, retention: String,
    answer_contact: String, answer_retention: String, reason: String, offered_at: Time, answered_at: Option<Time>,
    ended_at: Option<Time>,
});
