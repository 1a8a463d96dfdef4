//! Who begins at the demo's library, and who meets whom.

use jiff::tz::TimeZone;

use super::plan::Plan;
use crate::base::*;
use crate::domain::meetings::{MeetingState, Reason, pair};
use crate::domain::newcomers::Step;
use crate::services::meetings::month_of;
use crate::store::meetings::NewMeeting;
use crate::store::{self, Conn};

/// Who, their buddy, days ago.
const BEGAN: &[(&str, &str, f64)] = &[("jeroen", "joris", 12.0), ("mei", "gerda", 3.0)];
/// Who wants to meet someone each month, and whether also at a partner.
const MEETERS: &[(&str, bool)] =
    &[("fatma", false), ("elif", false), ("kees", false), ("oksana", true), ("maria", true)];
/// Who meets whom, and the word in Dutch and English.
const MEET: &[(&str, &str, &str, &str)] =
    &[("fatma", "elif", "Turks", "Turkish"), ("oksana", "maria", "Oekraïners", "Ukrainians")];

/// Writes them for one side.
pub async fn write(plan: &Plan, side: &str, conn: &mut Conn) -> Result<()> {
    let here = |key: &str| plan.person(key).is_ok_and(|person| person.instance == side);
    for (who, buddy, days) in BEGAN.iter().filter(|(who, ..)| here(who)) {
        let (member, buddy, at) = (plan.actor(who)?, plan.actor(buddy)?, plan.ago(*days));
        store::newcomers::put(conn, member, Some(buddy), at).await?;
        // As far as they got then.
        store::newcomers::set_done(conn, member, 3, at).await?;
        if *who == "mei" {
            store::newcomers::mark(conn, member, Step::Buddy, buddy, "Samen thee in de leeszaal", plan.ago(1.0))
                .await?;
        }
    }
    for (who, peers) in MEETERS.iter().filter(|(who, _)| here(who)) {
        store::meetings::put_meeter(conn, plan.actor(who)?, *peers, plan.ago(20.0)).await?;
    }
    for (one, other, nl, en) in MEET {
        let (first, second) = (plan.actor(one)?, plan.actor(other)?);
        // The same on both sides, so that either can call it off.
        let uri = plan.home("linde")?.activity(ActivityId((first.0 ^ second.0) & i64::MAX));
        for (key, member_id, other_id) in [(one, first, second), (other, second, first)] {
            if !here(key) {
                continue;
            }
            let at = plan.ago(0.3);
            let abroad = plan.person(one)?.instance != plan.person(other)?.instance;
            let host_id = store::actors::get(conn, other_id).await?.host_id;
            let new = NewMeeting {
                id: MeetingId(plan.id_at(at)),
                member_id,
                month: month_of(at, &zone()?),
                other_id: Some(other_id),
                host_id: abroad.then_some(host_id),
                uri: abroad.then(|| uri.clone()),
                reason: Reason { word: Some(((*nl).to_owned(), (*en).to_owned())) },
                begins_at: pair::time(at, &zone()?, "", "2"),
                state: MeetingState::Proposed,
                created_at: at,
            };
            let reason = serde_json::to_string(&new.reason).map_err(Error::internal)?;
            store::meetings::insert(conn, &new, &reason).await?;
        }
    }
    Ok(())
}

/// Where both organisations are.
fn zone() -> Result<TimeZone> {
    TimeZone::get("Europe/Amsterdam").map_err(Error::internal)
}
