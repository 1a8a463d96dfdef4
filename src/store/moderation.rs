//! Reports, the log of moderators, and blocks between people.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::actors::{CardRow, card, card_columns};
use super::fixed::{Lit, lit};
use super::schema::{actors, blocks, hosts, members, moderation_log, reports};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorCard;
use crate::domain::moderation::*;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// Members whom nothing from `?` reaches: one of the two blocks the other, or it or its server is muted. `members` must be in the
/// query under its own name.
pub(super) const UNREACHED: &str = "(EXISTS (SELECT 1 FROM blocks b WHERE b.member_id = members.actor_id AND b.target_id = ?) \
     OR EXISTS (SELECT 1 FROM blocks b WHERE b.member_id = ? AND b.target_id = members.actor_id AND b.kind = 'block') \
     OR EXISTS (SELECT 1 FROM host_blocks h JOIN actors a ON a.host_id = h.host_id \
       WHERE a.id = ? AND h.member_id = members.actor_id))";

/// As [`UNREACHED`], of one actor.
pub(super) fn unreached_by(target: ActorId) -> Lit<Bool> {
    lit(UNREACHED, &[target.0, target.0, target.0])
}

db_fn! {
    /// Writes a line of the log.
    pub async fn insert_log(conn, line: &LogLine) -> usize {
        diesel::insert_into(moderation_log::table)
            .values((
                moderation_log::id.eq(line.id), moderation_log::group_id.eq(line.group_id),
                moderation_log::moderator_id.eq(line.moderator_id), moderation_log::action.eq(line.action),
                moderation_log::target_id.eq(line.target_id), moderation_log::post_id.eq(line.post_id),
                moderation_log::reason.eq(&line.reason), moderation_log::created_at.eq(line.created_at),
            ))
            .execute(conn)
            .await
    }

    /// The post that the last line of a kind in a group's log is about.
    pub async fn last_logged_post(conn, group: ActorId, action: ModAction) -> Option<PostId> {
        moderation_log::table
            .filter(moderation_log::group_id.eq(group).and(moderation_log::action.eq(action)))
            .order(moderation_log::id.desc())
            .select(moderation_log::post_id)
            .first::<Option<PostId>>(conn)
            .await
            .optional()
            .map(Option::flatten)
    }

    /// The log of a group, newest first, before `before`.
    pub async fn list_log(conn, group: ActorId, before: i64, limit: i64) -> Vec<LogLine> {
        moderation_log::table
            .filter(moderation_log::group_id.eq(group).and(moderation_log::id.lt(before)))
            .order(moderation_log::id.desc())
            .limit(limit)
            .select(LogLine::as_select())
            .load(conn)
            .await
    }

    /// The log of the instance itself, newest first, before `before`.
    pub async fn list_instance_log(conn, before: i64, limit: i64) -> Vec<LogLine> {
        moderation_log::table
            .filter(moderation_log::group_id.is_null().and(moderation_log::id.lt(before)))
            .order(moderation_log::id.desc())
            .limit(limit)
            .select(LogLine::as_select())
            .load(conn)
            .await
    }

    /// Adds a report; a repeated one from a peer (same `uri`) is left alone.
    pub async fn insert_report(conn, report: &Report, uri: Option<&str>) -> usize {
        diesel::insert_into(reports::table)
            .values((
                reports::id.eq(report.id), reports::uri.eq(uri), reports::reporter_id.eq(report.reporter_id),
                reports::target_id.eq(report.target_id), reports::post_id.eq(report.post_id),
                reports::group_id.eq(report.group_id), reports::reason.eq(&report.reason), reports::state.eq(report.state),
                reports::created_at.eq(report.created_at),
            ))
            .on_conflict(reports::uri)
            .do_nothing()
            .execute(conn)
            .await
    }

    /// A report.
    pub async fn find_report(conn, id: ReportId) -> Option<Report> {
        reports::table.find(id).select(Report::as_select()).first(conn).await.optional()
    }

    /// Reports of a group (or all, for the instance's moderators) in one state, oldest first.
    pub async fn list_reports(conn, group: Option<ActorId>, state: ReportState, after: i64, limit: i64) -> Vec<Report> {
        let mut query = reports::table
            .filter(reports::state.eq(state).and(reports::id.gt(ReportId(after))))
            .select(Report::as_select())
            .into_boxed();
        if let Some(group) = group {
            query = query.filter(reports::group_id.eq(group));
        }
        query.order(reports::id).limit(limit).load(conn).await
    }

    /// Closes a report.
    pub async fn resolve_report(conn, id: ReportId, outcome: &str, by: ActorId, now: Time) -> usize {
        diesel::update(reports::table.find(id))
            .set((
                reports::state.eq(ReportState::Resolved), reports::outcome.eq(outcome), reports::handled_by.eq(by),
                reports::handled_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Blocks or mutes; repeating changes until when.
    pub async fn insert_block(conn, id: i64, member: ActorId, target: ActorId, kind: BlockKind, until: Option<Time>) -> usize {
        diesel::insert_into(blocks::table)
            .values((
                blocks::id.eq(id), blocks::member_id.eq(member), blocks::target_id.eq(target), blocks::kind.eq(kind),
                blocks::until_at.eq(until),
            ))
            .on_conflict((blocks::member_id, blocks::target_id, blocks::kind))
            .do_update()
            .set(blocks::until_at.eq(until))
            .execute(conn)
            .await
    }

    /// Ends a block or mute.
    pub async fn delete_block(conn, member: ActorId, target: ActorId, kind: BlockKind) -> usize {
        diesel::delete(
            blocks::table
                .filter(blocks::member_id.eq(member).and(blocks::target_id.eq(target)).and(blocks::kind.eq(kind))),
        )
        .execute(conn)
        .await
    }

    /// Whether `member` blocks `target`.
    pub async fn is_blocked(conn, member: ActorId, target: ActorId) -> bool {
        diesel::select(diesel::dsl::exists(
            blocks::table.filter(
                blocks::member_id.eq(member).and(blocks::target_id.eq(target)).and(blocks::kind.eq(BlockKind::Block)),
            ),
        ))
        .get_result(conn)
        .await
    }

    /// Ends blocks and mutes whose time is over.
    pub async fn end_expired(conn, now: Time) -> usize {
        diesel::delete(blocks::table.filter(blocks::until_at.le(now))).execute(conn).await
    }

    /// Until when a member mutes some people.
    pub async fn mute_ends(conn, member: ActorId, who: &[ActorId]) -> Vec<(ActorId, Option<Time>)> {
        blocks::table
            .filter(blocks::member_id.eq(member).and(blocks::kind.eq(BlockKind::Mute)))
            .filter(blocks::target_id.eq_any(one_of(who)))
            .select((blocks::target_id, blocks::until_at))
            .load(conn)
            .await
    }

    /// Whom of several members nothing from `target` reaches.
    pub async fn out_of_reach(conn, who: &[ActorId], target: ActorId) -> Vec<ActorId> {
        members::table
            .filter(members::actor_id.eq_any(one_of(who)).and(unreached_by(target)))
            .select(members::actor_id)
            .load(conn)
            .await
    }

    /// The blocks between one member and several actors: target, kind, and whether it is the member's own.
    pub async fn between(conn, member: ActorId, others: &[ActorId]) -> Vec<(ActorId, ActorId, BlockKind)> {
        blocks::table
            .filter(
                blocks::member_id.eq(member).and(blocks::target_id.eq_any(one_of(others)))
                    .or(blocks::target_id.eq(member).and(blocks::member_id.eq_any(one_of(others)))),
            )
            .select((blocks::member_id, blocks::target_id, blocks::kind))
            .load(conn)
            .await
    }

    /// Who of some people shuts another of them out.
    pub async fn among(conn, who: &[ActorId]) -> Vec<(ActorId, ActorId)> {
        blocks::table
            .filter(blocks::member_id.eq_any(one_of(who)).and(blocks::target_id.eq_any(one_of(who))))
            .select((blocks::member_id, blocks::target_id))
            .load(conn)
            .await
    }

    async fn block_rows(conn, member: ActorId, kind: BlockKind, before: i64, limit: i64) -> Vec<(i64, CardRow)> {
        blocks::table
            .inner_join(actors::table.on(actors::id.eq(blocks::target_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(blocks::member_id.eq(member).and(blocks::kind.eq(kind)).and(blocks::id.lt(before)))
            .order(blocks::id.desc())
            .limit(limit)
            .select((blocks::id, card_columns!()))
            .load(conn)
            .await
    }
}

/// Whom a member blocks or mutes, last first, with the cursor's id.
pub async fn list_blocks(
    conn: &mut Conn,
    member: ActorId,
    kind: BlockKind,
    before: i64,
    limit: i64,
) -> Result<Vec<(i64, ActorCard)>> {
    let rows = block_rows(conn, member, kind, before, limit).await?;
    Ok(rows.into_iter().map(|(id, row)| (id, card(row))).collect())
}
