//! What is talked of this week, in open posts. Counted afresh each time, over a bounded number of the newest posts; nothing
//! is shown that only one person wrote of.

use std::collections::{HashMap, HashSet};

use crate::base::*;
use crate::services::Ctx;
use crate::store;

/// How far back it goes.
const DAYS: i64 = 7;
/// Rows that are looked at.
const READ: i64 = 2_000;
/// How many people must have written of it.
const PEOPLE: usize = 2;

/// How often something came up on one day, and with how many people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Midnight UTC, in seconds since 1970.
    pub midnight: i64,
    /// In how many posts.
    pub uses: i64,
    /// Of how many people.
    pub people: i64,
}

/// A hashtag or page that several people wrote of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    /// Its name or address.
    pub name: String,
    /// The newest post with it.
    pub post: PostId,
    /// Today first.
    pub days: Vec<Day>,
}

/// The smallest id of this week.
fn since(ctx: &Ctx) -> i64 {
    first_id_at(ctx.now().plus(-DAYS * Time::DAY))
}

/// Hashtags, most people first.
pub async fn tags(ctx: &Ctx) -> Result<Vec<Trend>> {
    let rows = store::trends::tagged(&mut ctx.db.read().await?, since(ctx), READ).await?;
    Ok(counted(ctx.now(), rows))
}

/// Pages of other sites, most people first.
pub async fn links(ctx: &Ctx) -> Result<Vec<Trend>> {
    let rows = store::trends::linked(&mut ctx.db.read().await?, since(ctx), READ).await?;
    Ok(counted(ctx.now(), rows))
}

/// Posts that people answered, thanked for or shared, most first.
pub async fn posts(ctx: &Ctx) -> Result<Vec<PostId>> {
    let rows = store::trends::talked_of(&mut ctx.db.read().await?, since(ctx), READ).await?;
    let mut weighed: Vec<(i64, PostId)> = rows.into_iter().map(|(id, c, r, s)| (c + r + s, id)).collect();
    weighed.retain(|(weight, _)| *weight >= 2);
    weighed.sort_unstable_by(|a, b| b.cmp(a));
    Ok(weighed.into_iter().map(|(_, id)| id).collect())
}

/// The newest post with something, who wrote of it, and on which day each did.
#[derive(Default)]
struct Found {
    post: Option<PostId>,
    people: HashSet<ActorId>,
    uses: Vec<(i64, ActorId)>,
}

fn counted(now: Time, rows: Vec<(String, PostId, ActorId)>) -> Vec<Trend> {
    let mut found: HashMap<String, Found> = HashMap::new();
    for (name, post, author) in rows {
        let one = found.entry(name).or_default();
        one.post = one.post.max(Some(post));
        one.people.insert(author);
        one.uses.push((time_of(post.0).seconds().div_euclid(86_400), author));
    }
    let today = now.seconds().div_euclid(86_400);
    let trend = |(name, Found { post, people, uses }): (String, Found)| {
        let days = (0..DAYS).map(|back| day(today - back, &uses)).collect();
        (people.len() >= PEOPLE).then_some((people.len(), Trend { name, post: post?, days }))
    };
    let mut all: Vec<(usize, Trend)> = found.into_iter().filter_map(trend).collect();
    all.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(b.1.post.cmp(&a.1.post)));
    all.into_iter().map(|(_, trend)| trend).collect()
}

fn day(number: i64, uses: &[(i64, ActorId)]) -> Day {
    let on: Vec<ActorId> = uses.iter().filter(|(day, _)| *day == number).map(|(_, who)| *who).collect();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let people = on.iter().collect::<HashSet<_>>().len();
    Day { midnight: number * 86_400, uses: count(on.len()), people: count(people) }
}
