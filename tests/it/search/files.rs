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
