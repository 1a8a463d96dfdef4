//! Notices: what concerns the reader, the like of them together.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Query};
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::{NotificationId, Page, Time};
use crate::domain::notices::{Notice, NoticeKind};
use crate::domain::posts::ReactionKind;
use crate::services::{Ctx, notices};
use crate::text;
use crate::urls::{actor_path, newcomer_path, post_path};

/// `/notices`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/notices", get(list))
        .route("/notices/read", post(read))
        .route("/notices/dismiss", post(dismiss))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    before: Option<i64>,
    #[serde(default)]
    show: String,
    done: Option<String>,
}

/// Notices with one key, as one line.
struct Line {
    avatar: Option<Avatar>,
    who: String,
    what: String,
    path: String,
    quote: String,
    detail: String,
    at: Time,
    new: bool,
}

#[derive(askama::Template)]
#[template(path = "notices/list.html")]
struct NoticesPage {
    c: Chrome,
    lines: Vec<Line>,
    show: String,
    newest: Option<NotificationId>,
    first_page: bool,
    next: Option<i64>,
}

/// What is meant for the reader alone.
const FOR_YOU: &[NoticeKind] = &[
    NoticeKind::Mention,
    NoticeKind::Reply,
    NoticeKind::Direct,
    NoticeKind::Accepted,
    NoticeKind::Reaction,
    NoticeKind::Share,
    NoticeKind::Follow,
    NoticeKind::Poll,
    NoticeKind::Quote,
    NoticeKind::Unpublished,
    NoticeKind::MayKnow,
    NoticeKind::Referral,
    NoticeKind::ReferralAccepted,
    NoticeKind::ContactRequest,
    NoticeKind::ContactAccepted,
    NoticeKind::ThanksCard,
    NoticeKind::Buddy,
    NoticeKind::NewcomerStuck,
    NoticeKind::StepDone,
    NoticeKind::Meeting,
    NoticeKind::MeetingOff,
];

/// What groups and keeping order bring.
const GROUPS: &[NoticeKind] = &[
    NoticeKind::Post,
    NoticeKind::JoinRequest,
    NoticeKind::Invited,
    NoticeKind::Admitted,
    NoticeKind::Refused,
    NoticeKind::Report,
    NoticeKind::Removed,
    NoticeKind::Held,
    NoticeKind::AccountRequest,
    NoticeKind::GroupRequest,
    NoticeKind::GroupRefused,
];

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let kinds = match asked.show.as_str() {
        "you" => FOR_YOU,
        "groups" => GROUPS,
        _ => NoticeKind::ALL,
    };
    let found = notices::list(&ctx, &visit.viewer, kinds, Page::before(asked.before, 40)).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("notices-title")).flash(asked.done.as_deref());
    let newest = found.items.first().map(|notice| notice.id);
    let mut together: Vec<Vec<Notice>> = Vec::new();
    for notice in found.items {
        let same = |known: &&mut Vec<Notice>| {
            known
                .first()
                .is_some_and(|n| n.group_key == notice.group_key && n.read_at.is_some() == notice.read_at.is_some())
        };
        match together.iter_mut().find(same) {
            Some(known) => known.push(notice),
            None => together.push(vec![notice]),
        }
    }
    let lines = together.iter().filter_map(|notices| line(&c, notices)).collect();
    page(&NoticesPage { lines, show: asked.show, newest, first_page: asked.before.is_none(), next: found.next, c })
}

