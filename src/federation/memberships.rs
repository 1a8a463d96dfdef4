//! Who may still read a closed group elsewhere: its host says so with each delivery (FEP-8fcf) and is asked once a day, so
//! that nobody goes on reading because one message was lost.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::fetch::signed_headers;
use super::sign::sha256;
use super::state::Federation;
use super::wire::{Doc, same_origin};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::GroupKind;
use crate::domain::peers::PeerScope;
use crate::net::{Get, Signer};
use crate::services::memberships::{Word, settle};
use crate::store::actors;
use crate::store::federation as rows;
use crate::store::jobs::{self, NewJob};
use crate::store::memberships::{self, Abroad};
use crate::urls::host_of;

/// The header of FEP-8fcf. It is not signed: whatever stands in it, it can only make us ask the group's own host.
pub(super) const SYNCHRONIZATION: HeaderName = HeaderName::from_static("collection-synchronization");
/// Memberships looked at in one go.
const CHUNK: i64 = 200;

/// The digest of a set of members: their ids hashed, all of them xored, in hexadecimal.
fn digest_of<'a>(members: impl Iterator<Item = &'a str>) -> String {
    let mut all = [0_u8; 32];
    for member in members {
        for (sum, byte) in all.iter_mut().zip(sha256(member.as_bytes())) {
            *sum ^= byte;
        }
    }
    all.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One parameter of the header.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(',').find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}

impl Federation {
    /// What a closed group of ours tells a host with each delivery: which members it has there.
    pub(super) async fn synchronization(&self, signer: &Actor, host: &str) -> Result<Option<HeaderValue>> {
        if !signer.is_group() || !signer.is_local() {
            return Ok(None);
        }
        if self.gathered.kinds.one(signer.id).await?.is_none_or(|(kind, ..)| kind == GroupKind::Public) {
            return Ok(None);
        }
        let Some(host) = self.known_host(host).await? else { return Ok(None) };
        let there = memberships::members_at(&mut self.ctx.db.read().await?, signer.id, host.id).await?;
        let digest = digest_of(there.iter().map(|(_, uri)| uri.as_str()));
        let group = &signer.uri;
        let text = format!("collectionId=\"{group}/followers\", url=\"{group}/synchronization\", digest=\"{digest}\"");
        HeaderValue::from_str(&text).map(Some).map_err(Error::internal)
    }

