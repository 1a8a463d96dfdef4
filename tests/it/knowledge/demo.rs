//! In the demo a volunteer finds in two actions who can help a mother from Ukraine with her child's reading.

use kring::app::App;
use kring::base::Clock;
use kring::config::Config;
use kring::services::accounts;
use kring::services::sessions::{self, Device};

use crate::support::{Browser, eventually, run};

async fn listener() -> (tokio::net::TcpListener, u16) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn signed_in(app: &App, name: &str) -> Browser {
    let (member, _) = accounts::find(&app.ctx, name).await.unwrap();
    let begun = sessions::create(&app.ctx, member.actor_id, Device::default()).await.unwrap();
    let session = sessions::load(&app.ctx, &begun.token).await.unwrap().unwrap();
    let host: String = app.ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let browser = Browser::new(app.ctx.urls.origin(), app.address);
    browser.signed_in(&format!("kring_{host}"), &begun.token, &session.csrf)
}

#[test]
fn two_actions_find_who_helps_here_or_at_the_partner() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let ((here, one), (there, other)) = (listener().await, listener().await);
        let side = |domain: &str, port| {
            let folder = folder.path().join(domain);
            std::fs::create_dir_all(&folder).unwrap();
            Config::default_for(domain, port, &folder).unwrap()
        };
        let (library, partner) = (side("linde.localhost", one), side("zuid.localhost", other));
        kring::cli::demo::fill(library.clone(), partner.clone()).await.unwrap();
        let library = App::start_on(here, library, Clock::system()).await.unwrap();
        let partner = App::start_on(there, partner, Clock::system()).await.unwrap();
        let fatma = signed_in(&library, "fatma").await;
        // One: the box on every page, in her own words.
        let page = fatma.get("/search?q=Oekra%C3%AFense+moeder+lezen+met+haar+kind").await.ok();
        let page = page.shows("Wie weet hier iets van?").shows("Oksana");
        let start = page.html.find("/knowledge/who?q=").expect("where partners are asked");
        let path = page.html[start..].split('"').next().unwrap().to_owned();
        // Two: the partner is asked as well. The first question may come before both know each other.
        eventually("Maria is found at the partner", async || {
            let found = fatma.get(&path).await.ok().shows("Oksana").hides("⟦");
            found.html.contains("Maria") && found.html.contains("/contacts/new?to=maria")
        })
        .await;
        // Maria sees that, and Oksana what Maria asked.
        signed_in(&partner, "maria").await.get("/settings/knowledge").await.ok().shows("Welke partner vond jou?");
        let oksana = signed_in(&library, "oksana").await;
        oksana.get("/contacts").await.ok().shows("Maria").shows("Ja, je mag schrijven");
        oksana.get("/board").await.ok().shows("koffie schenkt");
        oksana.get("/tips").await.ok().shows("Nooitgenoeg");
        oksana.get("/groups/taalcafe/pages").await.ok().shows("Zo loopt een taalcaf");
        library.stop().await;
        partner.stop().await;
    });
}
