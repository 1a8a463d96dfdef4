//! How our ids, times and words travel to and from the databases.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, SingleValue, SmallInt, Text};

use super::among::Listed;
use crate::base::*;
use crate::domain::audiences::Scope;

macro_rules! expression {
    ($sql:ty, $name:ty) => {
        impl AsExpression<$sql> for $name {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl AsExpression<$sql> for &$name {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl AsExpression<Nullable<$sql>> for $name {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<DB: Backend> ToSql<Nullable<$sql>, DB> for $name
        where
            $name: ToSql<$sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                <$name as ToSql<$sql, DB>>::to_sql(self, out)
            }
        }
        impl<DB: Backend, ST: SingleValue> Queryable<ST, DB> for $name
        where
            Self: FromSql<ST, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    };
}

macro_rules! number {
    ($($name:ident),*) => {$(
        expression!(BigInt, $name);
        impl<DB: Backend> ToSql<BigInt, DB> for $name where i64: ToSql<BigInt, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }
        impl Listed for $name {
            fn list(&self, list: &mut String) {
                self.0.list(list);
            }
        }
        impl<DB: Backend> FromSql<BigInt, DB> for $name where i64: FromSql<BigInt, DB> {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }
    )*};
}

macro_rules! word {
    ($($name:ty),* $(,)?) => {$(
        expression!(Text, $name);
        impl<DB: Backend> ToSql<Text, DB> for $name where str: ToSql<Text, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.as_str().to_sql(out)
            }
        }
        impl Listed for $name {
            fn list(&self, list: &mut String) {
                self.as_str().list(list);
            }
        }
        impl<DB: Backend> FromSql<Text, DB> for $name where String: FromSql<Text, DB> {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(String::from_sql(bytes)?.parse()?)
            }
        }
    )*};
}

number!(
    ActorId,
    PostId,
    AudienceId,
    MediaId,
    ActivityId,
    HostId,
    SessionId,
    InvitationId,
    NotificationId,
    ReportId,
    BranchId,
    EntryId,
    FollowId,
    TermId,
    ExpertiseId,
    OfferId,
    ReferralId,
    WikiId,
    TipListId,
    ThanksId,
    EmojiId,
    MeetingId,
    Time
);

word!(
    crate::domain::actors::ActorKind,
    crate::domain::actors::ActorState,
    crate::domain::people::Role,
    crate::domain::people::PersonKind,
    crate::domain::people::DirectFrom,
    crate::domain::people::TokenPurpose,
    crate::domain::groups::GroupKind,
    crate::domain::groups::Posting,
    crate::domain::groups::FollowState,
    crate::domain::groups::GroupRole,
    crate::domain::groups::Notify,
    crate::domain::posts::PostKind,
    crate::domain::posts::PostState,
    crate::domain::posts::QuoteState,
    crate::domain::posts::ReactionKind,
    crate::domain::posts::EntryKind,
    crate::domain::media::MediaKind,
    crate::domain::media::MediaState,
    crate::domain::media::MediaPurpose,
    crate::domain::notices::NoticeKind,
    crate::domain::filters::FilterAction,
    crate::domain::moderation::ReportState,
    crate::domain::moderation::ModAction,
    crate::domain::moderation::BlockKind,
    crate::domain::peers::HostState,
    crate::domain::peers::PeerState,
    crate::domain::peers::ActivityState,
    crate::domain::peers::KeyKind,
    crate::domain::knowledge::Facet,
    crate::domain::knowledge::Relation,
    crate::domain::knowledge::Told,
    crate::domain::knowledge::Why,
    crate::domain::knowledge::OfferState,
    crate::domain::knowledge::ReferralState,
    crate::domain::extras::Side,
    crate::domain::newcomers::Step,
    crate::domain::meetings::MeetingState,
);

expression!(SmallInt, Scope);

impl<DB: Backend> ToSql<SmallInt, DB> for Scope
where
    i16: ToSql<SmallInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        // A constant of the right lifetime for each value: SQLite keeps a reference until the query runs.
        static NUMBERS: [i16; 5] = [0, 1, 2, 3, 4];
        let index = usize::try_from(self.number()).unwrap_or(NUMBERS.len() - 1);
        NUMBERS.get(index).unwrap_or(&NUMBERS[4]).to_sql(out)
    }
}

impl<DB: Backend> FromSql<SmallInt, DB> for Scope
where
    i16: FromSql<SmallInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i16::from_sql(bytes).map(Scope::from_number)
    }
}
