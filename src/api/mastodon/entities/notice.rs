use serde_json::{Value, json};

use super::status::{Draw, Outer};
use crate::domain::notices::{Notice, NoticeKind};

/// The notices that clients can show. The others (reports, refusals, what waits for a moderator) have pages.
pub const KINDS: &[NoticeKind] = &[
    NoticeKind::Mention,
    NoticeKind::Reply,
    NoticeKind::Direct,
    NoticeKind::Post,
    NoticeKind::Reaction,
    NoticeKind::Share,
    NoticeKind::Accepted,
    NoticeKind::Follow,
    NoticeKind::JoinRequest,
    NoticeKind::Invited,
    NoticeKind::Admitted,
    NoticeKind::Poll,
    NoticeKind::Quote,
];

/// The type under which a client knows a notice; `None` for those it is not shown.
pub fn type_of(kind: NoticeKind) -> Option<&'static str> {
    kind.client_type()
}

/// The notices behind types that are wanted (all when empty) and not unwanted.
pub fn kinds_of(wanted: &[String], unwanted: &[String]) -> Vec<NoticeKind> {
    let fits = |kind: &NoticeKind| {
        type_of(*kind).is_some_and(|name| {
            (wanted.is_empty() || wanted.iter().any(|w| w == name)) && !unwanted.iter().any(|u| u == name)
        })
    };
    KINDS.iter().copied().filter(fits).collect()
}

/// `Notification`; `None` when the client could not show it: unknown to it, or its post may not be seen any more.
pub fn notice(draw: &Draw<'_>, notice: &Notice) -> Option<Value> {
    let name = type_of(notice.kind)?;
    // Being let in or invited is told as coming from the group itself.
    let from_group = matches!(notice.kind, NoticeKind::Invited | NoticeKind::Admitted);
    let who = if from_group { notice.group.as_ref() } else { notice.actor.as_ref().or(notice.group.as_ref()) }?;
    let account = draw.account(who.id);
    if account.is_null() {
        return None;
    }
    let about_post = matches!(name, "mention" | "status" | "favourite" | "reblog" | "poll" | "quote");
    let status = notice.post.as_ref().filter(|view| !view.post.is_gone()).map(|view| draw.status(view, Outer::Plain));
    if about_post && status.is_none() {
        return None;
    }
    let mut value = json!({
        "id": notice.id.to_string(),
        "type": name,
        "group_key": format!("ungrouped-{}", notice.id),
        "created_at": notice.created_at.to_rfc3339(),
        "account": account,
    });
    if about_post {
        value["status"] = status.unwrap_or(Value::Null);
    }
    Some(value)
}
