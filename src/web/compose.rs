//! Writing: new posts and conversations, and changing what one wrote. Without script the preview asks for alt texts.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::chrome::{Chrome, Place};
use super::comments::outcome;
use super::drafts;
use super::forms::{CheckedForm, CheckedParts, Fields, Query};
use super::knowledge::KnowerCard;
use super::posts::Id;
use super::visit::{Failure, PageResult, Visit};
use super::{page, respond, see};
use crate::base::{ActorId, Error, MediaId, PostId, Result, SafeHtml, Time};
use crate::domain::audiences::Scope;
use crate::domain::media::{Media, MediaKind, MediaPurpose};
use crate::domain::posts::{PostKind, PostView};
use crate::services::posts::{self, NewPoll, PostForm};
use crate::services::questions::Before;
use crate::services::{Ctx, media, questions};
use crate::urls::post_path;

/// Composer, preview and editing.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/posts/new", get(new))
        // Who reloads, or signs in again on the way, is not left at an address without a page.
        .route("/posts", get(async || see("/posts/new")).post(publish))
        .route("/posts/{id}/edit", get(edit).post(save))
        .route("/messages/new", get(new_message))
        .route("/messages", post(send_message))
        .route("/preview", post(preview))
}

/// What a composer holds, as typed; also the form in which drafts are kept.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Typed {
    /// Place of the draft.
    pub(super) draft: String,
    kind: String,
    /// Where to: a group's id, or `public`, `organisation`, `followers`.
    group: String,
    title: String,
    pub(super) body: String,
    link: String,
    option: Vec<String>,
    multiple: String,
    hidden: String,
    closes: String,
    language: String,
    warning: String,
    sensitive: String,
    /// Handles, for a conversation.
    to: String,
    /// Files put up already.
    media: Vec<String>,
    /// What could help was shown already.
    looked: String,
}

impl Typed {
    /// Nothing worth keeping.
    pub(super) fn is_blank(&self) -> bool {
        let options = self.option.iter().all(|option| option.trim().is_empty());
        options && [&self.title, &self.body, &self.link].iter().all(|text| text.trim().is_empty())
    }

    fn of(parts: &CheckedParts) -> Self {
        let text = |name: &str| parts.text(name).to_owned();
        Self {
            draft: text("draft"),
            kind: text("kind"),
            group: text("group"),
            title: text("title"),
            body: text("body"),
            link: text("link"),
            option: parts.all("option").into_iter().map(str::to_owned).collect(),
            multiple: text("multiple"),
            hidden: text("hidden"),
            closes: text("closes"),
            language: text("language"),
            warning: text("warning"),
            sensitive: text("sensitive"),
            to: text("to"),
            media: Vec::new(),
            looked: text("looked"),
        }
    }

    /// A lesson from the guided form.
    pub(super) fn lesson(draft: String, group: String, title: String, body: String) -> Self {
        Self { draft, kind: PostKind::Lesson.to_string(), group, title, body, ..Self::default() }
    }

    fn kind(&self) -> PostKind {
        PostKind::parse(&self.kind).filter(|kind| PostKind::WRITABLE.contains(kind)).unwrap_or(PostKind::Message)
    }

    /// What the service is asked to make of it.
    fn form(&self, kind: PostKind, media: Vec<MediaId>, now: Time) -> PostForm {
        let scope = match self.group.as_str() {
            "organisation" => Scope::Organisation,
            "followers" => Scope::Readers,
            _ => Scope::Public,
        };
        let options: Vec<String> =
            self.option.iter().map(|o| o.trim().to_owned()).filter(|option| !option.is_empty()).collect();
        let days: Option<i64> = self.closes.parse().ok().filter(|days| (1..=90).contains(days));
        let poll = NewPoll {
            options,
            multiple: !self.multiple.is_empty(),
            hidden: !self.hidden.is_empty(),
            closes_at: days.map(|days| now.plus(days * Time::DAY)),
        };
        PostForm {
            quote: None,
            group: self.group.parse().ok().map(ActorId),
            title: self.title.clone(),
            language: Some(self.language.clone()).filter(|tag| !tag.is_empty()),
            sensitive: !self.sensitive.is_empty(),
            warning: self.warning.clone(),
            link_url: Some(self.link.trim().to_owned()).filter(|link| kind == PostKind::Link && !link.is_empty()),
            poll: (kind == PostKind::Poll).then_some(poll),
            media,
            scope,
            ..PostForm::new(kind, self.body.as_str())
        }
    }
}

