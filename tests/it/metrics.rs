//! What monitoring reads.

use std::net::{Ipv4Addr, SocketAddr};

use kring::domain::groups::GroupKind;

use crate::support::*;

#[test]
fn monitoring_reads_answers_and_what_waits_at_an_address_of_its_own() {
    for kind in databases() {
        run(async {
            let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free.port()));
            let app =
                TestApp::named("linde.localhost", kind, |config| config.server.metrics_listen = Some(address)).await;
            let owner = app.person("Fatima").await;
            let group = app.group(&owner, "Leeskring", GroupKind::Public).await;
            app.post(&owner, &group, "Wie leest mee?").await;
            app.settle().await;
            let visitor = app.visitor();
            visitor.get("/about").await.ok();
            assert_eq!(visitor.get("/posts/1").await.status, 404);
            assert_ne!(visitor.get("/metrics").await.status, 200, "not among the pages");

            let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
            let value = |name: &str| -> f64 {
                let line =
                    text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
                line.rsplit(' ').next().unwrap().parse().unwrap()
            };
            assert!(value(r#"kring_http_answers_total{door="web",status="200"}"#) >= 1.0);
            assert!(value(r#"kring_http_answers_total{door="web",status="404"}"#) >= 1.0);
            assert!(value(r#"kring_http_time_seconds_count{door="web"}"#) >= 2.0);
            assert!(value("kring_database_queries_total") > 1.0);
            assert!(value("kring_memory_bytes") > 1_000_000.0);
            assert_eq!(value(r#"kring_waiting{queue="deliveries"}"#), 0.0);
        });
    }
}
