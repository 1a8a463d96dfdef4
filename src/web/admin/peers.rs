//! Other servers: agreements with them, in plain words and on paper, and rules about them.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, CheckedParts, Fields, Query, again};
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, respond, see};
use super::Asked;
use crate::base::{Error, HostId};
use crate::domain::peers::*;
use crate::policy;
use crate::services::Ctx;
use crate::services::peers::{self, Rule};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin/peers", get(list).post(offer))
        .route("/admin/peers/{id}", get(show))
        .route("/admin/peers/{id}/accept", post(accept))
        .route("/admin/peers/{id}/end", post(end))
        .route("/admin/hosts", get(rules).post(rule))
        .route("/admin/hosts.csv", get(export))
        .route("/admin/hosts/import", post(import))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct TermsForm {
    #[serde(default)]
    host: String,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    retention: String,
}

impl TermsForm {
    fn terms(&self) -> Terms {
        Terms {
            scope: read_scopes(&self.scope.join(",")),
            purpose: self.purpose.clone(),
            contact: self.contact.clone(),
            retention: self.retention.clone(),
        }
    }

    fn has(&self, scope: &PeerScope) -> bool {
        self.scope.iter().any(|word| word == scope.as_str())
    }
}

#[derive(askama::Template)]
#[template(path = "admin/peers.html")]
struct ListPage {
    c: Chrome,
    fields: Fields,
    form: TermsForm,
    scopes: &'static [PeerScope],
    all: Vec<(Host, Option<Peering>)>,
}

impl ListPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: TermsForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let all = peers::list(ctx, &visit.viewer).await?;
        let c = visit.chrome(ctx, Place::None, visit.t("admin-peers"));
        Ok(Self { c, fields, form, scopes: PeerScope::ALL, all })
    }
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let form = TermsForm {
        scope: vec![PeerScope::Network.as_str().to_owned()],
        contact: ctx.instance().contact.clone(),
        ..TermsForm::default()
    };
    let mut shown = ListPage::new(&ctx, &visit, form, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn offer(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<TermsForm>) -> PageResult {
    visit.member()?;
    match peers::offer(&ctx, &visit.viewer, &form.host, form.terms()).await {
        Ok(PeerState::Accepted) => see("/admin/peers?done=peer-accepted"),
        Ok(_) => see("/admin/peers?done=peer-offered"),
        Err(error) => again(&ListPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

#[derive(askama::Template)]
#[template(path = "admin/peer.html")]
struct PeerPage {
    c: Chrome,
    fields: Fields,
    form: TermsForm,
    us: String,
    host: Host,
    peering: Option<Peering>,
}

impl PeerPage {
    async fn new(
        ctx: &Ctx,
        visit: &Visit,
        id: HostId,
        form: Option<TermsForm>,
        fields: Fields,
    ) -> Result<Self, Failure> {
        visit.member()?;
        let (host, peering) = peers::get(ctx, &visit.viewer, id).await?;
        if host.peer_state == PeerState::None {
            return Err(Failure(Error::NotFound));
        }
        let form = form.unwrap_or_else(|| TermsForm {
            scope: peering.iter().flat_map(Peering::scopes).map(|s| s.as_str().to_owned()).collect(),
            contact: ctx.instance().contact.clone(),
            ..TermsForm::default()
        });
        let c = visit.chrome(ctx, Place::None, host.name.clone());
        let name = ctx.instance().name.clone();
        let us = if name.is_empty() { ctx.urls.host().to_owned() } else { format!("{name} ({})", ctx.urls.host()) };
        Ok(Self { c, fields, form, us, host, peering })
    }

    /// Whether an administrator here must answer.
    fn asks(&self) -> bool {
        self.host.peer_state == PeerState::Asked && self.peering.is_some()
    }

    fn holds(&self) -> bool {
        matches!(self.host.peer_state, PeerState::Accepted | PeerState::Offered)
    }

    /// Who offered and who answered, by name.
    fn sides(&self, ours: &bool) -> (&str, &str) {
        if *ours { (&self.us, &self.host.name) } else { (&self.host.name, &self.us) }
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<HostId>, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = PeerPage::new(&ctx, &visit, id, None, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn accept(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<HostId>,
    CheckedForm(form): CheckedForm<TermsForm>,
) -> PageResult {
    visit.member()?;
    match peers::accept(&ctx, &visit.viewer, id, form.terms()).await {
        Ok(()) => see(&format!("/admin/peers/{id}?done=peer-accepted")),
        Err(error) => again(&PeerPage::new(&ctx, &visit, id, Some(form), Fields::of(error)?).await?),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct EndForm {
    #[serde(default)]
    reason: String,
}

async fn end(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<HostId>,
    CheckedForm(form): CheckedForm<EndForm>,
) -> PageResult {
    visit.member()?;
    match peers::end(&ctx, &visit.viewer, id, &form.reason).await {
        Ok(()) => see(&format!("/admin/peers/{id}?done=peer-ended")),
        Err(error) => again(&PeerPage::new(&ctx, &visit, id, None, Fields::of(error)?).await?),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RuleForm {
    #[serde(default)]
    host: String,
    #[serde(default)]
    state: String,
    reject_media: Option<String>,
    #[serde(default)]
    reason: String,
}

#[derive(askama::Template)]
#[template(path = "admin/hosts.html")]
struct RulesPage {
    c: Chrome,
    fields: Fields,
    form: RuleForm,
    states: &'static [HostState],
    ruled: Vec<Host>,
}

impl RulesPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: RuleForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let ruled = peers::ruled(ctx, &visit.viewer).await?;
        let c = visit.chrome(ctx, Place::None, visit.t("hosts-title"));
        Ok(Self { c, fields, form, states: HostState::ALL, ruled })
    }
}

async fn rules(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let form = RuleForm { state: HostState::Blocked.as_str().to_owned(), ..RuleForm::default() };
    let mut shown = RulesPage::new(&ctx, &visit, form, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn rule(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<RuleForm>) -> PageResult {
    visit.member()?;
    let rule = Rule {
        host: form.host.clone(),
        state: HostState::parse(&form.state).unwrap_or(HostState::Known),
        reject_media: form.reject_media.is_some(),
        reason: form.reason.clone(),
    };
    match peers::set_rules(&ctx, &visit.viewer, vec![rule]).await {
        Ok(_) => see("/admin/hosts?done=saved"),
        Err(error) => again(&RulesPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

async fn export(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    visit.member()?;
    let text = peers::to_csv(&peers::ruled(&ctx, &visit.viewer).await?);
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"domain_blocks.csv\""),
    ];
    respond((headers, text).into_response())
}

async fn import(State(ctx): State<Ctx>, visit: Visit, mut form: CheckedParts) -> PageResult {
    visit.member()?;
    policy::check_admin(&visit.viewer)?;
    let read = match form.files.pop() {
        Some(part) => peers::read_csv(&String::from_utf8_lossy(&part.bytes)),
        None => Err(Error::invalid("file", "error-list-empty")),
    };
    let set = match read {
        Ok(rules) => peers::set_rules(&ctx, &visit.viewer, rules).await,
        Err(error) => Err(error),
    };
    match set {
        Ok(_) => see("/admin/hosts?done=saved"),
        Err(error) => again(&RulesPage::new(&ctx, &visit, RuleForm::default(), Fields::of(error)?).await?),
    }
}
