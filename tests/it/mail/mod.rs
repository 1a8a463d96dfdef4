use std::path::Path;

use kring::base::{Clock, Error, Time};
use kring::config::{MailConfig, ServiceUrl};
use kring::mail::{Mail, Mailer, Outcome};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

fn mailer(url: &str) -> Mailer {
    let config = MailConfig { url: ServiceUrl::new(url), from: "De Linde <kring@linde.example>".into() };
    let clock = Clock::fixed(Time::parse_rfc3339("2026-11-22T10:00:00Z").unwrap());
    Mailer::new(&config).unwrap().with_clock(clock)
}

fn mail() -> Mail {
    Mail {
        to: "ada@kring.example".into(),
        to_name: Some("Ada Lovelace".into()),
        subject: "Je inlogcode is 123456".into(),
        text: "Dag Ada,\n\nDe code is 123456.\n.\nTot ziens!\n".into(),
        ..Mail::default()
    }
}

/// Takes one connection, answers `rcpt` to the receiver, and returns the commands and the message.
async fn server(rcpt: &'static str) -> (String, JoinHandle<(Vec<String>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let (mut commands, mut message) = (Vec::new(), String::new());
        writer.write_all(b"220 post.example\r\n").await.unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await.unwrap() == 0 {
                return (commands, message);
            }
            let answer = match line.split([' ', '\r']).next().unwrap() {
                "EHLO" => "250-post.example\r\n250 8BITMIME".to_owned(),
                "RCPT" => rcpt.to_owned(),
                "DATA" => {
                    writer.write_all(b"354 go\r\n").await.unwrap();
                    while !message.ends_with("\r\n.\r\n") {
                        message.push(char::from(reader.read_u8().await.unwrap()));
                    }
                    "250 taken".to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "250 ok".to_owned(),
            };
            commands.push(line.trim_end().to_owned());
            if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return (commands, message);
            }
        }
    });
    (url, task)
}

#[tokio::test]
async fn a_message_goes_out_over_smtp() {
    let (url, task) = server("250 ok").await;
    let mailer = mailer(&url);
    assert!(mailer.enabled());
    let list = Some("noord.linde.example".to_owned());
    let ids = (Some("p1@linde.example".to_owned()), Some("<p0@linde.example>".to_owned()));
    let mail = Mail { list_id: list, message_id: ids.0, in_reply_to: ids.1, ..mail() };
    assert_eq!(mailer.send(mail).await.unwrap(), Outcome::Sent);
    drop(mailer);
    let (commands, message) = task.await.unwrap();
    assert!(commands.iter().any(|c| c.starts_with("MAIL FROM:<kring@linde.example>")), "{commands:?}");
    assert!(commands.contains(&"RCPT TO:<ada@kring.example>".to_owned()), "{commands:?}");
    for header in [
        "From: \"De Linde\" <kring@linde.example>\r\n",
        "To: \"Ada Lovelace\" <ada@kring.example>\r\n",
        "Subject: Je inlogcode is 123456\r\n",
        "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n",
        "Message-ID: <p1@linde.example>\r\n",
        "In-Reply-To: <p0@linde.example>\r\n",
        "References: <p0@linde.example>\r\n",
        "List-Id: <noord.linde.example>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: text/plain; charset=utf-8\r\n",
    ] {
        assert!(message.contains(header), "{header} not in {message}");
    }
    assert!(
        message.ends_with("\r\n\r\nDag Ada,\r\n\r\nDe code is 123456.\r\n..\r\nTot ziens!\r\n\r\n.\r\n"),
        "{message}"
    );
}

#[tokio::test]
async fn a_refusal_tells_whether_to_try_again() {
    for (answer, again) in [("550 no such person", false), ("451 later", true)] {
        let (url, task) = server(answer).await;
        match mailer(&url).send(mail()).await {
            Err(Error::RemoteFailed { host, retryable, detail }) => {
                assert_eq!((host.as_str(), retryable), ("127.0.0.1", again), "{detail}");
            }
            other => panic!("{other:?}"),
        }
        task.abort();
    }
    let (url, task) = server("250 ok").await;
    assert_eq!(mailer(&format!("{url}?tls=none")).send(mail()).await.unwrap(), Outcome::Sent);
    task.await.unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = mailer(&format!("smtp://{unused}")).send(mail()).await.unwrap_err();
    assert!(matches!(error, Error::RemoteFailed { retryable: true, .. }), "{error}");
}

fn written(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files
        .inspect(|path| assert_eq!(path.extension().unwrap(), "eml"))
        .map(|p| std::fs::read_to_string(p).unwrap())
        .collect()
}

#[tokio::test]
async fn messages_can_be_written_to_files() {
    let dir = tempfile::tempdir().unwrap();
    let mailer = mailer(&format!("file:{}", dir.path().join("mail").display()));
    for _ in 0..2 {
        assert_eq!(mailer.send(mail()).await.unwrap(), Outcome::Sent);
    }
    let texts = written(&dir.path().join("mail"));
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("@linde.example>\r\n") && texts[0].contains("De code is 123456."), "{}", texts[0]);
}

#[tokio::test]
async fn off_is_told_apart() {
    let mailer = mailer("off");
    assert!(!mailer.enabled());
    assert_eq!(mailer.send(mail()).await.unwrap(), Outcome::Off);
}

#[tokio::test]
async fn nobody_can_add_a_header() {
    let dir = tempfile::tempdir().unwrap();
    let mailer = mailer(&format!("file:{}", dir.path().display()));
    let evil = "x\r\nBcc: eve@evil.example\r\n\r\nHi".to_owned();
    let mail = Mail {
        to: "ada@kring.example".into(),
        to_name: Some(evil.clone()),
        subject: format!("é {evil}"),
        text: "tekst".into(),
        list_id: Some(evil.clone()),
        message_id: Some(evil.clone()),
        in_reply_to: Some(evil.clone()),
    };
    mailer.send(mail).await.unwrap();
    let text = &written(dir.path())[0];
    let headers = text.split("\r\n\r\n").next().unwrap();
    assert!(!headers.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{text}");
    assert_eq!(text.matches("\r\n\r\n").count(), 1, "{text}");
    for to in [
        "ada@kring.example\r\nBcc: eve@evil.example",
        "",
        "ada",
        "ada@",
        "a b@c.example",
        "ada@kring.example, eve@evil.example",
    ] {
        let error = mailer.send(Mail { to: to.into(), ..mail_to_all() }).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{to}");
    }
}

fn mail_to_all() -> Mail {
    Mail { subject: "s".into(), text: "t".into(), ..Mail::default() }
}

#[test]
fn unusable_settings_are_told() {
    let new = |url: &str, from: &str| {
        let config = MailConfig { url: ServiceUrl::new(url), from: from.into() };
        Mailer::new(&config).unwrap_err().to_string()
    };
    assert!(new("off", "nobody").contains("mail.from"));
    assert!(new("smtp://", "a@b.example").contains("mail.url"));
    assert!(new("http://x.example", "a@b.example").contains("mail.url"));
    assert!(!new("smtp://u:geheim@h:99999", "a@b.example").contains("geheim"));
}
