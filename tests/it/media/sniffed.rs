use kring::base::Error;
use kring::media::{Kind, sniff};

/// A ZIP with stored, empty or short entries.
fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let at = out.len() as u32;
        let (len, name_len) = ((content.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        out.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        out.extend_from_slice(&[len, len].concat());
        out.extend_from_slice(&[name_len, [0, 0]].concat());
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(content.as_bytes());
        directory.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend_from_slice(&[len, len].concat());
        directory.extend_from_slice(&[name_len, [0, 0], [0, 0], [0, 0], [0, 0]].concat());
        directory.extend_from_slice(&[0; 4]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (at, size, count) = (out.len() as u32, directory.len() as u32, (entries.len() as u16).to_le_bytes());
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&[count, count].concat());
    out.extend_from_slice(&[size.to_le_bytes(), at.to_le_bytes()].concat());
    out.extend_from_slice(&[0, 0]);
    out
}

/// Content, declared type and name; then kind, media type and ending.
type Case<'a> = (&'a [u8], &'a str, &'a str, Kind, &'a str, &'a str);

fn refusal(bytes: &[u8], mime: &str, name: &str) -> &'static str {
    match sniff(bytes, mime, name) {
        Err(Error::Invalid { fields }) => {
            assert_eq!(fields[0].field, "file");
            fields[0].code
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn what_members_share_is_told_by_content() {
    let open = zip(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<x/>")]);
    let word = zip(&[("[Content_Types].xml", ""), ("word/document.xml", "")]);
    let sheet = zip(&[("[Content_Types].xml", ""), ("xl/workbook.xml", "")]);
    let slides = zip(&[("ppt/presentation.xml", ""), ("[Content_Types].xml", "")]);
    let cases: &[Case] = &[
        (b"\xff\xd8\xff\xe0", "text/html", "x.html", Kind::Image, "image/jpeg", "jpg"),
        (b"\x89PNG\r\n\x1a\n", "", "x", Kind::Image, "image/png", "png"),
        (b"GIF89a", "", "x", Kind::Image, "image/gif", "gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "x", Kind::Image, "image/webp", "webp"),
        (b"%PDF-1.7\n", "", "x", Kind::Document, "application/pdf", "pdf"),
        (&open, "", "x.odt", Kind::Document, "application/vnd.oasis.opendocument.text", "odt"),
        (
            &word,
            "",
            "x.zip",
            Kind::Document,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "docx",
        ),
        (&sheet, "", "x", Kind::Document, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        (
            &slides,
            "",
            "x",
            Kind::Document,
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "pptx",
        ),
        ("Dag allemaal,\nà bientôt".as_bytes(), "text/plain", "brief.TXT", Kind::Document, "text/plain", "txt"),
        (b"naam;plaats\nAd\xe9le;Zeist\r\n", "", "leden.csv", Kind::Document, "text/csv", "csv"),
        (b"\xff\xfeD\0a\0g\0", "", "dag.txt", Kind::Document, "text/plain", "txt"),
        (b"[aantekening] 1 < 2", "text/plain; charset=utf-8", "notities", Kind::Document, "text/plain", "txt"),
        (b"ID3\x04\0\0", "", "x", Kind::Audio, "audio/mpeg", "mp3"),
        (b"\xff\xfb\x90\0", "", "x.mp3", Kind::Audio, "audio/mpeg", "mp3"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "", "x", Kind::Audio, "audio/mp4", "m4a"),
        (b"\0\0\0\x1cftypisom\0\0\0\0", "audio/mp4", "x", Kind::Audio, "audio/mp4", "m4a"),
        (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0OpusHead", "", "x", Kind::Audio, "audio/ogg", "ogg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "", "x", Kind::Audio, "audio/wav", "wav"),
        (b"\0\0\0\x1cftypisom\0\0\0\0", "", "x.mp4", Kind::Video, "video/mp4", "mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "", "x", Kind::Video, "video/webm", "webm"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "audio/webm", "x", Kind::Audio, "audio/webm", "weba"),
    ];
    for (bytes, declared, name, kind, mime, extension) in cases {
        let found = sniff(bytes, declared, name).unwrap_or_else(|error| panic!("{mime}: {error}"));
        assert_eq!((found.kind, found.mime, found.extension), (*kind, *mime, *extension));
    }
}

#[test]
fn what_could_run_is_refused() {
    let macros = zip(&[("[Content_Types].xml", ""), ("word/document.xml", ""), ("word/vbaProject.bin", "")]);
    let archive = zip(&[("a.exe", "MZ")]);
    let broken = &zip(&[("[Content_Types].xml", ""), ("word/document.xml", "")])[..40];
    let drawing = zip(&[("mimetype", "application/vnd.oasis.opendocument.graphics")]);
    let cases: &[(&[u8], &str, &str, &str)] = &[
        (b"", "text/plain", "a.txt", "error-file-empty"),
        (b"<!DOCTYPE html><p>x", "text/plain", "a.txt", "error-file-kind"),
        (b"hallo <script>alert(1)</script>", "text/plain", "a.txt", "error-file-kind"),
        (b"\xef\xbb\xbf  <svg onload=x>", "image/svg+xml", "a.svg", "error-file-kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "a.png", "error-file-kind"),
        (b"\xff\xfe<\0s\0v\0g\0>\0", "text/plain", "a.txt", "error-file-kind"),
        (b"{\"id\": \"https://kring.example/people/ada\"}", "text/plain", "a.txt", "error-file-kind"),
        (b"{}", "application/json", "a.json", "error-file-kind"),
        (b"gewone tekst", "text/html", "a.html", "error-file-kind"),
        (b"gewone tekst", "text/plain", "a.js", "error-file-kind"),
        (b"#!/bin/sh\nrm x", "text/plain", "a.txt", "error-file-kind"),
        (b"MZ\x90\0", "text/plain", "a.txt", "error-file-kind"),
        (b"\x7fELF\x02\x01", "audio/mpeg", "a.mp3", "error-file-kind"),
        (b"\0\0\0\x1cftypheic\0\0\0\0", "image/heic", "a.heic", "error-file-heic"),
        (b"\0\0\0\x1cftypqt  \0\0\0\0", "video/quicktime", "a.mov", "error-file-kind"),
        (b"\0\0\0\x01ftyp", "video/mp4", "a.mp4", "error-file-kind"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "", "a.mkv", "error-file-kind"),
        (b"OggS\0\x02\0\0\x80theora", "", "a.ogg", "error-file-kind"),
        (b"\xff\xfb\x90\0", "", "a.bin", "error-file-kind"),
        (&macros, "", "a.docx", "error-file-macros"),
        (&archive, "", "a.docx", "error-file-kind"),
        (&drawing, "", "a.odg", "error-file-kind"),
        (broken, "", "a.docx", "error-file-kind"),
        (b"PK\x03\x04", "", "a.odt", "error-file-kind"),
    ];
    for (bytes, mime, name, code) in cases {
        assert_eq!(refusal(bytes, mime, name), *code, "{name} {mime}");
    }
}

#[test]
fn cut_off_files_never_panic() {
    let whole = zip(&[("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<x/>")]);
    for end in 0..whole.len() {
        sniff(&whole[..end], "", "a.odt").expect_err("cut off");
    }
    for at in 0..whole.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            drop(sniff(&bytes, "", "a.odt"));
        }
    }
}