/// One choice of a list.
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// A file put up already.
struct Kept {
    id: MediaId,
    src: String,
    name: String,
    picture: bool,
    alt: String,
}

impl Kept {
    fn of(file: &Media) -> Self {
        Self {
            id: file.id,
            src: crate::urls::media_path(file.id, true),
            name: file.file_name.clone(),
            picture: file.kind == MediaKind::Image,
            alt: file.description.clone(),
        }
    }
}

/// What the composer is for.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    New,
    Message,
    Edit(PostId, PostKind, bool),
}

#[derive(askama::Template)]
#[template(path = "compose/form.html")]
struct ComposePage {
    c: Chrome,
    heading: String,
    action: String,
    back: String,
    typed: Typed,
    kinds: Vec<(&'static str, String, bool)>,
    places: Vec<Choice>,
    personal: Vec<Choice>,
    languages: Vec<Choice>,
    closing: Vec<Choice>,
    kept: Vec<Kept>,
    fields: Fields,
    preview: Option<SafeHtml>,
    /// The preview step asks for alt texts.
    describe: bool,
    restored: bool,
    direct: bool,
    editing: bool,
    /// Editing what has a title, a comment has none.
    titled: bool,
    link: bool,
    send: &'static str,
    /// Questions like this one: path, title, answered.
    similar: Vec<(String, String, bool)>,
    /// People who may know.
    knowers: Vec<KnowerCard>,
}

/// What a composer shows besides what was typed.
#[derive(Default)]
struct Shown {
    kept: Vec<Kept>,
    fields: Fields,
    preview: Option<SafeHtml>,
    describe: bool,
    restored: bool,
    before: Before,
}

async fn render(ctx: &Ctx, visit: &Visit, what: Use, mut typed: Typed, state: Shown) -> PageResult {
    visit.member()?;
    let (key, action, back, place) = match what {
        Use::New => ("compose-title", "/posts".to_owned(), "/home".to_owned(), Place::Home),
        Use::Message => ("message-new", "/messages".to_owned(), "/messages".to_owned(), Place::Messages),
        Use::Edit(id, ..) => ("post-edit-title", format!("{}/edit", post_path(id)), post_path(id), Place::None),
    };
    let c = visit.chrome(ctx, place, visit.t(key));
    let kind = match what {
        Use::New => typed.kind(),
        Use::Message => PostKind::Direct,
        Use::Edit(_, kind, _) => kind,
    };
    let (places, personal) =
        if what == Use::New { places(ctx, visit, &c, &mut typed).await? } else { (vec![], vec![]) };
    while typed.option.len() < 4 || (typed.option.len() < 12 && typed.option.last().is_some_and(|o| !o.is_empty())) {
        typed.option.push(String::new());
    }
    if typed.closes.is_empty() {
        typed.closes = "7".to_owned();
    }
    let kinds = PostKind::WRITABLE.iter().map(|k| (k.as_str(), format!("post-kind-{k}"), *k == kind)).collect();
    let status = if state.fields.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut response = page(&ComposePage {
        heading: c.t(key),
        action,
        back,
        kinds,
        places,
        personal,
        languages: languages(&c, &typed.language),
        closing: closing(&c, &typed.closes),
        kept: state.kept,
        fields: state.fields,
        preview: state.preview,
        describe: state.describe,
        restored: state.restored,
        similar: state.before.similar.iter().map(like).collect(),
        knowers: state.before.people.iter().map(|knower| KnowerCard::of(&c, knower)).collect(),
        direct: what == Use::Message,
        editing: matches!(what, Use::Edit(..)),
        titled: !matches!(what, Use::Message | Use::Edit(_, _, false)),
        link: kind == PostKind::Link,
        send: match what {
            Use::New => "compose-send",
            Use::Message => "message-send",
            Use::Edit(..) => "post-save",
        },
        typed,
        c,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// A question like the one being asked.
fn like(view: &PostView) -> (String, String, bool) {
    let title = match view.post.title.as_str() {
        "" => crate::text::excerpt(&view.html(), 120),
        title => title.to_owned(),
    };
    (post_path(view.post.id), title, view.post.accepted_id.is_some())
}

/// Groups to write in, and one's own page. A group asked for by its name becomes its id.
async fn places(ctx: &Ctx, visit: &Visit, c: &Chrome, typed: &mut Typed) -> Result<(Vec<Choice>, Vec<Choice>)> {
    let lines = posts::writable_groups(ctx, &visit.viewer).await?;
    if let Some(line) = lines.iter().find(|line| line.actor.acct() == typed.group) {
        typed.group = line.actor.id.to_string();
    }
    let name = |line: &crate::store::groups::GroupLine| {
        format!("{} ({})", line.actor.display_name, c.t(format!("group-kind-{}", line.group.kind)))
    };
    let group = |line: &crate::store::groups::GroupLine| {
        let value = line.actor.id.to_string();
        Choice { chosen: value == typed.group, name: name(line), value }
    };
    let own = |(value, key): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        name: c.t(key),
        chosen: *value == typed.group,
    };
    let personal: &[(&str, &str)] = if visit.viewer.is_full_member() {
        &[("public", "compose-public"), ("organisation", "compose-organisation"), ("followers", "compose-followers")]
    } else {
        &[]
    };
    Ok((lines.iter().map(group).collect(), personal.iter().map(own).collect()))
}

/// Languages of a post: their own names, as in the list of languages people speak.
const LANGUAGES: &[(&str, &str)] = &[
    ("nl", "Nederlands"),
    ("en", "English"),
    ("ar", "العربية"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("fy", "Frysk"),
    ("pap", "Papiamentu"),
    ("pl", "Polski"),
    ("ti", "ትግርኛ"),
    ("tr", "Türkçe"),
    ("uk", "Українська"),
];

fn languages(c: &Chrome, chosen: &str) -> Vec<Choice> {
    let auto = Choice { value: String::new(), name: c.t("compose-language-auto"), chosen: chosen.is_empty() };
    let known = LANGUAGES.iter().map(|(tag, name)| Choice {
        value: (*tag).to_owned(),
        name: (*name).to_owned(),
        chosen: *tag == chosen,
    });
    let other = (!chosen.is_empty() && LANGUAGES.iter().all(|(tag, _)| *tag != chosen)).then(|| Choice {
        value: chosen.to_owned(),
        name: chosen.to_owned(),
        chosen: true,
    });
    std::iter::once(auto).chain(known).chain(other).collect()
}

fn closing(c: &Chrome, chosen: &str) -> Vec<Choice> {
    let days = [1, 3, 7, 14, 30].map(|days: i64| Choice {
        value: days.to_string(),
        name: c.tn("compose-poll-days", days),
        chosen: days.to_string() == chosen,
    });
    let never = Choice { value: "never".to_owned(), name: c.t("compose-poll-never"), chosen: chosen == "never" };
    days.into_iter().chain([never]).collect()
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    group: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    to: String,
    /// How a message begins.
    #[serde(default)]
    body: String,
    /// A draft to go on with, by its place.
    #[serde(default)]
    draft: String,
    share: Option<PostId>,
}

/// The place of the draft that is asked for: one that came of a scheduled post, or the usual one.
fn place_of(asked: &Asked, usual: String) -> String {
    if asked.draft.starts_with("scheduled") { asked.draft.clone() } else { usual }
}

/// The files of a draft that are there still.
async fn kept_of(ctx: &Ctx, visit: &Visit, typed: &Typed) -> Result<Vec<Kept>> {
    let ids: Vec<MediaId> = typed.media.iter().filter_map(|id| id.parse().ok()).collect();
    Ok(media::loose(ctx, &visit.viewer, &ids).await?.iter().map(Kept::of).collect())
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let draft = place_of(&asked, format!("new:{}", asked.group));
    if let Some(id) = asked.share {
        let view = posts::view(&ctx, &visit.viewer, id).await?;
        let typed = Typed { draft, kind: "link".to_owned(), ..shared(&view, &visit) };
        return render(&ctx, &visit, Use::New, typed, Shown::default()).await;
    }
    let (typed, restored) = match drafts::find(&ctx, &visit, &draft).await? {
        Some(typed) if asked.kind.is_empty() || typed.kind == asked.kind => (typed, true),
        _ => (Typed { draft, kind: asked.kind, group: asked.group, ..Typed::default() }, false),
    };
    let kept = kept_of(&ctx, &visit, &typed).await?;
    render(&ctx, &visit, Use::New, typed, Shown { kept, restored, ..Shown::default() }).await
}

/// A link to a post, with its first words where anyone may read them.
fn shared(view: &PostView, visit: &Visit) -> Typed {
    let open = view.scope.is_open();
    let words = crate::text::excerpt(&view.html(), 200);
    let by = crate::i18n::t_args(visit.locale, "post-by", &[("what", view.author.display_name.clone().into())]);
    Typed {
        title: if open && !view.post.title.is_empty() { view.post.title.clone() } else { by },
        link: view.post.url.clone(),
        body: if open && !words.is_empty() { format!("> {words}\n\n") } else { String::new() },
        ..Typed::default()
    }
}

/// Files of a form: those kept from a step before, as described now, then the new ones, each with its alt text.
async fn take_files(ctx: &Ctx, visit: &Visit, parts: &CheckedParts, kept: &mut Vec<Kept>) -> Result<()> {
    let away = parts.all("drop");
    for (id, alt) in parts.all("media").into_iter().zip(parts.all("media_alt")) {
        if !away.contains(&id) {
            let file = media::describe(ctx, &visit.viewer, id.parse()?, alt, None).await?;
            kept.push(Kept::of(&file));
        }
    }
    let alts = parts.all("alt");
    for (at, file) in parts.files.iter().filter(|part| part.field == "files").enumerate() {
        let alt = alts.get(at).copied().unwrap_or_default();
        let purpose = MediaPurpose::Post;
        let put =
            media::upload(ctx, &visit.viewer, file.bytes.clone(), &file.mime, &file.file_name, alt, purpose).await;
        kept.push(Kept::of(&put?));
    }
    Ok(())
}

/// Reads the form; `Err` is the page to show instead of publishing: with errors, or the preview step.
async fn step(
    ctx: &Ctx,
    visit: &Visit,
    what: Use,
    parts: &CheckedParts,
) -> std::result::Result<(Typed, Vec<Kept>), PageResult> {
    let typed = Typed::of(parts);
    let mut kept = Vec::new();
    if let Err(error) = take_files(ctx, visit, parts, &mut kept).await {
        return Err(match Fields::of(error) {
            Ok(fields) => render(ctx, visit, what, typed, Shown { kept, fields, ..Shown::default() }).await,
            Err(failure) => Err(failure),
        });
    }
    // Script sends one alt text for each file; who has none is asked once, with the preview.
    let unasked =
        parts.all("alt").len() < parts.files.len() && kept.iter().any(|file| file.picture && file.alt.is_empty());
    if !parts.has("preview") && !unasked {
        return Ok((typed, kept));
    }
    Err(match posts::render_preview(ctx, &visit.viewer, &typed.body).await {
        Ok(html) => {
            let state = Shown { kept, preview: Some(html), describe: true, ..Shown::default() };
            render(ctx, visit, what, typed, state).await
        }
        Err(error) => match Fields::of(error) {
            Ok(fields) => render(ctx, visit, what, typed, Shown { kept, fields, ..Shown::default() }).await,
            Err(failure) => Err(failure),
        },
    })
}

/// The form again with what is wrong, or the error page.
async fn again(ctx: &Ctx, visit: &Visit, what: Use, typed: Typed, kept: Vec<Kept>, error: Error) -> PageResult {
    let fields = Fields::of(error)?;
    render(ctx, visit, what, typed, Shown { kept, fields, ..Shown::default() }).await
}

fn ids(kept: &[Kept]) -> Vec<MediaId> {
    kept.iter().map(|file| file.id).collect()
}

async fn publish(State(ctx): State<Ctx>, visit: Visit, parts: CheckedParts) -> PageResult {
    visit.member()?;
    let (typed, kept) = match step(&ctx, &visit, Use::New, &parts).await {
        Ok(read) => read,
        Err(shown) => return shown,
    };
    if typed.group.is_empty() {
        return again(&ctx, &visit, Use::New, typed, kept, Error::invalid("group", "error-where")).await;
    }
    if typed.kind() == PostKind::Question && typed.looked.is_empty() {
        let before = questions::before(&ctx, &visit.viewer, &typed.title, &typed.body).await?;
        if !before.similar.is_empty() || !before.people.is_empty() {
            let typed = Typed { looked: "1".to_owned(), ..typed };
            return render(&ctx, &visit, Use::New, typed, Shown { kept, before, ..Shown::default() }).await;
        }
    }
    let form = typed.form(typed.kind(), ids(&kept), ctx.now());
    match posts::publish(&ctx, &visit.viewer, form).await {
        Ok(published) => {
            drafts::forget(&ctx, &visit, &typed.draft).await?;
            see(&format!("{}?done={}", post_path(published.id), outcome(&published, "published")))
        }
        Err(error) => again(&ctx, &visit, Use::New, typed, kept, error).await,
    }
}

async fn new_message(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let draft = place_of(&asked, format!("direct:{}", asked.to));
    let found = drafts::find(&ctx, &visit, &draft).await?;
    let restored = found.is_some();
    let typed = found.unwrap_or_else(|| Typed { draft, to: asked.to, body: asked.body, ..Typed::default() });
    let kept = kept_of(&ctx, &visit, &typed).await?;
    render(&ctx, &visit, Use::Message, typed, Shown { kept, restored, ..Shown::default() }).await
}

async fn send_message(State(ctx): State<Ctx>, visit: Visit, parts: CheckedParts) -> PageResult {
    visit.member()?;
    let (typed, kept) = match step(&ctx, &visit, Use::Message, &parts).await {
        Ok(read) => read,
        Err(shown) => return shown,
    };
    let recipients = match recipients(&ctx, &visit, &typed.to).await {
        Ok(recipients) => recipients,
        Err(error) => return again(&ctx, &visit, Use::Message, typed, kept, error).await,
    };
    let form = PostForm { recipients, ..typed.form(PostKind::Direct, ids(&kept), ctx.now()) };
    match posts::publish(&ctx, &visit.viewer, form).await {
        Ok(published) => {
            drafts::forget(&ctx, &visit, &typed.draft).await?;
            see(&format!("{}?done=sent", post_path(published.id)))
        }
        Err(error) => again(&ctx, &visit, Use::Message, typed, kept, error).await,
    }
}

/// Whom people type: names between commas, or handles with or without `@`, between commas or spaces.
async fn recipients(ctx: &Ctx, visit: &Visit, typed: &str) -> Result<Vec<ActorId>> {
    let mut found = Vec::new();
    for part in typed.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        match posts::addressee(ctx, &visit.viewer, part, "to").await {
            Err(unknown @ Error::Invalid { .. }) if part.contains(' ') => {
                for handle in part.split_whitespace() {
                    match posts::addressee(ctx, &visit.viewer, handle, "to").await {
                        Ok(one) => found.push(one.id),
                        // What is wrong with the whole says more than what is wrong with its words.
                        Err(Error::Invalid { .. }) => return Err(unknown),
                        Err(error) => return Err(error),
                    }
                }
            }
            one => found.push(one?.id),
        }
    }
    if found.is_empty() { Err(Error::invalid("to", "error-no-recipient")) } else { Ok(found) }
}

/// One's own post to change, or why not.
async fn own(ctx: &Ctx, visit: &Visit, id: PostId) -> Result<PostView> {
    let me = visit.member()?;
    let view = posts::view(ctx, &visit.viewer, id).await?;
    crate::policy::check_edit(me, &view.post)?;
    Ok(view)
}

fn editing(view: &PostView) -> Use {
    let titled = view.post.is_top() && view.post.kind != PostKind::Direct;
    Use::Edit(view.post.id, view.post.kind, titled)
}

async fn edit(State(ctx): State<Ctx>, visit: Visit, Id(id): Id) -> PageResult {
    let view = own(&ctx, &visit, id).await?;
    let kept = view.media.iter().map(Kept::of).collect();
    let what = editing(&view);
    let post = view.post;
    let typed = Typed {
        draft: format!("edit:{id}"),
        kind: post.kind.as_str().to_owned(),
        title: post.title,
        body: post.source,
        link: post.link_url.unwrap_or_default(),
        language: post.language.unwrap_or_default(),
        sensitive: if post.sensitive && post.warning.is_empty() { "1".to_owned() } else { String::new() },
        warning: post.warning,
        ..Typed::default()
    };
    render(&ctx, &visit, what, typed, Shown { kept, ..Shown::default() }).await
}

async fn save(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, parts: CheckedParts) -> PageResult {
    let view = own(&ctx, &visit, id).await?;
    let what = editing(&view);
    let (typed, kept) = match step(&ctx, &visit, what, &parts).await {
        Ok(read) => read,
        Err(shown) => return shown,
    };
    let form = typed.form(view.post.kind, ids(&kept), ctx.now());
    match posts::edit(&ctx, &visit.viewer, id, PostForm { poll: None, ..form }).await {
        Ok(()) => {
            drafts::forget(&ctx, &visit, &typed.draft).await?;
            let root = post_path(view.post.root_id);
            see(&if view.post.is_top() {
                format!("{root}?done=saved")
            } else {
                format!("{root}?done=saved#comment-{id}")
            })
        }
        Err(error) => again(&ctx, &visit, what, typed, kept, error).await,
    }
}

/// The text as it would be shown, as a piece of HTML for the page that asks.
async fn preview(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<Typed>) -> PageResult {
    let html = posts::render_preview(&ctx, &visit.viewer, &form.body).await.map_err(Failure)?;
    respond(axum::response::Html(html.into_string()))
}
