use kring::base::Time;
use kring::federation::wire::{Doc, Envelope, IdRules, Kind, MAX_BYTES, WireError, read, same_origin};
use serde_json::{Value, json};

#[test]
fn size_nesting_and_form_are_checked() {
    assert_eq!(read(b""), Err(WireError::NotAnObject));
    assert_eq!(read(b"[]"), Err(WireError::NotAnObject));
    assert_eq!(read(b"{\"a\":1} x"), Err(WireError::NotAnObject));
    assert_eq!(read(b"{\"a\":\"\xff\"}"), Err(WireError::NotAnObject));
    let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
    assert!(read(nested(63).as_bytes()).is_ok());
    assert_eq!(read(nested(64).as_bytes()), Err(WireError::TooDeep));
    assert_eq!(read(nested(10_000).as_bytes()), Err(WireError::TooDeep));
    assert!(read(format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(100), "{".repeat(100)).as_bytes()).is_ok());
    let filled = |n: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(n - 8));
    assert!(read(filled(MAX_BYTES).as_bytes()).is_ok());
    assert_eq!(read(filled(MAX_BYTES + 1).as_bytes()), Err(WireError::TooLarge));
    assert_eq!((WireError::TooLarge.status(), WireError::TooDeep.status()), (413, 400));
}

#[test]
fn ids_follow_the_rules() {
    let (strict, lax) = (IdRules::default(), IdRules { lax: true });
    for good in
        ["https://a.example/users/ann", "https://a.example/?author=0", "https://a.example:8443/x", "https://a.example"]
    {
        assert!(strict.fetchable(good).is_some(), "{good}");
    }
    assert!(
        strict.any("https://a.example/u#likes/1").is_some()
            && strict.fetchable("https://a.example/u#likes/1").is_none()
    );
    let long = format!("https://a.example/{}", "x".repeat(2048));
    for bad in [
        "",
        "a",
        "/users/ann",
        "http://a.example/",
        "https://",
        "https://u@a.example/",
        "https://u:p@a.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "acct:ann@a.example",
        "data:,x",
        "javascript:alert(1)",
        "https://a.example/ x",
        "https://a.\nexample/",
        " https://a.example/",
        "tag:a.example,2026:x",
        &long,
    ] {
        assert!(strict.any(bad).is_none(), "{bad}");
    }
    assert!(lax.fetchable("http://127.0.0.1:3000/actor").is_some());
    assert!(lax.any("ftp://a.example/").is_none() && lax.any("http://u@a.example/").is_none());
    assert!(same_origin("https://a.example/x", "https://A.example:443/y#z"));
    for other in
        ["http://a.example/x", "https://a.example:444/x", "https://b.a.example/x", "https://a.example.evil/x", "", "a"]
    {
        assert!(!same_origin("https://a.example/x", other), "{other}");
    }
    assert!(!same_origin("data:,x", "data:,x"), "opaque origins are never equal");
}

#[test]
fn envelopes_need_a_type_and_one_actor_of_the_ids_origin() {
    let read = |value: Value| Envelope::read(&value, IdRules::default());
    let actor = "https://a.example/u/ann";
    assert_eq!(read(json!({"actor": actor})), Err(WireError::Needed("type")));
    assert_eq!(read(json!({"type": "Like"})), Err(WireError::Needed("actor")));
    assert_eq!(read(json!({"type": "Like", "actor": [actor, "https://b.example/u"]})), Err(WireError::Needed("actor")));
    assert_eq!(read(json!({"type": "Like", "actor": "http://a.example/u"})), Err(WireError::Needed("actor")));
    assert_eq!(read(json!({"type": "Like", "actor": actor, "id": "https://b.example/1"})), Err(WireError::Origin));
    let bare = read(json!({"type": "Like", "actor": [actor], "id": 7, "object": {"x": 1}, "target": false})).unwrap();
    assert_eq!((bare.id, bare.objects.len(), bare.target, bare.kind), (None, 0, None, Some(Kind::Like)));
    let odd =
        read(json!({"type": ["X", "Y"], "actor": actor, "id": "urn:x", "object": ["https://c.example/1", "junk", 3]}));
    let odd = odd.unwrap();
    assert_eq!((odd.kind, odd.types.as_str(), odd.id.as_deref()), (None, "X Y", None));
    assert_eq!(odd.objects, ["https://c.example/1"]);
}

