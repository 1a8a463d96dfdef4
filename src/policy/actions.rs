use crate::base::{ActorId, Error, Result, Time};
use crate::domain::Viewer;
use crate::domain::actors::Actor;
use crate::domain::audiences::Scope;
use crate::domain::groups::{Follow, Group, GroupKind, Posting};
use crate::domain::people::Role;
use crate::domain::posts::{Post, PostState};

/// What the policy needs to know of a group and of someone's place in it.
#[derive(Clone, Copy, Debug)]
pub struct InGroup<'a> {
    /// The group.
    pub group: &'a Group,
    /// Whether it lives here.
    pub local: bool,
    /// The membership of who acts, if any.
    pub follow: Option<&'a Follow>,
    /// Now.
    pub now: Time,
}

impl InGroup<'_> {
    fn is_member(&self) -> bool {
        self.follow.is_some_and(Follow::is_member)
    }

    fn is_moderator(&self) -> bool {
        self.follow.is_some_and(Follow::is_moderator)
    }

    fn is_banned(&self) -> bool {
        self.follow.is_some_and(|f| f.is_banned(self.now))
    }
}

/// Whether a viewer may know that the group exists and see its name and description.
pub fn may_see_group(viewer: &Viewer, at: InGroup<'_>) -> bool {
    if at.is_member() || at.follow.is_some_and(|f| f.state == crate::domain::groups::FollowState::Invited) {
        return true;
    }
    match at.group.kind {
        GroupKind::Public => true,
        GroupKind::Private if at.group.hidden => matches!(viewer, Viewer::System),
        // Its actor is readable, so that people can ask to join (DESIGN section 6, "refusal").
        GroupKind::Private => viewer.is_full_member() || matches!(viewer, Viewer::Peer { .. } | Viewer::System),
        // One of another server is hidden while there is no agreement with it.
        GroupKind::Network if at.group.hidden => matches!(viewer, Viewer::System),
        GroupKind::Network => viewer.is_full_member() || matches!(viewer, Viewer::Peer { .. } | Viewer::System),
        GroupKind::Organisation => viewer.is_full_member() || matches!(viewer, Viewer::System),
    }
}

/// Whether a viewer may read the group's posts and see its members.
pub fn may_read_group(viewer: &Viewer, at: InGroup<'_>) -> bool {
    if at.is_member() {
        return true;
    }
    let scope = at.group.kind.scope();
    scope != Scope::Readers && scope <= super::sight(viewer).max
}

/// How someone who asks comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// At once.
    Open,
    /// A moderator decides.
    Request,
}

/// Whether and how someone may join. `local` tells whether the one who asks lives here; `trusted` a member of an accepted peer.
pub fn check_join(
    at: InGroup<'_>,
    asker_is_local: bool,
    asker_is_guest: bool,
    asker_is_peer: bool,
) -> Result<Entrance> {
    if at.is_banned() {
        return Err(Error::forbidden("error-banned"));
    }
    if at.group.archived_at.is_some() {
        return Err(Error::forbidden("error-group-archived"));
    }
    let invited = at.follow.is_some_and(|f| f.state == crate::domain::groups::FollowState::Invited);
    if invited {
        return Ok(Entrance::Open);
    }
    let entrance = if at.group.approval { Entrance::Request } else { Entrance::Open };
    match at.group.kind {
        GroupKind::Public => Ok(entrance),
        GroupKind::Network if asker_is_guest => Err(Error::NotFound),
        GroupKind::Network if asker_is_local || asker_is_peer => Ok(entrance),
        GroupKind::Organisation if asker_is_local && !asker_is_guest => Ok(entrance),
        GroupKind::Private if at.group.hidden => Err(Error::NotFound),
        GroupKind::Private if asker_is_local && !asker_is_guest => Ok(Entrance::Request),
        GroupKind::Private if at.group.outside_members && !asker_is_local => Ok(Entrance::Request),
        _ => Err(Error::NotFound),
    }
}

/// Whether an actor is in a group for the members of its server, and is none of the group's own: the server of a partner, in
/// what is for partners.
pub fn stands_for_members(follower: &Actor, group: &Group) -> bool {
    group.kind == GroupKind::Network && follower.is_server()
}

