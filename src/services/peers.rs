//! Agreements with other servers, and rules about them. What is agreed travels as a Follow between the two servers' actors;
//! `federation` carries it, from the job `peering`.

use serde::{Deserialize, Serialize};

use super::Ctx;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::peers::*;
use crate::policy;
use crate::store::jobs::NewJob;
use crate::store::{self, Conn};

/// The longest text of an offer, in characters.
const LONGEST: usize = 500;
/// The most lines of a list that is read in.
const MOST_LINES: usize = 20_000;

/// What the other server must hear: the payload of the job `peering`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Which server.
    pub host: HostId,
    /// The id of the Follow that it is about.
    pub follow: String,
    /// What.
    pub what: Said,
}

/// What is said about an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// We offer it.
    Offer,
    /// We agree.
    Accept,
    /// We do not agree, or no longer.
    Reject,
    /// We take back what we offered.
    Undo,
}

/// The job that reads which groups partners tell of.
pub const DIRECTORY: &str = "directory";

/// Has the groups of a new partner read.
pub async fn look_around(conn: &mut Conn, ctx: &Ctx, host: HostId) -> Result<()> {
    let payload = serde_json::json!({ "host": host }).to_string();
    let key = format!("{DIRECTORY} {host}");
    let job = NewJob {
        id: ctx.ids.next(),
        kind: DIRECTORY,
        payload: &payload,
        dedup_key: Some(&key),
        lane: None,
        // The other side hears of it first.
        run_at: ctx.now().plus(2 * Time::SECOND),
    };
    store::jobs::enqueue(conn, job).await.map(|_| ())
}

/// Tells the other server, after the commit.
async fn tell(conn: &mut Conn, ctx: &Ctx, peering: &Peering, what: Said) -> Result<()> {
    let message = Message { host: peering.host_id, follow: peering.follow_uri.clone(), what };
    let payload = serde_json::to_string(&message).map_err(Error::internal)?;
    let lane = format!("peering {}", peering.host_id);
    let job = NewJob {
        id: ctx.ids.next(),
        kind: "peering",
        payload: &payload,
        dedup_key: None,
        lane: Some(&lane),
        run_at: ctx.now(),
    };
    store::jobs::enqueue(conn, job).await.map(|_| ())
}

/// Notes what was agreed with a server. Its members read and write in network groups here while that is covered; after that they
/// are members still, for when it is agreed again; and so it is with our members and its network groups. Within the caller's
/// transaction.
pub async fn set_state(conn: &mut Conn, host: HostId, state: PeerState, scope: Option<&str>) -> Result<()> {
    store::federation::set_peer_state(conn, host, state, scope).await?;
    match state {
        // What was agreed before is not ended by another offer; that is done by the answer.
        PeerState::Offered | PeerState::Asked => Ok(()),
        _ if store::federation::get_host(conn, host).await?.agreed(PeerScope::Network) => {
            store::memberships::open_network(conn, host).await?;
            store::memberships::open_network_there(conn, host).await
        }
        _ => {
            store::memberships::close_network(conn, host, None).await?;
            store::memberships::close_network_there(conn, host).await
        }
    }
}

/// The host that a name or address stands for, lower case.
///
/// # Errors
/// `Invalid` for `host` when it is no host name, or our own.
pub fn host_name(ctx: &Ctx, text: &str) -> Result<String> {
    let name = text.trim().trim_start_matches("https://").trim_end_matches('/').to_lowercase();
    let url = url::Url::parse(&format!("https://{name}/"));
    let usable = url.is_ok_and(|url| url.path() == "/" && url.username().is_empty() && url.query().is_none());
    if name.is_empty() || !usable || name == ctx.urls.host() {
        return Err(Error::invalid("host", "error-host-name"));
    }
    Ok(name)
}

fn checked(terms: &Terms) -> Result<Terms> {
    if terms.scope.is_empty() {
        return Err(Error::invalid("scope", "error-peer-scope"));
    }
    if terms.purpose.trim().is_empty() {
        return Err(Error::invalid("purpose", "error-peer-purpose"));
    }
    checked_answer(terms)
}

fn checked_answer(terms: &Terms) -> Result<Terms> {
    let fields = [("purpose", &terms.purpose), ("contact", &terms.contact), ("retention", &terms.retention)];
    for (field, text) in fields {
        if text.chars().count() > LONGEST {
            return Err(Error::invalid(field, "error-text-long"));
        }
    }
    let trim = |text: &str| text.trim().to_owned();
    Ok(Terms {
        scope: terms.scope.clone(),
        purpose: trim(&terms.purpose),
        contact: trim(&terms.contact),
        retention: trim(&terms.retention),
    })
}

