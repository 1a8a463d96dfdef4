//! Files are found by name and by what they say, with their post and no further.

use kring::domain::groups::GroupKind;
use kring::domain::media::MediaPurpose;
use kring::domain::posts::PostKind;
use kring::services::posts::{self, PostForm};
use kring::services::{media, search};

use super::names;
use crate::support::both;

/// A ZIP file with these entries, not compressed.
fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in entries {
        let start = u32::try_from(out.len()).unwrap().to_le_bytes();
        let size = u32::try_from(text.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        out.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        out.extend([size, size].concat());
        out.extend(length);
        out.extend([0, 0]);
        out.extend(name.as_bytes());
        out.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend([size, size].concat());
        directory.extend(length);
        directory.extend([0; 12]);
        directory.extend(start);
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(out.len()).unwrap().to_le_bytes();
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([size, start].concat());
    out.extend([0, 0]);
    out
}

#[test]
fn an_office_file_is_found_by_its_text() {
    both(async |app| {
        let (wim, otto) = (app.person("Wim").await, app.person("Otto").await);
        let group = app.group(&wim, "Besloten", GroupKind::Private).await;
        let text = "<w:p><w:r><w:t>Een narwal &amp; een po</w:t></w:r><w:r><w:t>tvis</w:t></w:r></w:p><w:p>Einde</w:p>";
        let bytes = zip(&[("[Content_Types].xml", "<a/>"), ("word/document.xml", text)]);
        let file = media::upload(
            app.ctx(),
            &wim.viewer,
            bytes.into(),
            "application/octet-stream",
            "Jaarplan_2026.docx",
            "",
            MediaPurpose::Post,
        )
        .await
        .unwrap();
        let mut form = PostForm::new(PostKind::Message, "Zie de bijlage");
        form.group = Some(group.id);
        form.media = vec![file.id];
        posts::publish(app.ctx(), &wim.viewer, form).await.unwrap();
        search::files::read(app.ctx()).await.unwrap();
        app.searchable().await;
        for asked in ["jaarplan", "narwal", "potvis"] {
            assert_eq!(names(&app, &wim.viewer, asked).await, ["Jaarplan_2026.docx"], "{asked}");
            assert!(names(&app, &otto.viewer, asked).await.is_empty(), "{asked}");
        }
    });
}

/// What this program reads in a PDF of `tests/fixtures/pdf`.
fn pdf(name: &str) -> String {
    let bytes = std::fs::read(format!("{}/tests/fixtures/pdf/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    kring::media::pdf::process::read(env!("CARGO_BIN_EXE_kring").as_ref(), &bytes).unwrap()
}

#[test]
fn what_a_pdf_says_is_read_word_by_word() {
    let says = |name: &str, words: &str| {
        let text = pdf(name);
        let found: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
        for word in words.split(' ') {
            assert!(found.contains(&word), "{name}: {word} is not in {text}");
        }
    };
    says(
        "chromium.pdf",
        "coördinatoren reünie België officiële affiche IJsselmeer Linkerkolom Rechterkolom archieven 361924",
    );
    // Encrypted with an empty password, objects packed in streams.
    says("encrypted-objstm.pdf", "Geïntegreerde financiële ijsvogel façade überhaupt workflow efficient");
    // Words broken over two lines, ligatures, the number of a footnote.
    says(
        "typst-hyphens.pdf",
        "overstromingsbeveiliging bibliotheken kennisinstellingen digitaliseringsprojecten aanbevelingen",
    );
    assert_eq!(pdf("scan.pdf"), "", "a picture of a page says nothing");
}

#[test]
fn a_pdf_that_asks_for_too_much_gives_what_came_before() {
    // Its second page unpacks to a gigabyte, twice packed.
    assert_eq!(pdf("bomb.pdf").trim(), "Eerst een bladzijde over de potvis");
    let program = env!("CARGO_BIN_EXE_kring").as_ref();
    let whole = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pdf/typst-hyphens.pdf")).unwrap();
    for bytes in [&b""[..], b"%PDF-1.7", b"PK no pdf at all", &whole[..whole.len() / 3]] {
        kring::media::pdf::process::read(program, bytes).expect("no more than no text");
    }
    assert!(kring::media::pdf::process::read("/no/such/program".as_ref(), b"").is_err());
}

#[test]
fn a_pdf_is_found_by_its_text() {
    both(async |app| {
        let (wim, otto) = (app.person("Wim").await, app.person("Otto").await);
        let group = app.group(&wim, "Besloten", GroupKind::Private).await;
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pdf/chromium.pdf")).unwrap();
        let purpose = MediaPurpose::Post;
        let file =
            media::upload(app.ctx(), &wim.viewer, bytes.into(), "application/pdf", "Notulen.pdf", "", purpose).await;
        let mut form = PostForm::new(PostKind::Message, "Zie de bijlage");
        form.group = Some(group.id);
        form.media = vec![file.unwrap().id];
        posts::publish(app.ctx(), &wim.viewer, form).await.unwrap();
        search::files::read(app.ctx()).await.unwrap();
        app.searchable().await;
        for asked in ["notulen", "dijkgraven", "reunie"] {
            assert_eq!(names(&app, &wim.viewer, asked).await, ["Notulen.pdf"], "{asked}");
            assert!(names(&app, &otto.viewer, asked).await.is_empty(), "{asked}");
        }
    });
}
