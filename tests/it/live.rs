//! The hub: who hears what, in which order.

use std::time::Duration;

use kring::base::{ActorId, PostId};
use kring::live::{Change, Hub, Interest};

use crate::support::run;

fn post(id: i64) -> Change {
    Change::Post { post: PostId(id), root: PostId(id), group: None, author: ActorId(1) }
}

const POSTS: Interest = Interest { member: None, posts: true, drawn: true };

#[test]
fn who_goes_ahead_hears_first_and_passes_on() {
    run(async {
        let hub = Hub::default();
        let mut ahead = hub.go_ahead().expect("nobody else does");
        assert!(hub.go_ahead().is_none(), "only one may");
        // While nobody listens nothing is made ready.
        hub.publish(post(1));
        assert!(ahead.try_recv().is_err());
        let mut other = hub.listen(Interest { drawn: false, ..POSTS });
        hub.publish(post(1));
        assert!(ahead.try_recv().is_err() && *other.next().await == post(1));
        let mut listener = hub.listen(POSTS);
        hub.publish(post(2));
        hub.relay(post(3));
        let silence = tokio::time::timeout(Duration::from_millis(50), listener.next()).await;
        assert!(silence.is_err(), "not before who goes ahead is ready");
        for id in [2, 3] {
            let change = ahead.recv().await.unwrap();
            hub.pass_on(&change);
            assert_eq!(*listener.next().await, post(id));
        }
        // When who goes ahead is gone, listeners hear all the same.
        drop(ahead);
        hub.publish(post(4));
        assert_eq!(*listener.next().await, post(4));
    });
}