fn common(one: &[PeerScope], other: &[PeerScope]) -> Vec<PeerScope> {
    PeerScope::ALL.iter().copied().filter(|scope| one.contains(scope) && other.contains(scope)).collect()
}

/// Every agreement and offer, for administrators.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<(Host, Option<Peering>)>> {
    policy::check_admin(viewer)?;
    store::peers::all(&mut ctx.db.read().await?).await
}

/// One host with what was agreed or offered.
pub async fn get(ctx: &Ctx, viewer: &Viewer, host: HostId) -> Result<(Host, Option<Peering>)> {
    policy::check_admin(viewer)?;
    let mut conn = ctx.db.read().await?;
    let found = store::federation::get_host(&mut conn, host).await?;
    Ok((found, store::peers::find(&mut conn, host).await?))
}

/// Offers an agreement to another server. Where it has made us an offer already, this accepts it, as far as both cover the
/// same; where one holds, it is made anew.
///
/// # Errors
/// `Forbidden`; `Invalid` for `host`, `scope`, `purpose` and longer texts.
pub async fn offer(ctx: &Ctx, viewer: &Viewer, host: &str, terms: Terms) -> Result<PeerState> {
    policy::check_admin(viewer)?;
    let (name, terms) = (host_name(ctx, host)?, checked(&terms)?);
    let c = ctx.clone();
    let state = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let id = store::actors::ensure_host(conn, HostId(c.ids.next()), &name).await?;
                let host = store::federation::get_host(conn, id).await?;
                if host.state == HostState::Blocked {
                    return Err(Error::invalid("host", "error-host-blocked"));
                }
                if host.peer_state == PeerState::Asked
                    && let Some(asked) = store::peers::find(conn, id).await?.filter(|p| !p.ours)
                {
                    agree(conn, &c, asked, &terms).await?;
                    return Ok(PeerState::Accepted);
                }
                let follow_uri = c.urls.activity(ActivityId(c.ids.next()));
                let peering = new_offer(id, follow_uri, true, &terms, c.now());
                store::peers::put(conn, &peering).await?;
                let scope = peering.scope.clone();
                set_state(conn, id, PeerState::Offered, Some(&scope)).await?;
                tell(conn, &c, &peering, Said::Offer).await?;
                Ok(PeerState::Offered)
            })
        })
        .await?;
    ctx.wake.now();
    Ok(state)
}

fn new_offer(host_id: HostId, follow_uri: String, ours: bool, terms: &Terms, now: Time) -> Peering {
    Peering {
        host_id,
        follow_uri,
        ours,
        scope: write_scopes(&terms.scope),
        purpose: terms.purpose.clone(),
        contact: terms.contact.clone(),
        retention: terms.retention.clone(),
        answer_contact: String::new(),
        answer_retention: String::new(),
        reason: String::new(),
        offered_at: now,
        answered_at: None,
        ended_at: None,
    }
}

/// Agrees to what was asked, as far as `terms` go. Within the caller's transaction.
async fn agree(conn: &mut Conn, ctx: &Ctx, mut peering: Peering, terms: &Terms) -> Result<()> {
    let shared = common(&peering.scopes(), &terms.scope);
    if shared.is_empty() {
        return Err(Error::invalid("scope", "error-peer-scope"));
    }
    peering.scope = write_scopes(&shared);
    peering.answer_contact = terms.contact.clone();
    peering.answer_retention = terms.retention.clone();
    peering.answered_at = Some(ctx.now());
    peering.ended_at = None;
    store::peers::put(conn, &peering).await?;
    let scope = Some(peering.scope.as_str());
    set_state(conn, peering.host_id, PeerState::Accepted, scope).await?;
    look_around(conn, ctx, peering.host_id).await?;
    tell(conn, ctx, &peering, Said::Accept).await
}

