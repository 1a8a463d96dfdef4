use kring::base::{Error, Time};
use kring::domain::Viewer;
use kring::domain::groups::{GroupKind, GroupRole};
use kring::domain::knowledge::{Relation, Told};
use kring::domain::media::MediaPurpose;
use kring::domain::people::Role;
use kring::domain::posts::PostKind;
use kring::services::people::NewMember;
use kring::services::posts::{self, PostForm};
use kring::services::{expertise, follows, groups, leaving, media, meetings, people, sessions, thanks};
use kring::store;

use super::{Place, everywhere, phone, reason};
use crate::support::PNG;

#[test]
fn groups_are_handed_over_before_leaving() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let (joris, as_joris) = place.member("Joris", Role::Member).await;
        let (anna, as_anna) = place.member("Anna", Role::Member).await;
        assert_eq!(reason(leaving::leave(ctx, &owner).await), "error-last-owner");

        let shared = place.group(&as_joris, "Voorlezen", GroupKind::Public).await.id;
        let alone = place.group(&as_joris, "Mijn plannen", GroupKind::Private).await.id;
        follows::request(ctx, &as_anna, shared, "").await.unwrap();
        let way = leaving::in_the_way(ctx, &as_joris).await.unwrap();
        let names: Vec<_> = way.groups.iter().map(|g| g.display_name.as_str()).collect();
        assert_eq!((names, way.last_owner), (vec!["Voorlezen"], false));
        assert_eq!(reason(leaving::leave(ctx, &as_joris).await), "error-hand-over-first");

        follows::set_role(ctx, &as_joris, shared, anna, GroupRole::Owner).await.unwrap();
        let bytes = bytes::Bytes::from_static(PNG);
        let file = media::upload(ctx, &as_joris, bytes, "image/png", "x.png", "", MediaPurpose::Post).await.unwrap();
        let form =
            PostForm { group: Some(shared), media: vec![file.id], ..PostForm::new(PostKind::Message, "Een foto") };
        posts::publish(ctx, &as_joris, form).await.unwrap();
        let begun = sessions::create(ctx, joris, phone()).await.unwrap();
        expertise::add(ctx, &as_joris, Relation::Knows, "solderen", "", Told::Me).await.unwrap();
        thanks::send(ctx, &as_anna, joris, "Dank voor je hulp").await.unwrap();
        meetings::choose(ctx, &as_joris, Some(false)).await.unwrap();
        let taken = leaving::export(ctx, &as_joris).await.unwrap();
        let taken: serde_json::Value = serde_json::from_str(&taken).unwrap();
        assert_eq!(taken["profile"]["email"], "joris@linde.example");
        assert_eq!(taken["groups"].as_array().unwrap().len(), 2);
        assert_eq!(taken["expertise"]["told"][0]["word"], "solderen");
        assert_eq!(taken["expertise"]["told"][0]["told_to"], "me");
        assert_eq!(taken["thanks"][0]["text"], "Dank voor je hulp");
        assert_eq!(taken["thanks_sent"].as_array().unwrap().len(), 0);
        let sent: serde_json::Value = serde_json::from_str(&leaving::export(ctx, &as_anna).await.unwrap()).unwrap();
        assert_eq!(sent["thanks_sent"][0]["text"], "Dank voor je hulp");
        assert!(sent["thanks_sent"][0]["to"].as_str().unwrap().ends_with("/joris"));
        assert_eq!(taken["meetings"]["wants_to_meet"], true);
        assert_eq!(taken["first_steps"], serde_json::Value::Null);
        leaving::leave(ctx, &as_joris).await.unwrap();

        assert!(sessions::load(ctx, &begun.token).await.unwrap().is_none());
        assert!(matches!(people::person(ctx, &owner, "joris").await, Err(Error::Gone)));
        assert!(matches!(groups::view(ctx, &Viewer::System, alone).await, Err(Error::NotFound)));
        assert_eq!(groups::view(ctx, &as_anna, shared).await.unwrap().group.members_count, 1);
        // A picture goes with the post that it was in, bytes and all, as soon as loose files are cleaned up.
        place.clock.advance(3 * Time::DAY);
        media::clean(ctx).await.unwrap();
        let left = store::media::find(&mut ctx.db.read().await.unwrap(), file.id).await.unwrap();
        assert!(left.is_none());
        // The name stays taken for ever, the address does not.
        let again = |name: &str| NewMember {
            name: name.into(),
            email: Some("joris@linde.example".into()),
            ..NewMember::named("Joris")
        };
        assert!(people::create_member(ctx, again("joris")).await.is_err());
        people::create_member(ctx, again("joris2")).await.unwrap();
    });
}
