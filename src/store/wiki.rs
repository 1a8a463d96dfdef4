//! Pages of groups and their versions. Each query of pages has the reader's Sight inside.

use diesel::prelude::*;

use super::schema::{actors, wiki_pages, wiki_versions};
use super::sight::sees_wiki;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::actors::ActorState;
use crate::domain::wiki::{WikiPage, WikiVersion};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A version to be.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Of which page.
    pub page_id: WikiId,
    /// Its number.
    pub number: i64,
    /// Title.
    pub title: String,
    /// Markdown.
    pub source: String,
    /// What was changed.
    pub note: String,
    /// Who wrote it.
    pub author_id: ActorId,
    /// Now.
    pub created_at: Time,
}

type Row = (WikiId, ActorId, AudienceId, String, String, String, i64, ActorId, Time, Time);
type VersionRow = (i64, String, String, String, ActorId, Time);

macro_rules! columns {
    () => {
        (
            wiki_pages::id,
            wiki_pages::group_id,
            wiki_pages::audience_id,
            wiki_pages::title,
            wiki_pages::source,
            wiki_pages::html,
            wiki_pages::version,
            wiki_pages::updated_by,
            wiki_pages::created_at,
            wiki_pages::updated_at,
        )
    };
}

macro_rules! version_columns {
    () => {
        (
            wiki_versions::number,
            wiki_versions::title,
            wiki_versions::source,
            wiki_versions::note,
            wiki_versions::author_id,
            wiki_versions::created_at,
        )
    };
}

fn read(
    (id, group_id, audience_id, title, source, html, version, updated_by, created_at, updated_at): Row,
) -> WikiPage {
    let html = SafeHtml::trusted(html);
    WikiPage { id, group_id, audience_id, title, source, html, version, updated_by, created_at, updated_at }
}

db_fn! {
    async fn rows(conn, group: Option<ActorId>, among: Option<&[WikiId]>, sight: &Sight, limit: i64) -> Vec<Row> {
        let mut query = wiki_pages::table
            .inner_join(actors::table.on(actors::id.eq(wiki_pages::group_id)))
            .filter(actors::state.ne(ActorState::Deleted).and(wiki_pages::deleted_at.is_null()))
            .filter(sees_wiki(sight))
            .order((wiki_pages::title, wiki_pages::id))
            .limit(limit)
            .select(columns!())
            .into_boxed();
        if let Some(group) = group {
            query = query.filter(wiki_pages::group_id.eq(group));
        }
        if let Some(among) = among {
            query = query.filter(wiki_pages::id.eq_any(one_of(among.to_vec())));
        }
        query.load(conn).await
    }

    /// Adds a page.
    pub async fn insert(conn, new: &WikiPage) -> usize {
        diesel::insert_into(wiki_pages::table)
            .values((
                wiki_pages::id.eq(new.id), wiki_pages::group_id.eq(new.group_id), wiki_pages::audience_id.eq(new.audience_id),
                wiki_pages::title.eq(&new.title), wiki_pages::source.eq(&new.source), wiki_pages::html.eq(new.html.as_str()),
                wiki_pages::version.eq(new.version), wiki_pages::updated_by.eq(new.updated_by),
                wiki_pages::created_at.eq(new.created_at), wiki_pages::updated_at.eq(new.updated_at),
            ))
            .execute(conn)
            .await
    }

    /// Shows the next version, if the one before is still the one that was begun with.
    pub async fn update(conn, page: &WikiPage, before: i64) -> usize {
        diesel::update(wiki_pages::table.filter(wiki_pages::id.eq(page.id).and(wiki_pages::version.eq(before))))
            .filter(wiki_pages::deleted_at.is_null())
            .set((
                wiki_pages::title.eq(&page.title), wiki_pages::source.eq(&page.source), wiki_pages::html.eq(page.html.as_str()),
                wiki_pages::version.eq(page.version), wiki_pages::updated_by.eq(page.updated_by),
                wiki_pages::updated_at.eq(page.updated_at),
            ))
            .execute(conn)
            .await
    }

    /// Keeps a version.
    pub async fn insert_version(conn, new: &NewVersion) -> usize {
        diesel::insert_into(wiki_versions::table)
            .values((
                wiki_versions::page_id.eq(new.page_id), wiki_versions::number.eq(new.number),
                wiki_versions::title.eq(&new.title), wiki_versions::source.eq(&new.source),
                wiki_versions::note.eq(&new.note), wiki_versions::author_id.eq(new.author_id),
                wiki_versions::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    /// Takes a page away; its versions stay.
    pub async fn delete(conn, id: WikiId, now: Time) -> usize {
        diesel::update(wiki_pages::table.find(id)).set(wiki_pages::deleted_at.eq(now)).execute(conn).await
    }

    /// Takes away the pages of a group that is no more.
    pub async fn delete_of(conn, group: ActorId, now: Time) -> usize {
        diesel::update(wiki_pages::table.filter(wiki_pages::group_id.eq(group).and(wiki_pages::deleted_at.is_null())))
            .set(wiki_pages::deleted_at.eq(now))
            .execute(conn)
            .await
    }

    /// How many pages a group has.
    pub async fn count_of(conn, group: ActorId) -> i64 {
        wiki_pages::table
            .filter(wiki_pages::group_id.eq(group).and(wiki_pages::deleted_at.is_null()))
            .count()
            .get_result(conn)
            .await
    }

    async fn version_rows(conn, page: WikiId, numbers: &[i64], before: i64, limit: i64) -> Vec<VersionRow> {
        let mut query = wiki_versions::table
            .filter(wiki_versions::page_id.eq(page).and(wiki_versions::number.lt(before)))
            .order(wiki_versions::number.desc())
            .limit(limit)
            .select(version_columns!())
            .into_boxed();
        if !numbers.is_empty() {
            query = query.filter(wiki_versions::number.eq_any(one_of(numbers.to_vec())));
        }
        query.load(conn).await
    }
}

/// The pages of a group by title, as far as `sight` may see them.
pub async fn of_group(conn: &mut Conn, group: ActorId, sight: &Sight, limit: i64) -> Result<Vec<WikiPage>> {
    Ok(rows(conn, Some(group), None, sight, limit).await?.into_iter().map(read).collect())
}

/// A page.
///
/// # Errors
/// `NotFound` when it is not there, or not for `sight`.
pub async fn get(conn: &mut Conn, id: WikiId, sight: &Sight) -> Result<WikiPage> {
    rows(conn, None, Some(&[id]), sight, 1).await?.pop().map(read).ok_or(Error::NotFound)
}

/// Several pages.
pub async fn among(conn: &mut Conn, ids: &[WikiId], sight: &Sight) -> Result<Vec<WikiPage>> {
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    Ok(rows(conn, None, Some(ids), sight, limit).await?.into_iter().map(read).collect())
}

/// Versions of a page, the newest first: with these numbers (all when empty), before one.
pub async fn versions(
    conn: &mut Conn,
    page: WikiId,
    numbers: &[i64],
    before: i64,
    limit: i64,
) -> Result<Vec<WikiVersion>> {
    let rows = version_rows(conn, page, numbers, before, limit).await?;
    let mut ids: Vec<ActorId> = rows.iter().map(|row| row.4).collect();
    ids.sort_unstable();
    ids.dedup();
    let cards = super::actors::cards(conn, &ids).await?;
    let version = |(number, title, source, note, author, created_at): VersionRow| {
        let author = cards.iter().find(|card| card.id == author).cloned()?;
        Some(WikiVersion { number, title, source, note, author, created_at })
    };
    Ok(rows.into_iter().filter_map(version).collect())
}
