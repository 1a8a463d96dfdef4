//! Reading tips: the form, the tips together, and lists of them.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::posts::{ConfirmPage, Id};
use super::views::PostCard;
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{ActorId, Error, PostId, TipListId};
use crate::domain::audiences::Scope;
use crate::domain::extras::{TipList, Work};
use crate::services::tips::{self, TipForm};
use crate::services::{Ctx, posts, terms};
use crate::urls::post_path;

/// `/tips`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/tips", get(list))
        .route("/tips/new", get(new).post(send))
        .route("/tips/lists", get(lists).post(create))
        .route("/tips/lists/{id}", get(show_list).post(change))
        .route("/tips/lists/{id}/delete", get(ask_delete).post(delete))
        .route("/tips/{id}/lists", get(on_lists).post(set_lists))
}

/// Tips on one page.
const SHOWN: i64 = 20;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    isbn: String,
    before: Option<PostId>,
    done: Option<String>,
}

/// A tip, and where it is put on lists.
struct TipCard {
    card: PostCard,
    lists: String,
}

#[derive(askama::Template)]
#[template(path = "tips/list.html")]
struct ListPage {
    c: Chrome,
    heading: String,
    about: String,
    cards: Vec<TipCard>,
    /// The list they are on.
    on: Option<TipList>,
    mine: bool,
    next: Option<String>,
}

async fn shown(
    ctx: &Ctx,
    visit: &Visit,
    c: &Chrome,
    on: Option<TipListId>,
    asked: &Asked,
    start: &str,
) -> Result<(Vec<TipCard>, Option<String>), Error> {
    let isbn = Some(asked.isbn.as_str()).filter(|isbn| !isbn.is_empty());
    let found = tips::list(ctx, &visit.viewer, on, isbn, asked.before, SHOWN).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n == SHOWN);
    let next = found.last().filter(|_| full).map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !asked.isbn.is_empty() {
            query.append_pair("isbn", &asked.isbn);
        }
        query.append_pair("before", &last.post.id.to_string());
        format!("{start}?{}", query.finish())
    });
    let card = |view: crate::domain::posts::PostView| TipCard {
        lists: format!("/tips/{}/lists", view.post.id),
        card: PostCard::listed(view, c),
    };
    Ok((found.into_iter().map(card).collect(), next))
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let c = visit.chrome(&ctx, Place::Groups, visit.t("tips-title")).flash(asked.done.as_deref());
    let (cards, next) = shown(&ctx, &visit, &c, None, &asked, "/tips").await?;
    page(&ListPage { heading: c.t("tips-title"), about: c.t("tips-lead"), cards, on: None, mine: false, next, c })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    isbn: String,
    work: String,
    maker: String,
    whom: String,
    why: String,
    group: String,
    look: Option<String>,
}

impl Typed {
    fn work(&self) -> Work {
        Work { isbn: self.isbn.clone(), title: self.work.clone(), maker: self.maker.clone(), whom: self.whom.clone() }
    }
}

#[derive(askama::Template)]
#[template(path = "tips/form.html")]
struct FormPage {
    c: Chrome,
    fields: Fields,
    typed: Typed,
    /// Groups to write in: id, name, chosen.
    groups: Vec<(String, String, bool)>,
    words: Vec<String>,
    looks_up: bool,
    /// What came of looking a work up.
    looked: Option<&'static str>,
}

impl FormPage {
    async fn new(ctx: &Ctx, visit: &Visit, mut typed: Typed, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let c = visit.chrome(ctx, Place::Groups, visit.t("tip-new"));
        let lines = posts::writable_groups(ctx, &visit.viewer).await?;
        if let Some(line) = lines.iter().find(|line| line.actor.acct() == typed.group) {
            typed.group = line.actor.id.to_string();
        }
        let groups = lines.iter().map(|line| {
            let id = line.actor.id.to_string();
            (id.clone(), line.actor.display_name.clone(), id == typed.group)
        });
        let groups = groups.collect();
        let audience = crate::domain::knowledge::Facet::Audience;
        let words = terms::all(ctx, c.lang).await?;
        let words = words.iter().filter(|t| t.facet == audience).map(|t| t.label(c.lang).to_owned()).collect();
        Ok(Self { c, fields, typed, groups, words, looks_up: tips::looks_up(ctx), looked: None })
    }
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Typed>) -> PageResult {
    page(&FormPage::new(&ctx, &visit, asked, Fields::default()).await?)
}

/// The text of a tip: it says all by itself, wherever it is read.
fn text(visit: &Visit, work: &Work, why: &str) -> String {
    let escape = |text: &str| text.replace(['*', '_', '[', ']', '<', '`', '\\'], " ");
    let mut lines = vec![format!("**{}**", escape(&work.title))];
    if !work.maker.is_empty() {
        lines.push(escape(&work.maker));
    }
    if !work.isbn.is_empty() {
        lines.push(format!("ISBN {}", work.isbn));
    }
    let mut parts = vec![lines.join("\n")];
    if !work.whom.is_empty() {
        parts.push(format!("{}: {}", visit.t("tip-whom"), escape(&work.whom)));
    }
    parts.push(why.trim().to_owned());
    parts.join("\n\n")
}

