//! Members: people with an account on this instance.

use crate::base::{ActorId, BranchId, InvitationId, Time, text_enum};

text_enum! {
    /// What someone may do on the whole instance.
    pub enum Role {
        /// Answers for the instance; there is always one.
        Owner = "owner",
        /// Runs the instance.
        Admin = "admin",
        /// Keeps order.
        Moderator = "moderator",
        /// Everyone else.
        Member = "member",
    }

    /// A label, never a right.
    pub enum PersonKind {
        /// Employed here.
        Staff = "staff",
        /// Volunteer.
        Volunteer = "volunteer",
        /// From a partner organisation.
        Partner = "partner",
        /// Takes part in the groups they were invited to.
        Guest = "guest",
    }

    /// Who may start a direct conversation with a member.
    pub enum DirectFrom {
        /// Anyone, from any server.
        Everyone = "everyone",
        /// Members of this instance.
        Organisation = "organisation",
        /// Nobody.
        Nobody = "nobody",
    }
}

impl Role {
    /// May run the instance: settings, people, invitations.
    pub fn is_admin(self) -> bool {
        matches!(self, Role::Owner | Role::Admin)
    }

    /// May keep order on the instance.
    pub fn is_moderator(self) -> bool {
        self != Role::Member
    }
}

/// The account side of a person here; the public side is their [`Actor`](super::actors::Actor).
#[derive(Clone, Debug)]
pub struct Member {
    /// The actor.
    pub actor_id: ActorId,
    /// Address, as typed.
    pub email: Option<String>,
    /// argon2id, PHC string.
    pub password_hash: Option<String>,
    /// Role on the instance.
    pub role: Role,
    /// Label.
    pub person_kind: PersonKind,
    /// Takes part only in the groups they were invited to.
    pub is_guest: bool,
    /// Function, as they call it.
    pub job_title: String,
    /// How the name is said.
    pub pronunciation: String,
    /// Where they work.
    pub branch_id: Option<BranchId>,
    /// Languages they speak, comma separated tags.
    pub languages: String,
    /// How they like to be reached, free text.
    pub contact: String,
    /// Who may write to them directly.
    pub direct_from: DirectFrom,
    /// Chose to be found by everyone, also before they write anything open.
    pub findable: bool,
    /// Chosen language of the pages.
    pub locale: Option<String>,
    /// auto, light or dark.
    pub theme: String,
    /// normal, large or larger.
    pub text_size: String,
    /// auto or high.
    pub contrast: String,
    /// Wants mail about notices.
    pub notify_mail: bool,
    /// `received_seq` up to which home was seen.
    pub home_seen_seq: i64,
    /// Who invited them.
    pub invited_by: Option<ActorId>,
    /// What they wrote when asking to join.
    pub request_note: String,
    /// Last time they did something here.
    pub last_seen_at: Option<Time>,
    /// Account made.
    pub created_at: Time,
}

text_enum! {
    /// What a one-time link is for.
    pub enum TokenPurpose {
        /// Signing in, once.
        SignIn = "sign_in",
        /// Opening the first-run page, once.
        FirstRun = "first_run",
        /// The personal link of a guest: may be used again until it expires unused.
        Guest = "guest",
        /// Confirming an address, once.
        ConfirmEmail = "confirm_email",
    }
}

/// A branch of the organisation.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Our id.
    pub id: BranchId,
    /// Name in the address of its page, `[a-z0-9_]`.
    pub name_key: String,
    /// Shown name.
    pub name: String,
    /// Where it is, free text.
    pub address: String,
}

/// An invitation to become a member here.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Our id.
    pub id: InvitationId,
    /// What stands in the link.
    pub code: String,
    /// Who invites.
    pub inviter_id: ActorId,
    /// Label of whoever accepts; guests become guests.
    pub person_kind: PersonKind,
    /// A word to whoever is invited.
    pub note: String,
    /// How often it may be used.
    pub max_uses: i32,
    /// How often it was.
    pub uses: i32,
    /// When it was made.
    pub created_at: Time,
    /// Until when it may be used.
    pub expires_at: Time,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}

impl Invitation {
    /// Whether it may be used at `now`.
    pub fn is_open(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at > now && self.uses < self.max_uses
    }
}
