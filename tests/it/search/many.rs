//! Among many documents, over several stretches and blocks: what is found is what goes through all of them one by one.

use std::sync::Arc;

use kring::base::Time;
use kring::domain::search::{FeedPlace, FoundKind};
use kring_index::{Document, Filters, Question, Readable, STARTER, Synonyms, Volume, asked};

const MANY: i64 = 9_000;
/// A word, and that it is in every so many documents.
const WORDS: [(&str, i64); 5] = [("zebra", 1), ("kameel", 2), ("tapir", 7), ("ocelot", 131), ("wombat", 1009)];
/// Every so many documents are for others alone; those that are also are for both.
const CLOSED: i64 = 10;
const BOTH: i64 = 20;

fn body(id: i64) -> String {
    WORDS.iter().filter(|(_, every)| id % every == 0).map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
}

fn document(id: i64) -> Document {
    let audiences = match id {
        id if id % BOTH == 0 => vec![2, 1],
        id if id % CLOSED == 0 => vec![2],
        _ => vec![1],
    };
    Document {
        kind: FoundKind::Post,
        id,
        field: 0,
        audiences,
        author: 1,
        host: 0,
        group: 0,
        at: id * Time::MINUTE,
        language: None,
        head: String::new(),
        body: body(id),
    }
}

#[test]
fn nothing_is_passed_over_and_nothing_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let volume = Arc::new(Volume::create(folder.path()).unwrap());
    let mut writer = volume.writer().unwrap();
    for id in 1..=MANY {
        writer.put(&id.to_string(), &[document(id)]).unwrap();
        if id % 4_000 == 0 {
            writer.commit(FeedPlace::default(), false).unwrap();
        }
    }
    let gone = 7 * 131;
    writer.put(&gone.to_string(), &[]).unwrap();
    writer.commit(FeedPlace::default(), true).unwrap();
    let mut readable = Readable::default();
    readable.own.insert(1);
    let readable = Arc::new(readable);
    let may = |id: &i64| *id != gone && (id % CLOSED != 0 || id % BOTH == 0);
    for (text, every) in [
        ("zebra", vec![1]),
        ("wombat", vec![1009]),
        ("zebra kameel", vec![1, 2]),
        ("kameel tapir", vec![2, 7]),
        ("tapir ocelot", vec![7, 131]),
        ("zebra wombat", vec![1, 1009]),
        ("zebra kameel tapir", vec![1, 2, 7]),
    ] {
        let question = Question {
            asked: asked(text),
            synonyms: Arc::new(Synonyms::read(STARTER)),
            readable: readable.clone(),
            filters: Filters::default(),
            limit: 5,
            typing: false,
            counting: true,
            now: MANY * Time::MINUTE,
        };
        let answer = volume.find(&question).unwrap();
        let wanted: Vec<i64> = (1..=MANY).filter(|id| every.iter().all(|n| id % n == 0)).filter(may).collect();
        let counted = answer.counts.kinds.get(&FoundKind::Post.number()).copied().unwrap_or(0);
        // Where few have all words, those that have some are shown after them.
        if wanted.len() >= 8 || every.len() == 1 {
            assert_eq!(counted, wanted.len(), "{text}");
        } else {
            assert!(counted > wanted.len(), "{text}: {counted}");
        }
        let first = answer.hits.iter().take(wanted.len());
        assert!(!answer.hits.is_empty() && first.clone().all(|hit| wanted.contains(&hit.id)), "{text}: {first:?}");
    }
}
