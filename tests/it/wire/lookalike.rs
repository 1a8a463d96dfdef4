//! The eighteen shapes of INTEROP E.1.

use kring::base::Time;
use kring::federation::sign::{PublicKey, proof};
use kring::federation::wire::{AttachmentKind, Doc, Envelope, IdRules, KeyMaterial, Kind};

use serde_json::json;

use super::{lookalike, lookalikes, read_all};

fn time(text: &str) -> Option<Time> {
    Some(Time::parse_rfc3339(text).unwrap())
}

fn envelope(document: &serde_json::Value) -> Envelope {
    Envelope::read(document, IdRules::default()).unwrap()
}

#[test]
fn d49_all_lookalikes_read() {
    let all = lookalikes();
    assert_eq!(all.len(), 27);
    for (path, bytes) in all {
        let value = kring::federation::wire::read(&bytes).unwrap();
        assert!(Doc(&value).kind().is_some(), "{path}");
        assert!(read_all(Doc(&value)) > 5, "{path}");
    }
}

#[test]
fn d75_e01_peertube_arrays() {
    let video = lookalike("01-peertube-arrays");
    let doc = Doc(&video);
    assert_eq!(doc.kind(), Some(Kind::Video));
    assert_eq!(
        doc.ids("attributedTo"),
        ["https://tube.example/accounts/film_club", "https://tube.example/video-channels/reading_room"]
    );
    assert_eq!(
        doc.items("attributedTo").find(|d| d.kind() == Some(Kind::Group)).and_then(Doc::id),
        Some("https://tube.example/video-channels/reading_room")
    );
    assert_eq!(doc.url(), Some("https://tube.example/w/9c9d"));
    assert_eq!(doc.icon_url(), Some("https://tube.example/large.jpg"));
    assert_eq!(doc.url_links().len(), 2, "magnet links are no web addresses");
    assert_eq!(doc.tags().hashtags[0].name, "reading");
}

#[test]
fn e02_mobilizon_keys_and_places() {
    let group = lookalike("02-mobilizon-a");
    let keys = Doc(&group).keys();
    let KeyMaterial::Pem(pem) = keys[0].material else { panic!() };
    assert!(PublicKey::from_pem(pem).is_some());
    assert_eq!(Doc(&group).text("summary"), None);
    let event = lookalike("02-mobilizon-b");
    let doc = Doc(&event);
    assert_eq!(doc.time("startTime"), time("2026-06-05T11:00:00Z"));
    let places = doc.places();
    assert_eq!(places[0].address.as_deref(), Some("1000 AA, Waterstad, NL"));
    assert_eq!((places[0].name, places[0].position), (Some("Lock keeper's house"), Some((52.3702, 4.8952))));
    assert_eq!(doc.strings("ical:status"), ["CONFIRMED"]);
    let kinds: Vec<_> = doc.attachments().iter().map(|a| a.kind).collect();
    assert_eq!(kinds, [AttachmentKind::Document, AttachmentKind::Link]);
}

#[test]
fn e03_wordpress_query_ids() {
    let announce = lookalike("03-wordpress-a");
    let outer = envelope(&announce);
    assert_eq!(outer.actor, "https://blog.example/?author=0");
    assert_eq!(outer.id.as_deref(), Some("https://blog.example/?p=12#activity#activity"));
    let inner = envelope(Doc(&announce).embedded("object").unwrap().0);
    assert_eq!((inner.kind, inner.object()), (Some(Kind::Update), Some("https://blog.example/?p=12")));
    let group = lookalike("03-wordpress-b");
    assert_eq!(Doc(&group).keys()[0].id, "https://blog.example/?author=0#main-key");
    assert_eq!(Doc(&group).one_id("moderators"), Doc(&group).one_id("attributedTo"));
}

#[test]
fn e04_friendica_public_in_cc() {
    let create = lookalike("04-friendica");
    let note = Doc(&create).embedded("object").unwrap();
    assert!(!note.is_public("to") && note.is_public("cc"));
    assert_eq!(note.text("content"), Some("Good <b>soup</b>"), "not the map, which differs");
    assert_eq!(note.language("content"), Some("en"));
    assert_eq!(note.time("updated"), None);
    assert_eq!(note.one_id("inReplyTo"), Some("https://groups.example/post/3"));
}

#[test]
fn d81_e05_smithereen_mention_without_name() {
    let create = lookalike("05-smithereen");
    let note = Doc(&create).embedded("object").unwrap();
    let mention = note.tags().mentions[0];
    assert_eq!((mention.href, mention.name), ("https://other.example/u/zoe", None));
    let replies = note.embedded("replies").unwrap().collection().unwrap();
    assert!(replies.items.is_empty());
    assert_eq!(replies.next, Some("https://smith.example/posts/66/replies?offset=0&count=50"));
}

#[test]
fn e06_gnusocial_offsets() {
    let create = lookalike("06-gnusocial");
    assert_eq!(Doc(&create).time("published"), time("2026-01-02T03:04:05Z"));
}

