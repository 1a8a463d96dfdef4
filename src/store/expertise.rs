//! What people tell of what they know, as far as a viewer may see it.

use diesel::prelude::*;

use super::schema::{actors, expertise, knowledge_choices, members, terms};
use super::terms::{TermRow, term, term_columns};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::knowledge::{Choices, Expertise, Relation, Told};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// Who looks at what people tell: what is told to these, and one's own.
#[derive(Clone, Copy, Debug)]
pub struct Lens {
    /// Told to one of these.
    pub told: &'static [Told],
    /// Or told by this one.
    pub me: Option<ActorId>,
}

impl Lens {
    fn me(self) -> ActorId {
        self.me.unwrap_or(ActorId(-1))
    }
}

type Row = (ExpertiseId, ActorId, Relation, String, Told, TermRow);

fn read((id, member_id, relation, note, told, row): Row) -> Expertise {
    Expertise { id, member_id, relation, term: term(row), note, told }
}

macro_rules! columns {
    () => {
        (
            expertise::id,
            expertise::member_id,
            expertise::relation,
            expertise::note,
            expertise::visibility,
            term_columns!(),
        )
    };
}

db_fn! {
    async fn rows_of(conn, member: ActorId, lens: Lens) -> Vec<Row> {
        expertise::table
            .inner_join(terms::table.on(terms::id.eq(expertise::term_id)))
            .filter(expertise::member_id.eq(member))
            .filter(expertise::visibility.eq_any(one_of(lens.told)).or(expertise::member_id.eq(lens.me())))
            .order((terms::label_nl, expertise::id))
            .select(columns!())
            .load(conn)
            .await
    }

    async fn rows_of_many(conn, members: &[ActorId], told: &[Told]) -> Vec<Row> {
        expertise::table
            .inner_join(terms::table.on(terms::id.eq(expertise::term_id)))
            .filter(expertise::member_id.eq_any(one_of(members)).and(expertise::visibility.eq_any(one_of(told))))
            .order((expertise::member_id, terms::label_nl, expertise::id))
            .select(columns!())
            .load(conn)
            .await
    }

    async fn rows_about(conn, about: &[TermId], relations: &[Relation], lens: Lens, limit: i64) -> Vec<Row> {
        expertise::table
            .inner_join(terms::table.on(terms::id.eq(expertise::term_id)))
            .inner_join(actors::table.on(actors::id.eq(expertise::member_id)))
            .filter(expertise::term_id.eq_any(one_of(about)).and(expertise::relation.eq_any(one_of(relations))))
            .filter(actors::state.eq(ActorState::Active))
            .filter(expertise::visibility.eq_any(one_of(lens.told)).or(expertise::member_id.eq(lens.me())))
            .order((actors::display_name, expertise::id))
            .limit(limit)
            .select(columns!())
            .load(conn)
            .await
    }

    /// How many people stand to each word in each way, as far as one may see it.
    pub async fn counts(conn, lens: Lens) -> Vec<(TermId, Relation, i64)> {
        expertise::table
            .inner_join(actors::table.on(actors::id.eq(expertise::member_id)))
            .filter(actors::state.eq(ActorState::Active))
            .filter(expertise::visibility.eq_any(one_of(lens.told)).or(expertise::member_id.eq(lens.me())))
            .group_by((expertise::term_id, expertise::relation))
            .select((expertise::term_id, expertise::relation, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    /// Members who hear of questions about these words: who knows or teaches it, is no guest, and did not switch it off.
    /// In order of how many of the words they know.
    pub async fn who_helps(conn, about: &[TermId], limit: i64) -> Vec<(ActorId, i64)> {
        expertise::table
            .inner_join(members::table.on(members::actor_id.eq(expertise::member_id)))
            .inner_join(actors::table.on(actors::id.eq(expertise::member_id)))
            .left_join(knowledge_choices::table.on(knowledge_choices::member_id.eq(expertise::member_id)))
            .filter(expertise::term_id.eq_any(one_of(about)))
            .filter(expertise::relation.eq_any(one_of([Relation::Knows, Relation::Teaches])))
            // Told to nobody is told to the program neither: a notice would show others that they were found.
            .filter(expertise::visibility.ne(Told::Me))
            .filter(actors::state.eq(ActorState::Active))
            .filter(knowledge_choices::questions.nullable().is_null().or(knowledge_choices::questions.nullable().eq(true)))
            .group_by(expertise::member_id)
            .order((diesel::dsl::count_star().desc(), expertise::member_id))
            .limit(limit)
            .select((expertise::member_id, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    /// With which of these words several members can help, among what they tell others.
    pub async fn helps_with(conn, who: &[ActorId], about: &[TermId]) -> Vec<(ActorId, TermId)> {
        expertise::table
            .filter(expertise::member_id.eq_any(one_of(who)).and(expertise::term_id.eq_any(one_of(about))))
            .filter(expertise::relation.eq_any(one_of([Relation::Knows, Relation::Teaches])))
            .filter(expertise::visibility.ne(Told::Me))
            .select((expertise::member_id, expertise::term_id))
            .load(conn)
            .await
    }

    /// Adds or changes what someone tells: a second time for the same word and relation changes note and who sees it.
    pub async fn upsert(
        conn, id: ExpertiseId, member: ActorId, relation: Relation, about: TermId, note: &str, told: Told, now: Time,
    ) -> usize {
        diesel::insert_into(expertise::table)
            .values((
                expertise::id.eq(id), expertise::member_id.eq(member), expertise::relation.eq(relation),
                expertise::term_id.eq(about), expertise::note.eq(note), expertise::visibility.eq(told),
                expertise::created_at.eq(now),
            ))
            .on_conflict((expertise::member_id, expertise::relation, expertise::term_id))
            .do_update()
            .set((expertise::note.eq(note), expertise::visibility.eq(told)))
            .execute(conn)
            .await
    }

    /// Changes one's own.
    pub async fn set(conn, id: ExpertiseId, member: ActorId, note: &str, told: Told) -> usize {
        diesel::update(expertise::table.filter(expertise::id.eq(id).and(expertise::member_id.eq(member))))
            .set((expertise::note.eq(note), expertise::visibility.eq(told)))
            .execute(conn)
            .await
    }

    /// Takes one's own away.
    pub async fn delete(conn, id: ExpertiseId, member: ActorId) -> usize {
        diesel::delete(expertise::table.filter(expertise::id.eq(id).and(expertise::member_id.eq(member)))).execute(conn).await
    }

    /// How much someone told.
    pub async fn count_of(conn, member: ActorId) -> i64 {
        expertise::table.filter(expertise::member_id.eq(member)).count().get_result(conn).await
    }

    /// Whom people tell their branch, of those who chose.
    pub async fn branch_choices(conn, members: &[ActorId]) -> Vec<(ActorId, Told)> {
        knowledge_choices::table
            .filter(knowledge_choices::member_id.eq_any(one_of(members)))
            .select((knowledge_choices::member_id, knowledge_choices::branch_to))
            .load(conn)
            .await
    }

    async fn choices_row(conn, member: ActorId) -> Option<(String, Told, Told, Told, bool, bool, bool)> {
        knowledge_choices::table
            .find(member)
            .select((
                knowledge_choices::days, knowledge_choices::days_to, knowledge_choices::languages_to,
                knowledge_choices::branch_to, knowledge_choices::offers, knowledge_choices::questions,
                knowledge_choices::ideas,
            ))
            .first(conn)
            .await
            .optional()
    }

    /// Sets what someone chose.
    pub async fn set_choices(conn, member: ActorId, chosen: &Choices) -> usize {
        let values = (
            knowledge_choices::days.eq(&chosen.days), knowledge_choices::days_to.eq(chosen.days_to),
            knowledge_choices::languages_to.eq(chosen.languages_to), knowledge_choices::branch_to.eq(chosen.branch_to),
            knowledge_choices::offers.eq(chosen.offers), knowledge_choices::questions.eq(chosen.questions),
            knowledge_choices::ideas.eq(chosen.ideas),
        );
        diesel::insert_into(knowledge_choices::table)
            .values((knowledge_choices::member_id.eq(member), values))
            .on_conflict(knowledge_choices::member_id)
            .do_update()
            .set(values)
            .execute(conn)
            .await
    }
}

/// What someone tells, by word.
pub async fn of(conn: &mut Conn, member: ActorId, lens: Lens) -> Result<Vec<Expertise>> {
    Ok(rows_of(conn, member, lens).await?.into_iter().map(read).collect())
}

/// What some members tell to one of these.
pub async fn of_many(conn: &mut Conn, members: &[ActorId], told: &[Told]) -> Result<Vec<Expertise>> {
    Ok(rows_of_many(conn, members, told).await?.into_iter().map(read).collect())
}

/// Who stands to these words in these ways, by name.
pub async fn about(
    conn: &mut Conn,
    terms: &[TermId],
    relations: &[Relation],
    lens: Lens,
    limit: i64,
) -> Result<Vec<Expertise>> {
    Ok(rows_about(conn, terms, relations, lens, limit).await?.into_iter().map(read).collect())
}

/// What a member chose; the defaults when they chose nothing.
pub async fn choices(conn: &mut Conn, member: ActorId) -> Result<Choices> {
    let row = choices_row(conn, member).await?;
    Ok(row.map_or_else(Choices::default, |(days, days_to, languages_to, branch_to, offers, questions, ideas)| {
        Choices { days, days_to, languages_to, branch_to, offers, questions, ideas }
    }))
}
