//! Pages of a group's knowledge base, each with the versions that led to it.

use super::plan::Plan;
use crate::base::*;
use crate::domain::wiki::WikiPage;
use crate::store::wiki::NewVersion;
use crate::store::{self, Conn};
use crate::text::{self, Links};

/// A version: who, days ago, what they changed, Markdown.
type Version = (&'static str, f64, &'static str, &'static str);

const PAGES: &[(&str, &str, &[Version])] = &[
    (
        "taalcafe",
        "Zo loopt een taalcafé-middag",
        &[
            (
                "nadia",
                60.0,
                "",
                "Het taalcafé is elke dinsdag van 14.00 tot 16.00 uur.\n\n- Zet koffie en thee klaar.\n- Begin met een rondje namen.",
            ),
            (
                "marieke",
                31.0,
                "Sleutel erbij",
                "Het taalcafé is elke dinsdag van 14.00 tot 16.00 uur. De sleutel van de kast ligt bij de balie.\n\n- Zet koffie en thee klaar.\n- Begin met een rondje namen.",
            ),
            (
                "samira",
                12.0,
                "Plaatjes en afsluiten",
                "Het taalcafé is elke dinsdag van 14.00 tot 16.00 uur. De sleutel van de kast ligt bij de balie.\n\n## Voor het begint\n- Zet koffie en thee klaar.\n- Leg de plaatjes van deze week op tafel.\n\n## Tijdens\n- Begin met een rondje namen.\n- Verdeel de groep: vijf mensen per tafel is genoeg.\n\n## Na afloop\n- Vraag wat iemand de volgende keer wil oefenen.\n- Schrijf het aantal deelnemers op het blad bij de balie.",
            ),
        ],
    ),
    (
        "taalcafe",
        "Woorden die we vaak nodig hebben",
        &[(
            "nadia",
            20.0,
            "",
            "| Nederlands | Wanneer |\n| --- | --- |\n| de afspraak | bij de dokter |\n| de aanvraag | bij de gemeente |\n| de handtekening | onder een formulier |\n\nMist er een woord? Zet het erbij.",
        )],
    ),
];

/// Writes them for one side.
pub async fn write(plan: &Plan, side: &str, conn: &mut Conn) -> Result<()> {
    for (group, title, versions) in PAGES {
        let home = plan.content.groups.iter().find(|known| known.key == *group);
        let (Some(home), Some((last_by, last_days, _, source))) = (home, versions.last()) else { continue };
        if home.instance != side {
            continue;
        }
        let group_id = plan.actor(group)?;
        let found = store::groups::find(conn, group_id).await?.ok_or(Error::NotFound)?;
        let began = versions.first().map_or(0.0, |version| version.1);
        let id = WikiId(plan.id_at(plan.ago(began)));
        let page = WikiPage {
            id,
            group_id,
            audience_id: found.audience_id,
            title: (*title).to_owned(),
            source: (*source).to_owned(),
            html: text::render(source, &Links { tag_base: plan.home(side)?.tag_base(), ..Links::default() }),
            version: i64::try_from(versions.len()).unwrap_or(1),
            updated_by: plan.actor(last_by)?,
            created_at: plan.ago(began),
            updated_at: plan.ago(*last_days),
        };
        store::wiki::insert(conn, &page).await?;
        for (number, (by, days, note, source)) in (1..).zip(versions.iter()) {
            let version = NewVersion {
                page_id: id,
                number,
                title: (*title).to_owned(),
                source: (*source).to_owned(),
                note: (*note).to_owned(),
                author_id: plan.actor(by)?,
                created_at: plan.ago(*days),
            };
            store::wiki::insert_version(conn, &version).await?;
        }
    }
    Ok(())
}
