use kring::text::{Handle, detect_language, fold, name_key, suggest_name};

#[test]
fn search_keys_ignore_case_marks_and_spaces() {
    assert_eq!(fold("  Taal\u{a0}Café\n\tNOORD "), "taal cafe noord");
    assert_eq!(fold("ŁÓDŹ Straße Ærø İstanbul ﬁets Œuvre"), "lodz strasse aero istanbul fiets oeuvre");
    assert_eq!(fold("Київ"), "киів");
    assert_eq!(fold(""), "");
}

#[test]
fn names_are_suggested_from_titles() {
    assert_eq!(suggest_name("Taalcafé Noord"), "taalcafe_noord");
    assert_eq!(suggest_name("  VoorleesExpress — 't Gooi (2026)! "), "voorleesexpress_t_gooi_2026");
    assert_eq!(suggest_name("Een heel erg lange naam voor een kleine groep"), "een_heel_erg_lange_naam_voor");
    assert_eq!(suggest_name(&"x".repeat(40)), "x".repeat(30));
    assert_eq!(suggest_name("Мова"), "");
    assert_eq!(name_key(" Ada "), "ada");
}

#[test]
fn handles_are_read_whole() {
    let read = |text| Handle::parse(text).map(|h| h.to_string());
    assert_eq!(read("@Ada@Kring.Example:8443").as_deref(), Some("ada@kring.example:8443"));
    assert_eq!(read("acct:ada@kring.example").as_deref(), Some("ada@kring.example"));
    assert_eq!(read("!noord").as_deref(), Some("noord"));
    for bad in ["", "@", "ada@", "ada bob", "ada@x", "@ada@kring.example/x", "@ada@kring.example:0", "@@ada", ".ada"] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn languages_are_detected_when_it_is_clear() {
    for (text, want) in [
        ("Wie wil er morgen mee naar de markt? We verzamelen om tien uur bij de ingang.", Some("nl")),
        ("Ik zoek nog iemand die dinsdag kan voorlezen", Some("nl")),
        ("Does anyone know who could help a newcomer with the forms?", Some("en")),
        ("Wer kann am Dienstag beim Vorlesen für die Kinder helfen?", Some("de")),
        ("Хто може допомогти моїй доньці з читанням нідерландською?", Some("uk")),
        ("هل يمكن لأحد مساعدتي في قراءة هذه الرسالة؟", Some("ar")),
        ("Salı günü çocuklara kitap okuyabilecek biri var mı?", Some("tr")),
        ("Czy ktoś może pomóc mi w czytaniu tego listu w bibliotece?", Some("pl")),
        ("Top!", None),
        ("@ada @bob https://a.example/een/twee/drie/vier/vijf #hashtag", None),
        ("", None),
    ] {
        assert_eq!(detect_language(text), want, "{text}");
    }
}
