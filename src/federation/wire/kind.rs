use crate::base::text_enum;

text_enum! {
    /// The types that we know what to do with, or that we know to leave alone.
    pub enum Kind {
        /// Activity: yes to a follow, a join, an invitation.
        Accept = "Accept",
        /// Activity: into a collection, such as pins or moderators.
        Add = "Add",
        /// Activity: a share, or a group passing on.
        Announce = "Announce",
        /// Activity: a ban.
        Block = "Block",
        /// Activity: something new.
        Create = "Create",
        /// Activity: something removed.
        Delete = "Delete",
        /// Activity: a vote down.
        Dislike = "Dislike",
        /// Activity: a reaction with an emoji (Pleroma, Misskey).
        EmojiReact = "EmojiReact",
        /// Activity: a report.
        Flag = "Flag",
        /// Activity: wanting to follow or join.
        Follow = "Follow",
        /// Activity: no answer to an invitation.
        Ignore = "Ignore",
        /// Activity: asking someone to an event or group.
        Invite = "Invite",
        /// Activity: coming to an event, or joining a group.
        Join = "Join",
        /// Activity: not coming, or leaving.
        Leave = "Leave",
        /// Activity: a vote up.
        Like = "Like",
        /// Activity: no more comments.
        Lock = "Lock",
        /// Activity: an account moves.
        Move = "Move",
        /// Activity: offering something, such as to be in contact.
        Offer = "Offer",
        /// Activity: asking whether a post may be quoted (FEP-044f).
        QuoteRequest = "QuoteRequest",
        /// Activity: no to a follow, a join, an invitation; or putting out a member.
        Reject = "Reject",
        /// Activity: out of a collection.
        Remove = "Remove",
        /// Activity: perhaps coming.
        TentativeAccept = "TentativeAccept",
        /// Activity: taking back an activity.
        Undo = "Undo",
        /// Activity: something changed.
        Update = "Update",
        /// Activity: something was looked at (PeerTube).
        View = "View",

        /// Actor: a server.
        Application = "Application",
        /// Actor: a group.
        Group = "Group",
        /// Actor: an organisation.
        Organization = "Organization",
        /// Actor: someone.
        Person = "Person",
        /// Actor: a bot.
        Service = "Service",

        /// Content: a long text.
        Article = "Article",
        /// Content: sound.
        Audio = "Audio",
        /// Content: a private message of Pleroma.
        ChatMessage = "ChatMessage",
        /// Content: a remark about a book (BookWyrm).
        Comment = "Comment",
        /// Content: a file.
        Document = "Document",
        /// Content: a gathering.
        Event = "Event",
        /// Content: a picture.
        Image = "Image",
        /// Content: a short text.
        Note = "Note",
        /// Content: a post of the threadiverse.
        Page = "Page",
        /// Content: words out of a book (BookWyrm).
        Quotation = "Quotation",
        /// Content: a poll.
        Question = "Question",
        /// Content: what somebody thinks of a book (BookWyrm).
        Review = "Review",
        /// Content: a film.
        Video = "Video",

        /// Not ordered, whole.
        Collection = "Collection",
        /// Not ordered, a page.
        CollectionPage = "CollectionPage",
        /// Ordered, whole.
        OrderedCollection = "OrderedCollection",
        /// Ordered, a page.
        OrderedCollectionPage = "OrderedCollectionPage",

        /// Somewhere.
        Place = "Place",
        /// What is left of a deleted thing.
        Tombstone = "Tombstone",
    }
}

impl Kind {
    /// The kind that a `type` names: plain, with the prefix `as:`, or as a full IRI.
    pub fn of_type(name: &str) -> Option<Self> {
        let name = name.strip_prefix("https://www.w3.org/ns/activitystreams#").unwrap_or(name);
        Self::parse(name.strip_prefix("as:").unwrap_or(name))
    }

    /// Whether an actor does something with it, so that it may come to an inbox.
    pub fn is_activity(self) -> bool {
        self <= Self::View
    }

    /// Whether it can act.
    pub fn is_actor(self) -> bool {
        (Self::Application..=Self::Service).contains(&self)
    }

    /// Whether it is something to read or look at.
    pub fn is_content(self) -> bool {
        (Self::Article..=Self::Video).contains(&self)
    }

    /// Whether it is a list, whole or a page of it.
    pub fn is_collection(self) -> bool {
        (Self::Collection..=Self::OrderedCollectionPage).contains(&self)
    }
}