async fn send(State(ctx): State<Ctx>, visit: Visit, CheckedForm(mut typed): CheckedForm<Typed>) -> PageResult {
    visit.member()?;
    if typed.look.is_some() {
        return match tips::look_up(&ctx, &visit.viewer, &typed.isbn).await {
            Ok(found) => {
                let looked = if found.is_some() { "tip-looked-found" } else { "tip-looked-none" };
                if let Some(found) = found {
                    typed.work = found.title;
                    typed.maker = found.maker;
                }
                page(&FormPage { looked: Some(looked), ..FormPage::new(&ctx, &visit, typed, Fields::default()).await? })
            }
            Err(error) => again(&FormPage::new(&ctx, &visit, typed, Fields::of(error)?).await?),
        };
    }
    let sent = async {
        let work = tips::checked(&typed.work())?;
        let form = TipForm {
            title: crate::i18n::t_args(
                visit.locale,
                "tip-post-title",
                &[("what", crate::i18n::Arg::from(work.title.as_str()))],
            ),
            source: text(&visit, &work, &typed.why),
            group: typed.group.parse().ok().map(ActorId),
            scope: if typed.group == "public" { Some(Scope::Public) } else { None },
            why: typed.why.clone(),
            work,
        };
        tips::publish(&ctx, &visit.viewer, form).await
    };
    match sent.await {
        Ok(published) => see(&format!("{}?done=published", post_path(published.id))),
        Err(error) => again(&FormPage::new(&ctx, &visit, typed, Fields::of(error)?).await?),
    }
}

/// A list of tips, as a line.
struct ListLine {
    path: String,
    title: String,
    about: String,
    shared: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListForm {
    title: String,
    about: String,
    shared: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "tips/lists.html")]
struct ListsPage {
    c: Chrome,
    fields: Fields,
    form: ListForm,
    mine: Vec<ListLine>,
    others: Vec<ListLine>,
}

impl ListsPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: ListForm, fields: Fields) -> Result<Self, Failure> {
        let me = visit.member()?;
        let c = visit.chrome(ctx, Place::Groups, visit.t("tip-lists"));
        let line = |list: TipList| ListLine {
            path: format!("/tips/lists/{}", list.id),
            title: list.title,
            about: list.about,
            shared: list.shared,
        };
        let (mine, others): (Vec<TipList>, Vec<TipList>) =
            tips::lists(ctx, &visit.viewer).await?.into_iter().partition(|list| list.owner_id == me);
        let (mine, others) = (mine.into_iter().map(line).collect(), others.into_iter().map(line).collect());
        Ok(Self { c, fields, form, mine, others })
    }
}

async fn lists(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = ListsPage::new(&ctx, &visit, ListForm::default(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn create(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<ListForm>) -> PageResult {
    match tips::create_list(&ctx, &visit.viewer, &form.title, &form.about, form.shared.is_some()).await {
        Ok(id) => see(&format!("/tips/lists/{id}?done=saved")),
        Err(error) => again(&ListsPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

async fn show_list(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let me = visit.member()?;
    let list = tips::get_list(&ctx, &visit.viewer, id.parse()?).await?;
    let c = visit.chrome(&ctx, Place::Groups, list.title.clone()).flash(asked.done.as_deref());
    let start = format!("/tips/lists/{}", list.id);
    let (cards, next) = shown(&ctx, &visit, &c, Some(list.id), &asked, &start).await?;
    let (heading, about, mine) = (list.title.clone(), list.about.clone(), list.owner_id == me);
    page(&ListPage { c, heading, about, cards, on: Some(list), mine, next })
}

async fn change(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<ListForm>,
) -> PageResult {
    let id: TipListId = id.parse()?;
    tips::change_list(&ctx, &visit.viewer, id, &form.title, &form.about, form.shared.is_some()).await?;
    see(&format!("/tips/lists/{id}?done=saved"))
}

async fn ask_delete(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>) -> PageResult {
    let me = visit.member()?;
    let list = tips::get_list(&ctx, &visit.viewer, id.parse()?).await?;
    if list.owner_id != me {
        return Err(Error::NotFound.into());
    }
    let c = visit.chrome(&ctx, Place::Groups, visit.t("tip-list-delete"));
    page(&ConfirmPage {
        heading: c.tx("tip-list-delete-title", &list.title),
        what: c.t("tip-list-delete-what"),
        button: "tip-list-delete",
        danger: true,
        reason: None,
        typed: String::new(),
        fields: Fields::default(),
        action: format!("/tips/lists/{}/delete", list.id),
        back: format!("/tips/lists/{}", list.id),
        c,
    })
}

async fn delete(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    tips::delete_list(&ctx, &visit.viewer, id.parse()?).await?;
    see("/tips/lists?done=tip-list-deleted")
}

#[derive(askama::Template)]
#[template(path = "tips/on_lists.html")]
struct OnListsPage {
    c: Chrome,
    path: String,
    title: String,
    action: String,
    /// The viewer's lists: id, title, on it.
    lists: Vec<(String, String, bool)>,
}

async fn on_lists(State(ctx): State<Ctx>, visit: Visit, Id(id): Id) -> PageResult {
    let (view, lists) = tips::lists_of(&ctx, &visit.viewer, id).await?;
    let c = visit.chrome(&ctx, Place::Groups, visit.t("tip-on-lists"));
    let lists = lists.into_iter().map(|(list, on)| (list.id.to_string(), list.title, on)).collect();
    page(&OnListsPage { c, path: post_path(id), title: view.post.title, action: format!("/tips/{id}/lists"), lists })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OnForm {
    list: Vec<String>,
}

async fn set_lists(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<OnForm>,
) -> PageResult {
    let wanted: Vec<TipListId> = form.list.iter().filter_map(|id| id.parse().ok()).collect();
    tips::set_lists(&ctx, &visit.viewer, id, &wanted).await?;
    see("/tips?done=saved")
}
