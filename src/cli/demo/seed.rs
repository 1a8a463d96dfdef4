//! Writes the demo into both databases, one transaction each.

use std::collections::HashMap;

use super::actors::new_actor;
use super::content::{Content, Group};
use super::pictures::{Picture, keep_pictures};
use super::plan::{Plan, Planned};
use crate::base::*;
use crate::config::Config;
use crate::domain::actors::ActorKind;
use crate::domain::audiences::Audience;
use crate::domain::groups::{self, Follow, FollowState, GroupKind, GroupRole, Notify};
use crate::domain::media::{Media, MediaKind, MediaPurpose, MediaState};
use crate::domain::notices::NoticeKind;
use crate::domain::peers::PeerState;
use crate::domain::posts::*;
use crate::store::actors::NewActor;
use crate::store::notices::{NewNotice, NoticeTo};
use crate::store::posts::{AtHome, Counts, NewPost};
use crate::store::{self, Conn, Db};
use crate::text::{self, Handle, Links, MentionLink};
use crate::urls::Urls;

/// One side of the demo.
pub struct Instance {
    pub key: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub config: Config,
}

/// Whether there is nothing in the database yet.
pub async fn is_new(config: &Config) -> Result<bool> {
    let db = Db::open(config.database.url.as_str()).await?;
    Ok(store::settings::get(&mut db.read().await?, "demo").await?.is_none())
}

/// Fills both, and says how far it is.
pub async fn run(instances: [Instance; 2], say: fn(&str)) -> Result<()> {
    let clock = Clock::system();
    let mut urls = HashMap::new();
    for instance in &instances {
        let config = &instance.config.instance;
        urls.insert(instance.key, Urls::new(config.scheme.as_str(), &config.domain)?);
    }
    let plan = std::sync::Arc::new(Plan::new(Content::load()?, urls, clock.now()));
    let names: HashMap<&'static str, &'static str> = instances.iter().map(|side| (side.key, side.name)).collect();
    for instance in instances {
        let ctx = crate::app::open(instance.config.clone(), clock.clone()).await?;
        let pictures = keep_pictures(&ctx, &plan, instance.key).await?;
        say(&format!("  {}: pictures", instance.name));
        let (plan, key) = (plan.clone(), instance.key);
        let (name, about, names) = (instance.name, instance.about, names.clone());
        ctx.db
            .write(move |conn| {
                Box::pin(async move {
                    let side = Side { plan: &plan, key, pictures, names };
                    side.write(conn, name, about).await
                })
            })
            .await?;
        say(&format!("  {}: people, groups and posts", instance.name));
    }
    Ok(())
}

/// One side while it is written.
struct Side<'a> {
    plan: &'a Plan,
    key: &'static str,
    pictures: HashMap<String, Picture>,
    /// What the organisations are called.
    names: HashMap<&'static str, &'static str>,
}