#[test]
fn d56_e07_mitra_accepts_by_bare_id_with_a_proof() {
    let accept = lookalike("07-mitra");
    let envelope = envelope(&accept);
    assert_eq!((envelope.kind, envelope.object()), (Some(Kind::Accept), Some("https://kring.example/activities/4")));
    assert_eq!(Doc(&accept).embedded("object"), None);
    assert_eq!(proof::find(&accept).unwrap().verification_method, "https://mitra.example/users/mi#ed25519-key");
}

#[test]
fn e08_nodebb_nulls() {
    let article = lookalike("08-nodebb-nulls-a");
    let doc = Doc(&article);
    assert_eq!((doc.time("updated"), doc.one_id("inReplyTo"), doc.text("summary")), (None, None, None));
    assert_eq!((doc.kind(), doc.one_id("audience")), (Some(Kind::Article), Some("https://forum.example/category/1")));
    let group = lookalike("08-nodebb-nulls-b");
    assert_eq!((Doc(&group).icon_url(), Doc(&group).image_url()), (None, None));
    assert_eq!(Doc(&group).shared_inbox(), Some("https://forum.example/inbox"));
}

#[test]
fn e09_discourse_root_shared_inbox() {
    let person = lookalike("09-discourse-person");
    assert_eq!(Doc(&person).shared_inbox(), Some("https://talk.example/ap/users/inbox"));
    assert_eq!(Doc(&person).icon_url(), Some("https://talk.example/carol.png"));
}

#[test]
fn e10_pleroma_chat_message_with_single_attachment() {
    let create = lookalike("10-pleroma-chat");
    let message = Doc(&create).embedded("object").unwrap();
    assert_eq!(message.kind(), Some(Kind::ChatMessage));
    assert!(!message.is_public("to") && !message.is_public("cc"));
    let files = message.attachments();
    assert_eq!((files[0].url, files[0].mime), ("https://ple.example/media/cat.png", Some("image/png")));
    assert_eq!((files[0].width, files[0].name), (Some(640), Some("cat.png")));
}

#[test]
fn e11_mbin_deletes_a_tombstone() {
    let delete = lookalike("11-mbin-delete");
    assert_eq!(envelope(&delete).object(), Some("https://mbin.example/m/books/t/11"));
    assert_eq!(Doc(&delete).embedded("object").and_then(Doc::kind), Some(Kind::Tombstone));
}

#[test]
fn e12_lemmy_announces_twice() {
    let (first, second) = (lookalike("12-lemmy-double-announce-a"), lookalike("12-lemmy-double-announce-b"));
    let create = Doc(&first).embedded("object").unwrap();
    let page = create.embedded("object").unwrap();
    assert_eq!(create.kind(), Some(Kind::Create));
    assert_eq!(Doc(&second).embedded("object"), Some(page), "the same page, once wrapped");
    assert_eq!(page.language("content"), Some("nl"));
    let kinds: Vec<_> = page.attachments().iter().map(|a| (a.kind, a.url, a.name)).collect();
    assert_eq!(
        kinds,
        [
            (AttachmentKind::Link, "https://news.example/a", None),
            (AttachmentKind::Image, "https://lem.example/pictrs/a.png", Some("A map")),
        ]
    );
}

#[test]
fn e13_mastodon_create_with_group_in_cc() {
    let create = lookalike("13-mastodon-create");
    let note = Doc(&create).embedded("object").unwrap();
    assert!(note.is_public("to"));
    assert!(note.ids("cc").contains(&"https://kring.example/groups/maps"));
    let picture = &note.attachments()[0];
    assert_eq!((picture.name, picture.focal, picture.height), (Some("A canal"), Some((0.25, -1.0)), Some(800)));
    assert_eq!(picture.blurhash, Some("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH"));
    assert_eq!(note.language("content"), Some("en"));
    assert_eq!(note.quoted_id(), Some("https://masto.example/users/eve/statuses/1"));
    assert_eq!(note.embedded("likes").and_then(|likes| likes.u64("totalItems")), Some(3));
    assert_eq!(note.tags().mentions[0].name, Some("@maps@kring.example"));
}

#[test]
fn e14_polls_of_all_kinds() {
    let read = |name| lookalike(&format!("14-question-{name}"));
    let (one, any, bare, single, votes) = (read("a"), read("b"), read("c"), read("d"), read("e"));
    let poll = Doc(&one).poll().unwrap();
    assert_eq!(
        (poll.multiple, poll.closed, poll.voters, poll.ends),
        (false, false, Some(4), time("2026-10-11T10:10:10Z"))
    );
    assert_eq!((poll.options[0].name, poll.options[0].votes), ("Yes", Some(3)));
    let poll = Doc(&any).poll().unwrap();
    assert_eq!((poll.multiple, poll.closed, poll.options.len()), (true, true, 2));
    let poll = Doc(&bare).poll().unwrap();
    assert_eq!((poll.closed, poll.ends, poll.options[1].votes), (true, None, None));
    let poll = Doc(&single).poll().unwrap();
    assert_eq!((poll.closed, poll.options.len(), poll.voters), (false, 1, None));
    assert_eq!(envelope(&votes).objects.len(), 2);
    let names: Vec<_> = Doc(&votes).items("object").filter_map(|vote| vote.text("name")).collect();
    assert_eq!(names, ["Green", "Black"]);
    assert_eq!(Doc(&votes).poll(), None);
}

