//! People, groups and posts, made through the same services as the pages use.

use kring::base::{ActorId, PostId};
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{GroupKind, Posting};
use kring::domain::people::{DirectFrom, Role};
use kring::domain::posts::PostKind;
use kring::services::groups::GroupForm;
use kring::services::people::{ContactChoices, NewMember};
use kring::services::posts::PostForm;
use kring::services::sessions::{self, Device};
use kring::services::{follows, groups, people, posts};

use super::{Browser, TestApp};

/// A member and who they are to the services.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their actor.
    pub id: ActorId,
    /// Account name.
    pub name: String,
    /// Who looks when they look.
    pub viewer: Viewer,
}

/// A picture of one red dot.
pub const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0,
    0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// The usual choices of who wants to be found.
pub fn findable() -> ContactChoices {
    ContactChoices { findable: true, direct_from: DirectFrom::Everyone, notify_mail: true }
}

impl TestApp {
    /// A member whose account name is the first word of `display_name`, in small letters.
    pub async fn person(&self, display_name: &str) -> Person {
        self.member(display_name, |_| {}).await
    }

    /// A moderator of the instance.
    pub async fn moderator(&self, display_name: &str) -> Person {
        self.member(display_name, |new| new.role = Role::Moderator).await
    }

    /// An administrator of the instance.
    pub async fn admin(&self, display_name: &str) -> Person {
        self.member(display_name, |new| new.role = Role::Admin).await
    }

    /// A guest: only in the groups they were invited to.
    pub async fn guest(&self, display_name: &str) -> Person {
        self.member(display_name, |new| new.is_guest = true).await
    }

    /// A member with everything as `change` sets it.
    pub async fn member(&self, display_name: &str, change: impl FnOnce(&mut NewMember)) -> Person {
        let mut new = NewMember::named(display_name);
        let first = display_name.split_whitespace().next().unwrap_or_default().to_lowercase();
        new.name = first.chars().filter(char::is_ascii_alphanumeric).collect();
        new.email = Some(format!("{}@example.org", new.name));
        change(&mut new);
        let (name, role, guest) = (new.name.clone(), new.role, new.is_guest);
        let id = people::create_member(self.ctx(), new).await.expect("a member");
        let viewer = Viewer::Member { id, role, guest };
        if !guest {
            people::set_contact_choices(self.ctx(), &viewer, findable()).await.expect("choices");
        }
        Person { id, name, viewer }
    }

    /// A group with usual settings, named after the first word of its title.
    pub async fn group(&self, owner: &Person, title: &str, kind: GroupKind) -> Actor {
        self.group_with(owner, title, kind, |_| {}).await
    }

    /// A group with everything as `change` sets it.
    pub async fn group_with(
        &self,
        owner: &Person,
        title: &str,
        kind: GroupKind,
        change: impl FnOnce(&mut GroupForm),
    ) -> Actor {
        let first = title.split_whitespace().next().unwrap_or_default().to_lowercase();
        let mut form = GroupForm {
            title: title.to_owned(),
            name: first.chars().filter(char::is_ascii_alphanumeric).collect(),
            description: format!("Alles over {title}."),
            kind,
            hidden: false,
            posting: Posting::Members,
            approval: false,
            outside_members: false,
            bare_notices: false,
            rules: String::new(),
            card: String::new(),
            topics: String::new(),
            branch_id: None,
            spine: 0,
        };
        change(&mut form);
        groups::create(self.ctx(), &owner.viewer, form).await.expect("a group")
    }

    /// Makes `person` a member, letting them in where that is asked; `owner` lets in or invites.
    pub async fn join(&self, person: &Person, group: &Actor, owner: &Person) {
        use kring::domain::groups::FollowState;
        let ctx = self.ctx();
        let state = match follows::request(ctx, &person.viewer, group.id, "").await {
            Ok(state) => state,
            Err(_) => {
                follows::invite(ctx, &owner.viewer, group.id, person.id).await.expect("an invitation");
                follows::request(ctx, &person.viewer, group.id, "").await.expect("an answer to the invitation")
            }
        };
        if state == FollowState::Requested {
            follows::accept(ctx, &owner.viewer, group.id, person.id).await.expect("the request accepted");
        }
    }

    /// A message in a group.
    pub async fn post(&self, author: &Person, group: &Actor, text: &str) -> PostId {
        let mut form = PostForm::new(PostKind::Message, text);
        form.group = Some(group.id);
        posts::publish(self.ctx(), &author.viewer, form).await.expect("a post").id
    }

    /// An answer.
    pub async fn comment(&self, author: &Person, parent: PostId, text: &str) -> PostId {
        let mut form = PostForm::new(PostKind::Comment, text);
        form.parent = Some(parent);
        posts::publish(self.ctx(), &author.viewer, form).await.expect("a comment").id
    }

    /// A session of this person: name of the cookie, its value, and the secret of forms.
    pub async fn session(&self, person: &Person) -> (String, String, String) {
        let ctx = self.ctx();
        let begun = sessions::create(ctx, person.id, Device::default()).await.expect("a session");
        let session = sessions::load(ctx, &begun.token).await.expect("sessions").expect("the new session");
        let host: String = ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        (format!("kring_{host}"), begun.token, session.csrf)
    }

    /// A browser in which this person is signed in.
    pub async fn browser(&self, person: &Person) -> Browser {
        let (cookie, value, csrf) = self.session(person).await;
        self.visitor().signed_in(&cookie, &value, &csrf)
    }

    /// A browser in which nobody is signed in.
    pub fn visitor(&self) -> Browser {
        Browser::new(&self.origin(), self.address())
    }
}
