//! Keeping order: reports, the log, blocks.

use crate::base::{ActorId, PostId, ReportId, Time, text_enum};

text_enum! {
    /// Whether a report still waits.
    pub enum ReportState {
        /// Waits for a moderator.
        Open = "open",
        /// Dealt with.
        Resolved = "resolved",
    }

    /// What a moderator did; the words of the log.
    pub enum ModAction {
        /// Took a post away.
        RemovePost = "remove_post",
        /// Put it back.
        RestorePost = "restore_post",
        /// Let a held post through.
        ApprovePost = "approve_post",
        /// Pinned a post.
        Pin = "pin",
        /// Unpinned it.
        Unpin = "unpin",
        /// Closed a thread.
        Lock = "lock",
        /// Opened it again.
        Unlock = "unlock",
        /// Kept someone out of a group.
        Ban = "ban",
        /// Let them in again.
        Unban = "unban",
        /// Took someone out of a group.
        RemoveMember = "remove_member",
        /// Let someone in.
        Admit = "admit",
        /// Refused someone.
        Refuse = "refuse",
        /// Changed someone's role.
        Role = "role",
        /// Changed the group.
        EditGroup = "edit_group",
        /// Changed who can read the group.
        ChangeKind = "change_kind",
        /// Archived the group.
        Archive = "archive",
        /// Reopened it.
        Reopen = "reopen",
        /// Handed the group over to another organisation.
        HandOver = "hand_over",
        /// Took it back.
        TakeBack = "take_back",
        /// Suspended someone on the instance.
        Suspend = "suspend",
        /// Ended that.
        Unsuspend = "unsuspend",
        /// Dealt with a report.
        ResolveReport = "resolve_report",
    }

    /// How one member shuts out another actor.
    pub enum BlockKind {
        /// Neither sees the other.
        Block = "block",
        /// Not shown to the member.
        Mute = "mute",
    }
}

/// A report as stored.
#[derive(Clone, Debug)]
pub struct Report {
    /// Our id.
    pub id: ReportId,
    /// Who reported.
    pub reporter_id: ActorId,
    /// Whom.
    pub target_id: ActorId,
    /// Which post.
    pub post_id: Option<PostId>,
    /// In which group.
    pub group_id: Option<ActorId>,
    /// Why.
    pub reason: String,
    /// Whether it waits.
    pub state: ReportState,
    /// What came of it.
    pub outcome: String,
    /// Who dealt with it.
    pub handled_by: Option<ActorId>,
    /// When it came.
    pub created_at: Time,
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Our id.
    pub id: i64,
    /// In which group; none for the instance.
    pub group_id: Option<ActorId>,
    /// Who acted.
    pub moderator_id: ActorId,
    /// What.
    pub action: ModAction,
    /// On whom.
    pub target_id: Option<ActorId>,
    /// On which post.
    pub post_id: Option<PostId>,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Time,
}