impl Side<'_> {
    async fn write(&self, conn: &mut Conn, name: &str, about: &str) -> Result<()> {
        for (key, value) in [("name", name), ("description", about), ("locale", "nl"), ("demo", "1")] {
            store::settings::set(conn, key, value).await?;
        }
        let hosts = self.write_hosts(conn).await?;
        let branches = self.write_branches(conn).await?;
        for person in &self.plan.content.people {
            self.write_person(conn, person, &hosts, &branches).await?;
        }
        let mut audiences = HashMap::new();
        for group in self.plan.content.groups.iter().filter(|g| self.plan.knows(self.key, g)) {
            let audience = self.write_group(conn, group, &hosts, &branches).await?;
            audiences.insert(group.key.clone(), audience);
        }
        let posts = self.plan.posts();
        for planned in &posts {
            if let Some(audience) = audiences.get(&planned.group.key) {
                self.write_post(conn, planned, *audience).await?;
            }
        }
        super::wiki::write(self.plan, self.key, conn).await?;
        super::extras::write(self.plan, self.key, conn).await?;
        super::newcomers::write(self.plan, self.key, conn).await?;
        super::knowledge::write(self.plan, self.key, &posts, conn).await
    }

    /// The other instance is an accepted peer.
    async fn write_hosts(&self, conn: &mut Conn) -> Result<HashMap<&'static str, HostId>> {
        let mut hosts = HashMap::from([(self.key, HostId::LOCAL)]);
        for (key, urls) in &self.plan.urls {
            if *key != self.key {
                let id = HostId(self.plan.id_at(self.plan.ago(400.0)));
                let id = store::actors::ensure_host(conn, id, urls.host()).await?;
                crate::services::peers::set_state(conn, id, PeerState::Accepted, Some("network,people")).await?;
                self.write_server(conn, key, id, urls).await?;
                store::federation::set_software(
                    conn,
                    id,
                    Some("kring"),
                    Some(env!("CARGO_PKG_VERSION")),
                    self.plan.now,
                )
                .await?;
                hosts.insert(*key, id);
            }
        }
        Ok(hosts)
    }

    /// The other server's actor, which gives its organisation a name here.
    async fn write_server(&self, conn: &mut Conn, key: &str, host: HostId, urls: &Urls) -> Result<()> {
        // Before anyone else: ids at one moment repeat after 512.
        let id = ActorId(self.plan.id_at(self.plan.ago(401.3)));
        let (name, shown) = (urls.host().split(':').next().unwrap_or_default(), self.names.get(key).copied());
        let shown = shown.filter(|shown| !shown.is_empty()).unwrap_or(name);
        let server = new_actor(urls, ActorKind::Application, id, host, name, shown, self.plan.now);
        // Its keys are not here: it is asked for them when they are needed.
        store::actors::upsert(conn, &NewActor { fetched_at: None, ..server }).await.map(|_| ())
    }

    async fn write_branches(&self, conn: &mut Conn) -> Result<HashMap<String, BranchId>> {
        let mut branches = HashMap::new();
        for branch in self.plan.content.branches.iter().filter(|b| b.instance == self.key) {
            let id = BranchId(self.plan.id_at(self.plan.ago(400.0)));
            let row = crate::domain::people::Branch {
                id,
                name_key: branch.key.clone(),
                name: branch.name.clone(),
                address: branch.address.clone(),
            };
            store::branches::insert(conn, &row, self.plan.now).await?;
            branches.insert(branch.key.clone(), id);
        }
        Ok(branches)
    }

    fn host(&self, hosts: &HashMap<&'static str, HostId>, instance: &str) -> Result<HostId> {
        hosts.get(instance).copied().ok_or_else(|| Error::internal(format!("no instance {instance}")))
    }

    async fn write_person(
        &self,
        conn: &mut Conn,
        person: &super::content::Person,
        hosts: &HashMap<&'static str, HostId>,
        branches: &HashMap<String, BranchId>,
    ) -> Result<()> {
        let id = self.plan.actor(&person.key)?;
        let host = self.host(hosts, &person.instance)?;
        let local = host == HostId::LOCAL;
        let urls = self.plan.home(&person.instance)?;
        let avatar = self.plan.avatars.get(&person.key).copied();
        let search = format!("{} {} {} {}", person.name, person.key, person.about, person.title);
        let mut new = new_actor(urls, ActorKind::Person, id, host, &person.key, &person.name, self.plan.now);
        new.created_at = time_of(id.0);
        new.summary_source = if local { person.about.clone() } else { String::new() };
        new.summary_html = self.render(&person.about)?;
        new.search_text = text::fold(&search);
        new.icon_url = avatar.filter(|_| !local).map(|media| urls.media(media, false));
        store::actors::upsert(conn, &new).await?;
        if !local {
            return Ok(());
        }
        if let (Some(media), Some(picture)) = (avatar, self.pictures.get(&person.key)) {
            let file = self.file(media, id, None, MediaPurpose::Avatar, picture, "");
            store::media::insert(conn, &file, new.created_at).await?;
            store::actors::set_icon(conn, id, Some(media), new.created_at).await?;
        }
        let member = store::people::NewMember {
            actor_id: id,
            email: Some(person.email.clone()),
            email_key: crate::services::people::email_key(&person.email),
            password_hash: None,
            role: person.role,
            person_kind: person.kind,
            is_guest: person.kind == crate::domain::people::PersonKind::Guest,
            job_title: person.title.clone(),
            branch_id: person.branch.as_ref().and_then(|key| branches.get(key).copied()),
            locale: Some("nl".to_owned()),
            invited_by: None,
            request_note: String::new(),
            created_at: new.created_at,
        };
        store::people::insert(conn, &member).await?;
        store::people::set_last_seen(conn, id, self.plan.ago(1.0)).await?;
        let details = store::people::Details {
            job_title: person.title.clone(),
            pronunciation: person.pronunciation.clone().unwrap_or_default(),
            branch_id: member.branch_id,
            languages: person.languages.join(","),
            contact: String::new(),
        };
        store::people::set_details(conn, id, &details).await?;
        let seen = self.plan.id_at(self.plan.ago(0.9));
        store::members::set_home_seen(conn, id, seen).await?;
        Ok(())
    }

    /// The HTML of a text; names of people link to their pages wherever they live.
    fn render(&self, source: &str) -> Result<SafeHtml> {
        let urls = self.plan.home(self.key)?;
        let mut mentions = HashMap::new();
        for handle in text::scan(source).mentions {
            if let Some(person) = self.mentioned(&handle) {
                let link = MentionLink { href: self.plan.person_uri(person)?, handle: person.to_owned() };
                mentions.insert(handle, link);
            }
        }
        Ok(text::render(source, &Links { mentions, tag_base: urls.tag_base() }))
    }

    fn mentioned(&self, handle: &Handle) -> Option<&str> {
        self.plan.content.people.iter().find(|p| p.key == handle.name).map(|p| p.key.as_str())
    }

    async fn write_group(
        &self,
        conn: &mut Conn,
        group: &Group,
        hosts: &HashMap<&'static str, HostId>,
        branches: &HashMap<String, BranchId>,
    ) -> Result<AudienceId> {
        let id = self.plan.actor(&group.key)?;
        let host = self.host(hosts, &group.instance)?;
        let local = host == HostId::LOCAL;
        let urls = self.plan.home(&group.instance)?;
        let mut new = new_actor(urls, ActorKind::Group, id, host, &group.key, &group.title, self.plan.now);
        new.created_at = time_of(id.0);
        new.summary_source = if local { group.description.clone() } else { String::new() };
        new.summary_html = self.render(&group.description)?;
        new.locked = group.kind == GroupKind::Private;
        new.discoverable = group.kind == GroupKind::Public;
        new.search_text = text::fold(&format!("{} {} {}", group.title, group.description, group.topics.join(" ")));
        let actor = store::actors::upsert(conn, &new).await?;
        let audience =
            Audience { id: AudienceId(self.plan.id_at(new.created_at)), scope: group.kind.scope(), owner_id: id };
        store::groups::insert_audience(conn, &audience).await?;
        let row = groups::Group {
            actor_id: id,
            kind: group.kind,
            hidden: group.hidden && local,
            posting: group.posting,
            approval: group.kind == GroupKind::Private,
            outside_members: group.outside_members,
            bare_notices: false,
            audience_id: audience.id,
            spine: group.spine,
            topics: group.topics.join(", "),
            branch_id: group.branch.as_ref().filter(|_| local).and_then(|key| branches.get(key).copied()),
            rules_source: group.rules.clone(),
            rules_html: self.render(&group.rules)?.into_string(),
            card_source: group.pinned.clone(),
            card_html: self.render(&group.pinned)?.into_string(),
            members_count: 0,
            created_by: None,
            archived_at: None,
        };
        store::groups::upsert(conn, &row).await?;
        for key in group.everyone() {
            self.write_membership(conn, group, &actor, audience.id, key, hosts).await?;
        }
        Ok(audience.id)
    }

    async fn write_membership(
        &self,
        conn: &mut Conn,
        group: &Group,
        actor: &crate::domain::actors::Actor,
        audience: AudienceId,
        key: &str,
        hosts: &HashMap<&'static str, HostId>,
    ) -> Result<()> {
        let person = self.plan.person(key)?;
        let host = self.host(hosts, &person.instance)?;
        let role = match key {
            _ if key == group.owner => GroupRole::Owner,
            _ if group.moderators.iter().any(|m| m == key) => GroupRole::Moderator,
            _ => GroupRole::Member,
        };
        let follower = self.plan.actor(key)?;
        let id = self.plan.follow(follower, actor.id);
        let follow = Follow {
            id,
            follower_id: follower,
            target_id: actor.id,
            state: FollowState::Accepted,
            role,
            may_post: true,
            uri: Some(self.plan.home(&person.instance)?.follow(id)),
            notify: Notify::Mentions,
            muted: false,
            reason: String::new(),
            until_at: None,
            seen_seq: self.plan.id_at(self.plan.ago(1.3)),
            created_at: actor.created_at,
        };
        store::groups::upsert_follow(conn, &follow).await?;
        store::groups::add_reader(conn, audience, follower, host).await?;
        store::groups::add_members_count(conn, actor.id, 1).await?;
        let told = group.kind == GroupKind::Public;
        store::actors::add_follow_counts(conn, follower, actor.id, 1, told).await?;
        Ok(())
    }

    async fn write_post(&self, conn: &mut Conn, planned: &Planned<'_>, audience: AudienceId) -> Result<()> {
        let author = self.plan.person(planned.author)?;
        let local = author.instance == self.key;
        let uri = self.plan.home(&author.instance)?.post(planned.id);
        let html = self.render(planned.body)?;
        let top = planned.top;
        let title = top.and_then(|p| p.title.clone()).unwrap_or_default();
        let post = Post {
            id: planned.id,
            url: uri.clone(),
            uri,
            author_id: self.plan.actor(planned.author)?,
            group_id: Some(self.plan.actor(&planned.group.key)?),
            audience_id: audience,
            kind: top.map_or(PostKind::Comment, |p| p.kind),
            parent_id: planned.parent,
            root_id: planned.root,
            source: if local { planned.body.to_owned() } else { String::new() },
            html: html.as_str().to_owned(),
            language: Some("nl".to_owned()),
            sensitive: false,
            warning: String::new(),
            link_url: top.and_then(|p| p.link.clone()),
            state: PostState::Published,
            accepted_id: None,
            pinned_at: None,
            locked: false,
            replies_count: 0,
            reactions_count: 0,
            shares_count: 0,
            published_at: planned.at,
            edited_at: None,
            removed_by: None,
            removed_reason: String::new(),
            received_seq: planned.id.0,
            title,
        };
        let search_text = text::fold(&format!("{} {}", post.title, text::plain(&html)));
        let new = NewPost { post, parent_uri: None, search_text };
        store::posts::insert(conn, &new).await?;
        let post = new.post;
        self.write_marks(conn, planned, &post).await?;
        match planned.parent {
            Some(parent) => {
                let mut counts = Counts::default();
                counts.reply(planned.root, post.received_seq);
                if parent != planned.root {
                    counts.reply(parent, post.received_seq);
                }
                store::posts::end(conn, &[], &[], &counts).await?;
            }
            None => self.write_top(conn, planned, &post, local).await?,
        }
        self.write_notices(conn, planned, &post).await
    }

    /// Entry of the author, mentions and tags.
    async fn write_marks(&self, conn: &mut Conn, planned: &Planned<'_>, post: &Post) -> Result<()> {
        let own = Entry { id: EntryId(post.id.0), source_id: post.author_id, post_id: post.id, how: EntryKind::Author };
        let mut counts = Counts::default();
        counts.post(post.author_id, post.published_at);
        store::posts::end(conn, &[own], &[], &counts).await?;
        let found = text::scan(planned.body);
        let mut who = Vec::new();
        for handle in &found.mentions {
            if let Some(key) = self.mentioned(handle) {
                who.push(self.plan.actor(key)?);
            }
        }
        store::posts::add_mentions(conn, post.id, &who).await?;
        store::posts::add_tags(conn, post.id, &found.hashtags).await?;
        Ok(())
    }

    /// What only top-level posts have: the group's entry, homes, picture, vote, thanks, accepted answer.
    async fn write_top(&self, conn: &mut Conn, planned: &Planned<'_>, post: &Post, local: bool) -> Result<()> {
        let Some(top) = planned.top else { return Ok(()) };
        let group = self.plan.actor(&planned.group.key)?;
        let entry_id = EntryId(post.id.0 + 1);
        let entry = Entry { id: entry_id, source_id: group, post_id: post.id, how: EntryKind::Group };
        let mut counts = Counts::default();
        counts.post(group, post.published_at);
        store::posts::end(conn, &[entry], &[], &counts).await?;
        let mut members = Vec::new();
        for key in planned.group.everyone() {
            if self.plan.person(key)?.instance == self.key {
                members.push(self.plan.actor(key)?);
            }
        }
        store::posts::insert_home(conn, &[AtHome { members, entry: entry_id, post: post.id }]).await?;
        if let (Some(media), Some(name)) = (planned.media, &top.picture) {
            let alt = top.alt.as_deref().unwrap_or_default();
            self.write_picture(conn, planned, post, media, name, alt, local).await?;
        }
        if let Some(poll) = &top.poll {
            self.write_poll(conn, post, poll).await?;
        }
        for key in &top.thanks {
            let actor = self.plan.actor(key)?;
            let id = self.plan.id_at(planned.at.plus(Time::HOUR));
            let uri = self.plan.home(&self.plan.person(key)?.instance)?.activity(ActivityId(id));
            if store::posts::insert_reaction(conn, id, actor, post.id, ReactionKind::Thanks, &uri).await? {
                let mut counts = Counts::default();
                counts.reaction(post.id, 1);
                store::posts::end(conn, &[], &[], &counts).await?;
            }
        }
        if planned.accepted.is_some() {
            store::posts::set_accepted(conn, post.id, planned.accepted).await?;
        }
        Ok(())
    }

    async fn write_picture(
        &self,
        conn: &mut Conn,
        planned: &Planned<'_>,
        post: &Post,
        id: MediaId,
        name: &str,
        alt: &str,
        local: bool,
    ) -> Result<()> {
        let picture = self.pictures.get(name).ok_or_else(|| Error::internal(format!("no picture {name}")))?;
        let mut file = self.file(id, post.author_id, Some(post.id), MediaPurpose::Post, picture, alt);
        if !local {
            let home = self.plan.home(&self.plan.person(planned.author)?.instance)?;
            file.remote_url = Some(home.media(id, false));
            file.state = MediaState::Remote;
            (file.key, file.thumb_key, file.thumb_mime) = (None, None, None);
        }
        store::media::insert(conn, &file, planned.at).await?;
        Ok(())
    }

    fn file(
        &self,
        id: MediaId,
        owner: ActorId,
        post: Option<PostId>,
        purpose: MediaPurpose,
        picture: &Picture,
        alt: &str,
    ) -> Media {
        Media {
            id,
            owner_id: owner,
            post_id: post,
            purpose,
            position: 0,
            kind: MediaKind::Image,
            mime: picture.mime.to_owned(),
            file_name: "foto".to_owned(),
            size: picture.size,
            width: Some(picture.width),
            height: Some(picture.height),
            blurhash: picture.blurhash.clone(),
            description: alt.to_owned(),
            focus_x: None,
            focus_y: None,
            key: Some(picture.key.clone()),
            thumb_key: picture.thumb.as_ref().map(|(key, _)| key.clone()),
            thumb_mime: picture.thumb.as_ref().map(|(_, mime)| (*mime).to_owned()),
            remote_url: None,
            state: MediaState::Ready,
        }
    }

    async fn write_poll(&self, conn: &mut Conn, post: &Post, poll: &super::content::Poll) -> Result<()> {
        let closes_at = self.plan.ago(-poll.closes_in_days);
        let option = |(position, title): (usize, &String)| PollOption {
            position: i32::try_from(position).unwrap_or(0),
            title: title.clone(),
            votes_count: 0,
        };
        let row = Poll {
            multiple: poll.multiple,
            hidden: false,
            closes_at: Some(closes_at),
            closed_at: (closes_at <= self.plan.now).then_some(closes_at),
            voters_count: 0,
            options: poll.options.iter().enumerate().map(option).collect(),
            own: Vec::new(),
        };
        store::posts::insert_poll(conn, post.id, &row).await?;
        for (key, positions) in &poll.votes {
            for position in positions {
                store::posts::insert_vote(conn, post.id, self.plan.actor(key)?, *position).await?;
            }
            store::posts::add_voter(conn, post.id).await?;
        }
        Ok(())
    }

    /// Fresh answers and mentions are still to be read.
    async fn write_notices(&self, conn: &mut Conn, planned: &Planned<'_>, post: &Post) -> Result<()> {
        if planned.at < self.plan.ago(3.0) {
            return Ok(());
        }
        let mut told = vec![post.author_id];
        let mentioned = text::scan(planned.body).mentions;
        let mut tell: Vec<(NoticeKind, &str)> =
            mentioned.iter().filter_map(|h| self.mentioned(h)).map(|key| (NoticeKind::Mention, key)).collect();
        if let Some(parent) = planned.parent {
            let all = self.plan.content.people.iter();
            let author = store::posts::find(conn, parent).await?.map(|p| p.author_id);
            let key = all.into_iter().find(|p| self.plan.actors.get(&p.key).copied() == author);
            tell.extend(key.map(|p| (NoticeKind::Reply, p.key.as_str())));
        }
        for (kind, key) in tell {
            let member = self.plan.actor(key)?;
            if self.plan.person(key)?.instance != self.key || told.contains(&member) {
                continue;
            }
            told.push(member);
            let told = NoticeTo { id: NotificationId(self.plan.id_at(planned.at)), member, filtered: false };
            let new = NewNotice {
                kind,
                actor_id: Some(post.author_id),
                post_id: Some(post.id),
                group_id: post.group_id,
                detail: String::new(),
                group_key: format!("{kind}-{}", post.id),
                created_at: planned.at,
            };
            store::notices::insert(conn, &[(vec![told], new)]).await?;
        }
        Ok(())
    }
}