#[test]
fn d48_e15_public_in_short() {
    let (to, cc) = (lookalike("15-public-as-string-a"), lookalike("15-public-as-string-b"));
    assert!(Doc(&to).is_public("to") && !Doc(&to).is_public("cc"));
    assert!(!Doc(&cc).is_public("to") && Doc(&cc).is_public("cc"));
    assert_eq!((Doc(&to).kind(), Doc(&cc).kind()), (Some(Kind::Note), Some(Kind::Note)));
    assert_eq!(Doc(&to).one_id("attributedTo"), Doc(&cc).one_id("attributedTo"));
}

#[test]
fn e16_language_maps_alone() {
    let note = lookalike("16-language-map-only");
    let doc = Doc(&note);
    assert_eq!((doc.text("content"), doc.language("content")), (Some("<p>Goeie</p>"), Some("fy")));
    assert_eq!(doc.text_map("content"), [("fy", "<p>Goeie</p>"), ("nl", "<p>Hallo</p>")]);
    assert_eq!((doc.text("name"), doc.text("summary")), (Some("Namme"), Some("Let op")));
    // Readers get it in their own language where that is there, and else as it was meant first.
    assert_eq!(doc.text_in("content", "nl"), (Some("<p>Hallo</p>"), Some("nl")));
    assert_eq!(doc.text_in("content", "en"), (Some("<p>Goeie</p>"), Some("fy")));
    let said = serde_json::json!({ "content": "Hi", "contentMap": { "en": "Hi", "nl-BE": "Dag" } });
    assert_eq!(Doc(&said).text_in("content", "nl"), (Some("Dag"), Some("nl-BE")));
    assert_eq!(Doc(&said).text_in("content", "de"), (Some("Hi"), Some("en")));
}

#[test]
fn e17_emoji_without_id_and_broken_neighbours() {
    let note = lookalike("17-emoji-null-id");
    let tags = Doc(&note).tags();
    assert_eq!(tags.emoji.len(), 1);
    assert_eq!(
        (tags.emoji[0].id, tags.emoji[0].name, tags.emoji[0].url),
        (None, "owl", "https://akko.example/owl.png")
    );
    assert_eq!((tags.hashtags[0].name, tags.hashtags[0].href), ("Uilen", Some("https://akko.example/tags/uilen")));
    assert!(tags.mentions.is_empty());
    assert_eq!(tags.links, ["https://akko.example/objects/1"]);
}

#[test]
fn e18_create_of_several_objects() {
    let create = lookalike("18-create-array-object");
    let envelope = envelope(&create);
    assert_eq!(envelope.actor, "https://arr.example/u/r");
    assert_eq!(envelope.objects, ["https://arr.example/n/1", "https://arr.example/n/2"]);
    assert_eq!(Doc(&create).items("object").count(), 3);
    assert_eq!(Doc(&create).embedded("object").and_then(Doc::id), Some("https://arr.example/n/2"));
}

/// Where an event is, in every form of FEP-8a8e: each is read, and one that cannot be read takes no other with it.
#[test]
fn d87_places_of_every_form_are_read() {
    let place = json!({"type": "Place", "name": "Reading room", "latitude": 52.1, "longitude": 5.2,
        "address": {"type": "PostalAddress", "streetAddress": "Quay 1", "addressLocality": "Waterstad", "postalCode": null}});
    let line = json!({"type": "Place", "name": "Hall", "address": "Quay 2, Waterstad"});
    let online = json!({"type": "VirtualLocation", "url": "https://meet.example/1"});
    for (location, wanted) in [
        (json!(null), vec![]),
        (json!("At the quay"), vec![(Some("At the quay"), None, None)]),
        (place.clone(), vec![(Some("Reading room"), Some("Quay 1, Waterstad"), None)]),
        (line.clone(), vec![(Some("Hall"), Some("Quay 2, Waterstad"), None)]),
        (online.clone(), vec![(None, None, Some("https://meet.example/1"))]),
        (
            json!([place, 7, online, "At the quay"]),
            vec![
                (Some("Reading room"), Some("Quay 1, Waterstad"), None),
                (None, None, Some("https://meet.example/1")),
                (Some("At the quay"), None, None),
            ],
        ),
    ] {
        let event = json!({"type": "Event", "id": "https://mob.example/e/1", "location": location});
        let places = Doc(&event).places();
        let read: Vec<_> = places.iter().map(|p| (p.name, p.address.as_deref(), p.url)).collect();
        assert_eq!(read, wanted, "{event}");
    }
}
