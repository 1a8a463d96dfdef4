use kring::base::{ActorId, Error, Time};
use kring::domain::Viewer;
use kring::domain::groups::GroupKind;
use kring::domain::people::{PersonKind, Role};
use kring::services::invitations::{self, Acceptance, NewInvitation};
use kring::services::{accounts, groups, guests, people, sessions, sign_in};
use kring::store::people::PeopleFilter;

use super::{Place, everywhere, phone, reason};

struct Care {
    place: Place,
    owner: Viewer,
    joris: Viewer,
    group: ActorId,
    closed: ActorId,
    guest: ActorId,
    as_guest: Viewer,
}

/// Joris keeps a group and invited someone from a care team into it.
async fn care(place: Place) -> Care {
    let (_, owner) = place.member("Maria", Role::Owner).await;
    let (_, joris) = place.member("Joris", Role::Member).await;
    let group = place.group(&joris, "Zorg en lezen", GroupKind::Private).await.id;
    let closed = place.group(&owner, "Nieuws voor ons", GroupKind::Organisation).await.id;
    let new = NewInvitation {
        groups: vec![group],
        person_kind: PersonKind::Guest,
        max_uses: 4,
        days: None,
        note: String::new(),
    };
    let made = invitations::create(&place.ctx, &joris, new).await.unwrap();
    let form = Acceptance { display_name: "Els".into(), email: "els@zorg.example".into(), ..Acceptance::default() };
    let begun = invitations::accept(&place.ctx, &made.code, form, phone()).await.unwrap();
    let as_guest = sessions::load(&place.ctx, &begun.token).await.unwrap().unwrap().viewer;
    let guest = as_guest.actor_id().unwrap();
    Care { place, owner, joris, group, closed, guest, as_guest }
}

#[test]
fn a_guest_takes_part_where_invited_and_nowhere_else() {
    everywhere(async |place: Place| {
        let Care { place, group, closed, as_guest, .. } = care(place).await;
        let ctx = &place.ctx;
        assert!(matches!(as_guest, Viewer::Member { guest: true, .. }));
        assert!(groups::view(ctx, &as_guest, group).await.unwrap().may_read);
        assert!(matches!(groups::view(ctx, &as_guest, closed).await, Err(Error::NotFound)));
        let near = people::directory(ctx, &as_guest, PeopleFilter::default(), ("", -1), 20).await.unwrap();
        let names: Vec<_> = near.iter().map(|line| line.actor.display_name.as_str()).collect();
        assert_eq!(names, ["Els", "Joris"]);
        assert!(people::person(ctx, &as_guest, "joris").await.unwrap().member.is_some());
        assert!(matches!(people::person(ctx, &as_guest, "maria").await, Err(Error::NotFound)));
        // Nor does a guest find out by writing a name: nobody's name and that of somebody they may not know look the same.
        let shown = async |text: &str| {
            kring::services::posts::render_preview(ctx, &as_guest, text).await.unwrap().as_str().to_owned()
        };
        assert!(shown("@joris").await.contains("href"));
        assert_eq!(shown("@maria").await, shown("@nobody").await.replace("nobody", "maria"));
    });
}

#[test]
fn a_personal_link_works_until_it_is_taken_back_or_left_unused() {
    everywhere(async |place: Place| {
        let Care { place, joris, guest, owner, .. } = care(place).await;
        let ctx = &place.ctx;
        let (_, other) = place.member("Anna", Role::Member).await;
        assert!(matches!(guests::personal_link(ctx, &other, guest).await, Err(Error::NotFound)));
        let link = guests::personal_link(ctx, &joris, guest).await.unwrap();
        let token = link.rsplit('/').next().unwrap();
        let days = i64::from(ctx.config.limits.guest_days);
        for _ in 0..3 {
            sign_in::with_link(ctx, token, phone()).await.unwrap();
            place.clock.advance((days - 1) * Time::DAY);
        }
        let newer = guests::personal_link(ctx, &owner, guest).await.unwrap();
        assert!(matches!(sign_in::with_link(ctx, token, phone()).await, Err(Error::Gone)));
        let token = newer.rsplit('/').next().unwrap();
        sign_in::with_link(ctx, token, phone()).await.unwrap();
        guests::revoke_link(ctx, &joris, guest).await.unwrap();
        assert!(matches!(sign_in::with_link(ctx, token, phone()).await, Err(Error::Gone)));
    });
}

#[test]
fn access_that_is_not_used_ends() {
    everywhere(async |place: Place| {
        let Care { place, guest, owner, .. } = care(place).await;
        let ctx = &place.ctx;
        let days = i64::from(ctx.config.limits.guest_days);
        place.clock.advance((days - 1) * Time::DAY);
        assert_eq!(guests::expire(ctx).await.unwrap(), 0);
        place.clock.advance(2 * Time::DAY);
        assert_eq!(guests::expire(ctx).await.unwrap(), 1);
        assert!(matches!(guests::personal_link(ctx, &owner, guest).await, Err(Error::Conflict { .. })));
        accounts::unsuspend(ctx, &owner, guest).await.unwrap();
        assert_eq!(guests::expire(ctx).await.unwrap(), 0);
    });
}

#[test]
fn a_guest_becomes_a_member_and_keeps_what_they_have() {
    everywhere(async |place: Place| {
        let Care { place, guest, owner, joris, group, closed, .. } = care(place).await;
        let ctx = &place.ctx;
        assert_eq!(reason(accounts::set_kind(ctx, &joris, guest, PersonKind::Volunteer).await), "error-moderator-only");
        assert_eq!(reason(accounts::set_role(ctx, &owner, guest, Role::Admin).await), "error-role-guest");
        accounts::set_kind(ctx, &owner, guest, PersonKind::Volunteer).await.unwrap();
        let begun = sessions::create(ctx, guest, phone()).await.unwrap();
        let now = sessions::load(ctx, &begun.token).await.unwrap().unwrap().viewer;
        assert!(now.is_full_member());
        assert!(groups::view(ctx, &now, group).await.unwrap().may_read);
        assert!(groups::view(ctx, &now, closed).await.is_ok());
    });
}