fn line(c: &Chrome, together: &[Notice]) -> Option<Line> {
    let first = together.first()?;
    let mut names: Vec<&str> = Vec::new();
    for actor in together.iter().filter_map(|notice| notice.actor.as_ref()) {
        if !names.contains(&actor.display_name.as_str()) {
            names.push(&actor.display_name);
        }
    }
    let who = match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} {} {other}", c.t("notices-and")),
        [one, rest @ ..] => {
            format!("{one} {}", c.tn("notices-and-others", i64::try_from(rest.len()).unwrap_or(i64::MAX)))
        }
    };
    let group = first.group.as_ref();
    let name = group.map_or_else(String::new, |group| group.display_name.clone());
    let suffix = if together.len() > 1 && names.len() > 1 { "-many" } else { "" };
    let word = match first.kind {
        NoticeKind::Reaction if first.detail != ReactionKind::Thanks.as_str() => "reacted".to_owned(),
        kind => kind.as_str().replace('_', "-"),
    };
    let key = format!("notice-{word}{suffix}");
    let key = if crate::i18n::has(c.locale(), &key) { key } else { format!("notice-{word}") };
    let quote = first.post.as_ref().map_or_else(String::new, |view| match view.post.title.as_str() {
        "" => text::excerpt(&view.html(), 120),
        title => title.to_owned(),
    });
    let detail = match first.kind {
        NoticeKind::Removed | NoticeKind::Refused | NoticeKind::GroupRefused => first.detail.clone(),
        NoticeKind::Unpublished => c.t(&first.detail),
        NoticeKind::StepDone => c.t(format!("step-{}", first.detail)),
        // The word that made us think of the reader, in every language.
        NoticeKind::MayKnow => serde_json::from_str::<serde_json::Value>(&first.detail)
            .ok()
            .and_then(|word| word[c.lang].as_str().map(|word| c.tx("notice-because", word)))
            .unwrap_or_default(),
        _ => String::new(),
    };
    Some(Line {
        avatar: first.actor.as_ref().or(group).map(Avatar::of),
        who,
        what: c.tx(&key, &name),
        path: path(first),
        quote,
        detail,
        at: first.created_at,
        new: first.read_at.is_none(),
    })
}

/// Where a notice leads: to what one can do about it.
fn path(notice: &Notice) -> String {
    let group = notice.group.as_ref().map(|group| actor_path(group.kind, &group.acct()));
    let person = notice.actor.as_ref().map(|actor| actor_path(actor.kind, &actor.acct()));
    let post = notice.post.as_ref().map(|view| post_path(view.post.id));
    let found = match notice.kind {
        NoticeKind::JoinRequest => group.map(|path| format!("{path}/moderation")),
        NoticeKind::Report => {
            Some(group.map_or_else(|| "/admin/reports".to_owned(), |path| format!("{path}/moderation")))
        }
        NoticeKind::Held => post.or(group.map(|path| format!("{path}/moderation"))),
        NoticeKind::AccountRequest => Some("/admin/people?state=pending".to_owned()),
        NoticeKind::GroupRequest => Some("/admin/groups".to_owned()),
        NoticeKind::GroupRefused => Some("/groups".to_owned()),
        NoticeKind::Follow => person,
        NoticeKind::Unpublished => Some(super::drafts::path(&notice.group_key)),
        NoticeKind::Referral => Some("/referrals".to_owned()),
        NoticeKind::ThanksCard => Some("/thanks".to_owned()),
        NoticeKind::Buddy | NoticeKind::NewcomerStuck => notice.actor.as_ref().map(|who| newcomer_path(who.id)),
        NoticeKind::StepDone => Some("/start".to_owned()),
        NoticeKind::Meeting | NoticeKind::MeetingOff => Some("/meet".to_owned()),
        NoticeKind::ContactRequest | NoticeKind::ContactAccepted => Some("/contacts".to_owned()),
        _ => post.or(group).or(person),
    };
    found.unwrap_or_else(|| "/notices".to_owned())
}

#[derive(Debug, Deserialize)]
struct UpTo {
    upto: NotificationId,
}

async fn read(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<UpTo>) -> PageResult {
    notices::mark_read(&ctx, &visit.viewer, form.upto).await?;
    see("/notices")
}

#[derive(Debug, Deserialize)]
struct Which {
    /// Empty for all.
    #[serde(default)]
    id: String,
}

async fn dismiss(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<Which>) -> PageResult {
    let id = if form.id.is_empty() { None } else { Some(form.id.parse()?) };
    notices::dismiss(&ctx, &visit.viewer, id).await?;
    see("/notices?done=dismissed")
}