    /// Compares what the group that signed a delivery says of our members with what we know; where that differs, its host
    /// is asked who they are.
    pub(super) async fn compare_members(&self, signer: &Actor, headers: &HeaderMap) -> Result<()> {
        let Some(header) = headers.get(SYNCHRONIZATION).and_then(|v| v.to_str().ok()) else { return Ok(()) };
        let (Some(_), Some(url), Some(digest)) =
            (parameter(header, "collectionId"), parameter(header, "url"), parameter(header, "digest"))
        else {
            return Ok(());
        };
        if !signer.is_group() || !same_origin(url, &signer.uri) {
            return Ok(());
        }
        let here = memberships::members_at(&mut self.ctx.db.read().await?, signer.id, HostId::LOCAL).await?;
        if digest_of(here.iter().map(|(_, uri)| uri.as_str())) == digest.to_ascii_lowercase() {
            return Ok(());
        }
        tracing::debug!(group = %signer.uri, "members here and there differ");
        let payload = serde_json::json!({"group": signer.id, "url": url}).to_string();
        let key = format!("synchronize {}", signer.id);
        let (id, now) = (self.ctx.ids.next(), self.ctx.now());
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    let job = NewJob {
                        id,
                        kind: "synchronize",
                        payload: &payload,
                        dedup_key: Some(&key),
                        lane: None,
                        run_at: now,
                    };
                    jobs::enqueue(conn, job).await
                })
            })
            .await?;
        self.ctx.wake.now();
        Ok(())
    }

    /// Asks the host of a group for our members in it (the job `synchronize`). Who is missing there is out; who only waits
    /// here for an answer that was lost is in.
    pub(super) async fn synchronize(&self, payload: &str) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Asked {
            group: ActorId,
            url: String,
        }
        let asked: Asked = serde_json::from_str(payload).map_err(Error::internal)?;
        let group = actors::get(&mut self.ctx.db.read().await?, asked.group).await?;
        if !self.is_on() || group.is_local() || !same_origin(&asked.url, &group.uri) {
            return Ok(());
        }
        let named: HashSet<String> = match self.fetch_document(&asked.url, None).await {
            Ok(document) => Doc(&document).ids("orderedItems").into_iter().map(str::to_owned).collect(),
            // Of a group that we may not even know of, nobody here is a member.
            Err(Error::NotFound | Error::Gone) => HashSet::new(),
            Err(error) => return Err(error),
        };
        let here = memberships::members_at(&mut self.ctx.db.read().await?, group.id, HostId::LOCAL).await?;
        for (member, _) in here.iter().filter(|(_, uri)| !named.contains(uri)) {
            tracing::info!(%member, group = %group.uri, "no member there any more");
            crate::services::follows::received_absence(&self.ctx, *member, group.id).await?;
        }
        for uri in &named {
            let Some(member) = self.ours(uri).await? else { continue };
            crate::services::follows::received_accept(&self.ctx, member.id, group.id).await?;
        }
        Ok(())
    }

    /// Asks the hosts of all closed groups elsewhere whether our members are still theirs (the job `memberships`). A host
    /// that does not answer is asked once.
    pub async fn check_memberships(&self) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        let (mut after, mut silent) = (FollowId(-1), HashSet::new());
        loop {
            let chunk = memberships::abroad(&mut self.ctx.db.read().await?, after, CHUNK).await?;
            let Some(last) = chunk.last() else { return Ok(()) };
            after = last.id;
            for membership in &chunk {
                if self.is_paused(membership.group).await? {
                    continue;
                }
                let word = self.word_on(membership, &mut silent).await?;
                settle(&self.ctx, membership, word).await?;
            }
        }
    }

    /// Whether a group is for partners, and its server is none now: members are members still, for when it is agreed again.
    async fn is_paused(&self, group: ActorId) -> Result<bool> {
        let mut conn = self.ctx.db.read().await?;
        if rows::group_kind(&mut conn, group).await?.is_none_or(|(kind, ..)| kind != GroupKind::Network) {
            return Ok(false);
        }
        let host = actors::get(&mut conn, group).await?.host_id;
        Ok(!rows::get_host(&mut conn, host).await?.agreed(PeerScope::Network))
    }

    async fn word_on(&self, membership: &Abroad, silent: &mut HashSet<HostId>) -> Result<Word> {
        let mut conn = self.ctx.db.read().await?;
        let group = actors::get(&mut conn, membership.group).await?;
        let member = actors::get(&mut conn, membership.member).await?;
        drop(conn);
        if silent.contains(&group.host_id) {
            return Ok(Word::Silence);
        }
        let word = self.ask_membership(&group, &member).await;
        match word {
            Word::Silence => {
                silent.insert(group.host_id);
            }
            known => self.members_there.insert((group.id, member.id), known == Word::Yes).await,
        }
        Ok(word)
    }

    /// Asks the host of a group whether one of ours is a member, in the member's own name (Lemmy's `is_follower`).
    async fn ask_membership(&self, group: &Actor, member: &Actor) -> Word {
        match self.membership_status(group, member).await {
            Ok(200..300) => Word::Yes,
            // 400: the group is not closed there, so that everybody reads it.
            Ok(400) => Word::Yes,
            Ok(403 | 404 | 410) => Word::No,
            Ok(status) => {
                tracing::debug!(status, group = %group.uri, "no word on a membership");
                Word::Silence
            }
            Err(error) => {
                tracing::debug!(%error, group = %group.uri, "membership could not be asked");
                Word::Silence
            }
        }
    }

    async fn membership_status(&self, group: &Actor, member: &Actor) -> Result<u16> {
        self.check_host_of(&group.uri).await?;
        let followers = group.followers_uri.clone().unwrap_or_else(|| format!("{}/followers", group.uri));
        let url = Url::parse_with_params(&followers, [("is_follower", &member.uri)]).map_err(|_| Error::NotFound)?;
        let keys = self.keys.of(member).await?;
        let form = self.form_of(&host_of(url.as_str()).unwrap_or_default()).await?;
        let now = self.ctx.now();
        let sign = |hop: &Url| signed_headers(&keys, form, "GET", hop, None, now);
        let signer = Signer { identity: &keys.key_id, sign: &sign };
        Ok(self.client.get(Get::new(&url).signed(signer)).await?.status)
    }
}