#[test]
fn d49_scalars_are_read_from_all_that_peers_write() {
    let value = json!({
        "t": ["2026-11-22T10:00:00.123456789+01:00", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00", "2026-11-22", "later", "", "-000001-01-01T00:00:00Z"],
        "yes": ["true"], "b1": true, "b2": "True", "b3": 1, "b4": "0", "b5": "perhaps",
        "n1": 12, "n2": "12", "n3": 12.0, "n4": -1, "n5": 12.5, "n6": "x", "n7": 18446744073709551615u64, "n8": 1e300,
        "f1": "4.5", "f2": 2, "f3": "inf", "f4": [], "l": [null, "a", {"b": 1}, "c"], "e": "", "o": {"@value": "v", "@language": "nl"},
        "u1": "javascript:alert(1)", "u2": " https://a.example/ ", "u3": {"type": "Link", "href": "https://b.example/"}
    });
    let doc = Doc(&value);
    let times: Vec<Value> = value["t"].as_array().unwrap().iter().map(|t| json!({"t": t})).collect();
    let read: Vec<_> = times.iter().map(|t| Doc(t).time("t").map(Time::to_rfc3339)).collect();
    assert_eq!(read[0].as_deref(), Some("2026-11-22T09:00:00.123Z"));
    assert_eq!(read[1], read[2]);
    assert_eq!(read[3].as_deref(), Some("2026-11-22T00:00:00.000Z"));
    assert_eq!(read[4..], [None, None, None]);
    let latest = Time::parse_rfc3339("2026-11-01T00:00:00Z").unwrap();
    assert_eq!(Doc(&times[1]).time_until("t", latest), Some(latest));
    let bools: Vec<_> = ["b1", "b2", "b3", "b4", "b5", "yes", "none"].map(|n| doc.bool(n)).to_vec();
    assert_eq!(bools, [Some(true), Some(true), Some(true), Some(false), None, None, None]);
    let counts: Vec<_> = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8"].map(|n| doc.u64(n)).to_vec();
    assert_eq!(counts, [Some(12), Some(12), Some(12), None, None, None, None, None]);
    assert_eq!(["f1", "f2", "f3", "f4"].map(|n| doc.f64(n)), [Some(4.5), Some(2.0), None, None]);
    assert_eq!(doc.strings("l"), ["a", "c"]);
    assert_eq!((doc.text("e"), doc.text("o"), doc.id()), (None, Some("v"), None));
    assert_eq!((doc.web_url("u1"), doc.web_url("u2")), (None, Some("https://a.example/")));
    assert_eq!(doc.web_url("u3"), Some("https://b.example/"));
    let scripts = json!({"url": "javascript:alert(1)", "icon": "data:image/png;base64,x",
        "attachment": [{"type": "Document", "url": "file:///etc/passwd"}, {"type": "PropertyValue", "name": "Web", "value": "<a>x</a>"}]});
    assert_eq!((Doc(&scripts).url(), Doc(&scripts).icon_url(), Doc(&scripts).attachments().len()), (None, None, 0));
    assert_eq!(Doc(&scripts).profile_fields(), [("Web", "<a>x</a>")]);
}

#[test]
fn lists_are_cut_off() {
    let many: Vec<Value> = (0..5000).map(|n| json!({"type": "Hashtag", "name": format!("#a{n}")})).collect();
    let files: Vec<Value> =
        (0..5000).map(|n| json!({"type": "Image", "url": format!("https://a.example/{n}")})).collect();
    let keys: Vec<Value> = (0..5000).map(|n| json!(format!("https://a.example/k#{n}"))).collect();
    let value = json!({"tag": many, "attachment": files, "publicKey": keys});
    assert_eq!(Doc(&value).tags().hashtags.len(), 256);
    assert_eq!(Doc(&value).attachments().len(), 64);
    assert_eq!(Doc(&value).keys().len(), 10);
}

#[test]
fn kinds_are_sorted() {
    let count = |is: fn(Kind) -> bool| Kind::ALL.iter().filter(|kind| is(**kind)).count();
    assert_eq!(count(Kind::is_actor), 5);
    assert_eq!(count(Kind::is_content), 13);
    assert_eq!(count(Kind::is_collection), 4);
    assert_eq!(count(Kind::is_activity) + 5 + 13 + 4 + 2, Kind::ALL.len());
    assert!(Kind::Accept.is_activity() && Kind::View.is_activity() && !Kind::Note.is_activity());
    assert_eq!(Kind::of_type("https://www.w3.org/ns/activitystreams#Note"), Some(Kind::Note));
    assert_eq!(Kind::of_type("note"), None);
}