/// Accepts what another server offers: all of it, or less.
///
/// # Errors
/// `Forbidden`; `Conflict` when nothing waits for an answer; `Invalid` for `scope` when nothing is left.
pub async fn accept(ctx: &Ctx, viewer: &Viewer, host: HostId, terms: Terms) -> Result<()> {
    policy::check_admin(viewer)?;
    let (c, terms) = (ctx.clone(), checked_answer(&terms)?);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let state = store::federation::get_host(conn, host).await?.peer_state;
                let asked = store::peers::find(conn, host).await?.filter(|p| !p.ours && state == PeerState::Asked);
                let asked = asked.ok_or(Error::Conflict { reason: "error-peer-not-asked" })?;
                agree(conn, &c, asked, &terms).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Refuses an offer, takes one's own back, or ends an agreement. Nothing new travels from then on.
///
/// # Errors
/// `Forbidden`; `NotFound` when there is none.
pub async fn end(ctx: &Ctx, viewer: &Viewer, host: HostId, reason: &str) -> Result<()> {
    policy::check_admin(viewer)?;
    let reason = reason.trim().to_owned();
    if reason.chars().count() > LONGEST {
        return Err(Error::invalid("reason", "error-text-long"));
    }
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let known = store::federation::get_host(conn, host).await?;
                match store::peers::find(conn, host).await? {
                    Some(peering) => {
                        let what = if peering.ours { Said::Undo } else { Said::Reject };
                        let ended = Peering { reason, ended_at: Some(c.now()), ..peering };
                        store::peers::put(conn, &ended).await?;
                        tell(conn, &c, &ended, what).await?;
                    }
                    // Noted by hand, before offers travelled.
                    None if known.peer_state == PeerState::None => return Err(Error::NotFound),
                    None => {}
                }
                let scope = known.peer_scope.as_deref();
                set_state(conn, host, PeerState::Ended, scope).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Another server offers an agreement. Where we offered one to it at the same time, both agree at once.
pub async fn received_offer(ctx: &Ctx, host: HostId, follow: &str, terms: Terms) -> Result<()> {
    let (c, follow) = (ctx.clone(), follow.to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let known = store::federation::get_host(conn, host).await?;
                let before = store::peers::find(conn, host).await?;
                if let Some(before) = &before
                    && before.follow_uri == follow
                {
                    // Repeated: so is the answer, if there was one.
                    return match known.peer_state {
                        PeerState::Accepted => tell(conn, &c, before, Said::Accept).await,
                        PeerState::Ended => tell(conn, &c, before, Said::Reject).await,
                        _ => Ok(()),
                    };
                }
                let new = new_offer(host, follow, false, &terms, c.now());
                if known.peer_state == PeerState::Offered
                    && let Some(ours) = before.filter(|p| p.ours && !common(&p.scopes(), &terms.scope).is_empty())
                {
                    // Of the two, both sides keep the one with the lesser id: they hear of ours, and accept it.
                    if ours.follow_uri < new.follow_uri {
                        return Ok(());
                    }
                    let mine = Terms {
                        scope: ours.scopes(),
                        purpose: ours.purpose,
                        contact: ours.contact,
                        retention: ours.retention,
                    };
                    return agree(conn, &c, new, &mine).await;
                }
                let scope = new.scope.clone();
                store::peers::put(conn, &new).await?;
                set_state(conn, host, PeerState::Asked, Some(&scope)).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Another server agrees to what we offered. It can narrow it, never widen.
pub async fn received_accept(ctx: &Ctx, host: HostId, follow: &str, terms: Terms) -> Result<()> {
    let (c, follow) = (ctx.clone(), follow.to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let state = store::federation::get_host(conn, host).await?.peer_state;
                let Some(ours) = store::peers::find(conn, host).await?.filter(|p| p.ours && p.follow_uri == follow)
                else {
                    return Ok(());
                };
                if state != PeerState::Offered {
                    return Ok(());
                }
                // Other software answers without terms: what was offered holds.
                let shared = if terms.scope.is_empty() { ours.scopes() } else { common(&ours.scopes(), &terms.scope) };
                let agreed = Peering {
                    scope: write_scopes(&shared),
                    answer_contact: terms.contact,
                    answer_retention: terms.retention,
                    answered_at: Some(c.now()),
                    ..ours
                };
                store::peers::put(conn, &agreed).await?;
                let scope = Some(agreed.scope.as_str());
                set_state(conn, host, PeerState::Accepted, scope).await?;
                look_around(conn, &c, host).await
            })
        })
        .await
}

/// Another server refuses, takes its offer back, or ends the agreement.
pub async fn received_end(ctx: &Ctx, host: HostId, follow: &str, reason: &str) -> Result<()> {
    let (c, follow, reason) = (ctx.clone(), follow.to_owned(), reason.to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let Some(known) = store::peers::find(conn, host).await?.filter(|p| p.follow_uri == follow) else {
                    return Ok(());
                };
                let scope = known.scope.clone();
                let ended = Peering { reason, ended_at: Some(c.now()), ..known };
                store::peers::put(conn, &ended).await?;
                set_state(conn, host, PeerState::Ended, Some(&scope)).await
            })
        })
        .await
}