/// Whether such an actor may be in the group: while an agreement holds (`peer`), and nobody keeps it out.
pub fn check_server_joins(at: InGroup<'_>, peer: bool) -> Result<Entrance> {
    if at.is_banned() {
        return Err(Error::forbidden("error-banned"));
    }
    if at.group.archived_at.is_some() {
        return Err(Error::forbidden("error-group-archived"));
    }
    if peer { Ok(Entrance::Open) } else { Err(Error::NotFound) }
}

/// Whether a group can have members from another server; `peer` tells whether an agreement about groups holds with that one.
pub fn takes_outsiders(group: &Group, peer: bool) -> bool {
    match group.kind {
        GroupKind::Public => true,
        GroupKind::Network => peer,
        GroupKind::Private => group.outside_members,
        GroupKind::Organisation => false,
    }
}

/// Whether someone may write in the group; `top` for a new post, else a comment.
pub fn check_post(at: InGroup<'_>, top: bool) -> Result<()> {
    if at.is_banned() {
        return Err(Error::forbidden("error-banned"));
    }
    if at.group.archived_at.is_some() {
        return Err(Error::forbidden("error-group-archived"));
    }
    if !at.is_member() {
        // On a public group anyone may answer from elsewhere, as on the open web; new posts are for members.
        let open_comment = !top && at.group.kind == GroupKind::Public && at.group.posting == Posting::Members;
        return if open_comment { Ok(()) } else { Err(Error::forbidden("error-join-first")) };
    }
    if !top {
        return Ok(());
    }
    let leave = match at.group.posting {
        Posting::Members => true,
        Posting::Approved => at.is_moderator() || at.follow.is_some_and(|f| f.may_post),
        Posting::Moderators => at.is_moderator(),
    };
    if leave { Ok(()) } else { Err(Error::forbidden("error-posting-restricted")) }
}

/// Whether someone keeps order in the group: its moderators, and for groups that live here the instance's.
pub fn is_group_moderator(viewer: &Viewer, at: InGroup<'_>) -> bool {
    at.is_moderator() || (at.local && viewer.role().is_moderator() && may_read_group(viewer, at))
}

/// Whether someone may change the group itself.
pub fn check_manage_group(viewer: &Viewer, at: InGroup<'_>) -> Result<()> {
    let owner = at.follow.is_some_and(|f| f.is_member() && f.role == crate::domain::groups::GroupRole::Owner);
    let admin = viewer.role().is_admin() && may_read_group(viewer, at);
    if !at.local {
        return Err(Error::forbidden("error-group-elsewhere"));
    }
    if owner || admin || at.is_moderator() { Ok(()) } else { Err(Error::forbidden("error-not-moderator")) }
}

/// Whether someone may change the text of a post.
pub fn check_edit(actor: ActorId, post: &Post) -> Result<()> {
    if post.author_id != actor {
        return Err(Error::forbidden("error-not-yours"));
    }
    if post.is_gone() {
        return Err(Error::Gone);
    }
    Ok(())
}

/// Whether a comment may be written under a post.
pub fn check_comment(parent: &Post, root: &Post) -> Result<()> {
    if parent.is_gone() || root.is_gone() {
        return Err(Error::Gone);
    }
    if root.locked {
        return Err(Error::forbidden("error-thread-locked"));
    }
    if root.state != PostState::Published {
        return Err(Error::forbidden("error-post-waiting"));
    }
    Ok(())
}

/// Whether a post may be shown to more people than it was written for: only public ones, and to one's own followers.
pub fn check_share(scope: Scope) -> Result<()> {
    if scope.is_open() { Ok(()) } else { Err(Error::forbidden("error-not-shareable")) }
}

/// Whether `viewer` may run the instance.
pub fn check_admin(viewer: &Viewer) -> Result<()> {
    if viewer.role().is_admin() { Ok(()) } else { Err(Error::forbidden("error-admin-only")) }
}

/// Whether `viewer` may keep order on the instance.
pub fn check_instance_moderator(viewer: &Viewer) -> Result<()> {
    if viewer.role().is_moderator() { Ok(()) } else { Err(Error::forbidden("error-moderator-only")) }
}

/// Whether someone with `role` may give or take `target` role.
pub fn check_change_role(role: Role, from: Role, to: Role) -> Result<()> {
    let enough = match role {
        Role::Owner => true,
        Role::Admin => from != Role::Owner && to != Role::Owner,
        _ => false,
    };
    if enough { Ok(()) } else { Err(Error::forbidden("error-admin-only")) }
}
