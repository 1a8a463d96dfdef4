//! What people know and care about: the vocabulary, what each tells of themselves, and whom they send to each other.

use crate::base::{ActorId, ExpertiseId, OfferId, PostId, ReferralId, TermId, Time, text_enum};
use crate::domain::actors::ActorCard;

text_enum! {
    /// From which side a word looks at knowledge.
    pub enum Facet {
        /// A subject or genre.
        Subject = "subject",
        /// A tool or technique.
        Technology = "technology",
        /// A target group.
        Audience = "audience",
        /// A word of someone's own, outside the vocabulary.
        Free = "free",
    }

    /// How someone stands to a word.
    pub enum Relation {
        /// Knows about it.
        Knows = "knows",
        /// Can teach it.
        Teaches = "teaches",
        /// Wants to learn it.
        Learns = "learns",
        /// Knows someone: can reach these people.
        Reaches = "reaches",
    }

    /// Who may see what someone tells of themselves, from few to many.
    pub enum Told {
        /// Nobody else.
        Me = "me",
        /// Members of this organisation.
        Organisation = "organisation",
        /// And members of organisations with an agreement about people.
        Peers = "peers",
        /// Everyone, on any server.
        Everyone = "everyone",
    }

    /// What an offer was learned from.
    pub enum Why {
        /// Their answer was accepted.
        Accepted = "accepted",
        /// They were thanked for an answer.
        Thanks = "thanks",
    }

    /// Where an offer stands.
    pub enum OfferState {
        /// Not answered.
        Open = "open",
        /// No.
        Refused = "refused",
        /// Yes.
        Added = "added",
    }

    /// Where that stands.
    pub enum ReferralState {
        /// Not answered.
        Waiting = "waiting",
        /// Yes.
        Accepted = "accepted",
        /// No; only who declined sees it.
        Declined = "declined",
    }
}

impl Facet {
    /// Those of the shipped vocabulary, in the order in which people choose.
    pub const MAIN: &'static [Facet] = &[Facet::Subject, Facet::Technology, Facet::Audience];
}

/// A word of the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Our id.
    pub id: TermId,
    /// From which side.
    pub facet: Facet,
    /// In Dutch.
    pub label_nl: String,
    /// In English.
    pub label_en: String,
}

impl Term {
    /// In the language of a page.
    pub fn label(&self, language: &str) -> &str {
        if language == "nl" { &self.label_nl } else { &self.label_en }
    }
}

/// Something a person told of themselves.
#[derive(Clone, Debug)]
pub struct Expertise {
    /// Our id.
    pub id: ExpertiseId,
    /// Whose.
    pub member_id: ActorId,
    /// How they stand to it.
    pub relation: Relation,
    /// To what.
    pub term: Term,
    /// A few words more.
    pub note: String,
    /// Who may see it.
    pub told: Told,
}

/// What a member chose beside their expertise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Days present, `1` is Monday: "135".
    pub days: String,
    /// Who may see the days.
    pub days_to: Told,
    /// Who may see the languages.
    pub languages_to: Told,
    /// Who may see the branch.
    pub branch_to: Told,
    /// Wants to be asked "shall we add this?"
    pub offers: bool,
    /// Wants to hear of questions they may know about.
    pub questions: bool,
    /// Wants to see ideas: people and groups that fit.
    pub ideas: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            days: String::new(),
            days_to: Told::Organisation,
            languages_to: Told::Organisation,
            branch_to: Told::Organisation,
            offers: true,
            questions: true,
            ideas: true,
        }
    }
}

/// "Shall we add this?"
#[derive(Clone, Debug)]
pub struct Offer {
    /// Our id.
    pub id: OfferId,
    /// What.
    pub term: Term,
    /// Learned from this.
    pub why: Why,
    /// The answer it was learned from.
    pub post_id: Option<PostId>,
}

/// Someone sent to someone.
#[derive(Clone, Debug)]
pub struct Referral {
    /// Our id.
    pub id: ReferralId,
    /// Who thought of it.
    pub from: ActorCard,
    /// Who is asked.
    pub to: ActorCard,
    /// Who would be helped.
    pub helped: ActorCard,
    /// The question it is about.
    pub post_id: Option<PostId>,
    /// Why they.
    pub reason: String,
    /// Where it stands.
    pub state: ReferralState,
    /// When it was sent.
    pub created_at: Time,
}

/// What is asked of partner organisations: who knows about this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PeopleQuestion {
    /// In the words of who asks.
    pub words: String,
    /// Standing to it in one of these ways; in any when empty.
    pub relations: Vec<Relation>,
}

impl PeopleQuestion {
    /// The longest question, in characters.
    pub const LONGEST: usize = 200;
    /// Most people in one answer.
    pub const MOST: usize = 20;
    /// Most that is told of each.
    pub const MOST_TOLD: usize = 10;
}

/// Someone at a partner, as their server answers. It is shown and then forgotten: no table holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerPerson {
    /// ActivityPub id.
    pub uri: String,
    /// Name in addresses.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Languages, as tags or words with commas; empty unless told to partners.
    pub languages: String,
    /// Branch; empty unless told to partners.
    pub branch: String,
    /// Days present, `1` is Monday; empty unless told to partners.
    pub days: String,
    /// What they tell about what was asked.
    pub told: Vec<PeerTold>,
}

/// Something that someone at a partner tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerTold {
    /// How they stand to it.
    pub relation: Relation,
    /// To what, in Dutch.
    pub label_nl: String,
    /// In English.
    pub label_en: String,
    /// A few words more.
    pub note: String,
}

impl PeerTold {
    /// In the language of a page.
    pub fn label(&self, language: &str) -> &str {
        if language == "nl" { &self.label_nl } else { &self.label_en }
    }
}

/// That somebody at a partner organisation found a member.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The organisation, by the name it gives itself, or its host.
    pub organisation: String,
    /// What they looked for.
    pub term: Term,
    /// How often that day.
    pub times: i64,
    /// The last time.
    pub last_at: Time,
}

/// "May I write to you?" between a member here and someone at another organisation.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Our id.
    pub id: ReferralId,
    /// The member here.
    pub member_id: ActorId,
    /// The other one.
    pub other: ActorCard,
    /// The member here asked.
    pub ours: bool,
    /// ActivityPub id of the activity that asked.
    pub uri: String,
    /// Why, in plain text.
    pub reason: String,
    /// Where it stands; who asked never learns of a no.
    pub state: ReferralState,
    /// When it was asked.
    pub created_at: Time,
}