/// Hosts about which something was decided, for administrators.
pub async fn ruled(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Host>> {
    policy::check_admin(viewer)?;
    store::peers::ruled(&mut ctx.db.read().await?).await
}

/// A rule about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub host: String,
    /// Blocked, silenced or neither.
    pub state: HostState,
    /// Its pictures and files are left out.
    pub reject_media: bool,
    /// Why.
    pub reason: String,
}

/// Sets rules about hosts; those not named stay as they are. How many were set.
///
/// # Errors
/// `Forbidden`; `Invalid` for `host` and `reason`.
pub async fn set_rules(ctx: &Ctx, viewer: &Viewer, rules: Vec<Rule>) -> Result<usize> {
    policy::check_admin(viewer)?;
    let mut checked = Vec::new();
    for rule in rules {
        if rule.reason.chars().count() > LONGEST {
            return Err(Error::invalid("reason", "error-text-long"));
        }
        checked.push(Rule { host: host_name(ctx, &rule.host)?, ..rule });
    }
    let (c, count) = (ctx.clone(), checked.len());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for rule in checked {
                    let id = store::actors::ensure_host(conn, HostId(c.ids.next()), &rule.host).await?;
                    let reason = rule.reason.trim();
                    store::peers::set_rule(conn, id, rule.state, rule.reject_media, reason, c.now()).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(count)
}

/// The head of Mastodon's lists of domains.
const HEAD: &str = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate";

/// The rules as a list that Mastodon and others read: CSV.
pub fn to_csv(rules: &[Host]) -> String {
    let mut out = format!("{HEAD}\n");
    for host in rules {
        let severity = match host.state {
            HostState::Blocked => "suspend",
            HostState::Silenced => "silence",
            HostState::Known => "noop",
        };
        let reason = quoted(&host.reason);
        out.push_str(&format!("{},{severity},{},FALSE,{reason},FALSE\n", quoted(&host.name), upper(host.reject_media)));
    }
    out
}

fn upper(yes: bool) -> &'static str {
    if yes { "TRUE" } else { "FALSE" }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Reads such a list: with Mastodon's head, or a bare list of names, which are blocked.
///
/// # Errors
/// `Invalid` for `file` when there is nothing to read in it.
pub fn read_csv(text: &str) -> Result<Vec<Rule>> {
    let mut lines = cells(text.trim_start_matches('\u{feff}')).into_iter().peekable();
    let names = |line: &Vec<String>| line.iter().map(|c| c.trim_start_matches('#').to_lowercase()).collect::<Vec<_>>();
    let head = match lines.peek().map(names) {
        Some(head) if head.iter().any(|name| name == "domain") => {
            lines.next();
            head
        }
        _ => vec!["domain".to_owned()],
    };
    let at = |name: &str| head.iter().position(|h| h == name);
    let (domain, severity) = (at("domain").unwrap_or(0), at("severity"));
    let (media, comment) = (at("reject_media"), at("public_comment"));
    let mut rules = Vec::new();
    for line in lines.take(MOST_LINES) {
        let cell = |at: Option<usize>| at.and_then(|at| line.get(at)).map(|c| c.trim().to_owned()).unwrap_or_default();
        let host = cell(Some(domain));
        // Names that were made unreadable (`exa***.org`) say nothing.
        if host.is_empty() || host.contains('*') {
            continue;
        }
        let state = match cell(severity).as_str() {
            "" | "suspend" => HostState::Blocked,
            "silence" | "limit" => HostState::Silenced,
            _ => HostState::Known,
        };
        let reject_media = cell(media).eq_ignore_ascii_case("true");
        rules.push(Rule { host, state, reject_media, reason: cell(comment).chars().take(LONGEST).collect() });
    }
    if rules.is_empty() { Err(Error::invalid("file", "error-list-empty")) } else { Ok(rules) }
}

/// Lines and cells of CSV (RFC 4180).
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => inside = !inside,
            ',' if !inside => line.push(std::mem::take(&mut cell)),
            '\r' if !inside => {}
            '\n' if !inside => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            other => cell.push(other),
        }
    }
    if !cell.is_empty() || !line.is_empty() {
        line.push(cell);
        lines.push(line);
    }
    lines
}
