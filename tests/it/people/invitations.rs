use kring::base::{Error, Time};
use kring::domain::groups::GroupKind;
use kring::domain::people::{PersonKind, Role};
use kring::services::groups;
use kring::services::invitations::{self, Acceptance, NewInvitation};
use kring::services::sessions;

use super::{Place, codes, everywhere, phone, reason};

fn new(groups: Vec<kring::base::ActorId>, kind: PersonKind) -> NewInvitation {
    NewInvitation { groups, person_kind: kind, max_uses: 1, days: None, note: "Welkom!".into() }
}

fn form(name: &str) -> Acceptance {
    Acceptance {
        display_name: name.into(),
        email: format!("{}@example.org", name.to_lowercase()),
        locale: "nl".into(),
        ..Acceptance::default()
    }
}

#[test]
fn an_invitation_opens_the_instance_and_its_groups() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let group = place.group(&owner, "Taalcafé", GroupKind::Private).await;
        let made = invitations::create(ctx, &owner, new(vec![group.id], PersonKind::Volunteer)).await.unwrap();
        let seen = invitations::open(ctx, &made.code.to_uppercase(), &phone()).await.unwrap();
        assert_eq!((seen.inviter.display_name.as_str(), seen.groups.len()), ("Maria", 1));
        assert_eq!(codes(invitations::accept(ctx, &made.code, form(""), phone()).await)[0].0, "display_name");
        let begun = invitations::accept(ctx, &made.code, form("Fatma"), phone()).await.unwrap();
        let session = sessions::load(ctx, &begun.token).await.unwrap().unwrap();
        assert!(groups::view(ctx, &session.viewer, group.id).await.unwrap().may_read);
        assert!(session.viewer.is_full_member());
        // Used up.
        assert!(matches!(invitations::accept(ctx, &made.code, form("Joris"), phone()).await, Err(Error::Gone)));
    });
}

#[test]
fn an_invitation_ends_and_can_be_taken_back() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let (_, other) = place.member("Anna", Role::Member).await;
        let five = NewInvitation { max_uses: 5, days: Some(2), ..new(vec![], PersonKind::Staff) };
        let made = invitations::create(ctx, &owner, five.clone()).await.unwrap();
        invitations::accept(ctx, &made.code, form("Fatma"), phone()).await.unwrap();
        assert!(matches!(invitations::get(ctx, &other, &made.code).await, Err(Error::NotFound)));
        assert!(matches!(invitations::revoke(ctx, &other, &made.code).await, Err(Error::NotFound)));
        invitations::revoke(ctx, &owner, &made.code).await.unwrap();
        assert!(matches!(invitations::open(ctx, &made.code, &phone()).await, Err(Error::Gone)));
        let made = invitations::create(ctx, &owner, five).await.unwrap();
        place.clock.advance(2 * Time::DAY);
        assert!(matches!(invitations::open(ctx, &made.code, &phone()).await, Err(Error::Gone)));
        assert!(matches!(invitations::open(ctx, "aaaaaaaaaa", &phone()).await, Err(Error::NotFound)));
        let wrong = NewInvitation { max_uses: 0, days: Some(9999), ..new(vec![], PersonKind::Guest) };
        let wrong: Vec<_> = codes(invitations::create(ctx, &owner, wrong).await).into_iter().map(|w| w.0).collect();
        assert_eq!(wrong, ["max_uses", "days", "groups"]);
    });
}

#[test]
fn who_keeps_a_group_may_invite_guests_into_it() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let (_, joris) = place.member("Joris", Role::Member).await;
        let mine = place.group(&joris, "Voorlezen", GroupKind::Private).await;
        let theirs = place.group(&owner, "Bestuur", GroupKind::Private).await;
        let open = place.group(&owner, "Nieuws", GroupKind::Organisation).await;
        invitations::create(ctx, &joris, new(vec![mine.id], PersonKind::Guest)).await.unwrap();
        let member = invitations::create(ctx, &joris, new(vec![mine.id], PersonKind::Volunteer)).await;
        assert_eq!(reason(member), "error-invite-guests-only");
        for closed in [theirs.id, open.id] {
            let refused = invitations::create(ctx, &joris, new(vec![closed], PersonKind::Guest)).await;
            assert!(matches!(refused, Err(Error::NotFound)));
        }
        // Those who run the instance do not get into closed groups of others by inviting themselves.
        let into = invitations::create(ctx, &owner, new(vec![mine.id], PersonKind::Volunteer)).await;
        assert!(matches!(into, Err(Error::NotFound)));
        let names = |viewer| async move {
            let lines = invitations::groups_to_offer(ctx, &viewer).await.unwrap();
            lines.into_iter().map(|l| l.actor.display_name).collect::<Vec<_>>()
        };
        assert_eq!(names(joris).await, ["Voorlezen"]);
        assert_eq!(names(owner).await, ["Bestuur", "Nieuws"]);
    });
}

#[test]
fn a_member_who_accepts_joins_the_groups() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let (_, joris) = place.member("Joris", Role::Member).await;
        let group = place.group(&owner, "Bestuur", GroupKind::Private).await;
        let made = invitations::create(ctx, &owner, new(vec![group.id], PersonKind::Staff)).await.unwrap();
        invitations::accept_as(ctx, &joris, &made.code, &phone()).await.unwrap();
        assert!(groups::view(ctx, &joris, group.id).await.unwrap().may_read);
        assert_eq!(invitations::list(ctx, &owner, false, None).await.unwrap()[0].invitation.uses, 1);
        assert_eq!(reason(invitations::list(ctx, &joris, true, None).await), "error-moderator-only");
    });
}
