//! The frame of every page, and the way templates speak: `c.t(…)` with a key of `locales/`.

use jiff::tz::TimeZone;

use super::views::Avatar;
use super::visit::Visit;
use crate::base::Time;
use crate::i18n::{self, Arg, Locale};
use crate::services::Ctx;

/// Something that counts; templates hand over references of all kinds.
pub trait Count {
    /// As a number.
    fn count(&self) -> i64;
}

impl Count for i64 {
    fn count(&self) -> i64 {
        *self
    }
}

impl Count for i32 {
    fn count(&self) -> i64 {
        i64::from(*self)
    }
}

impl Count for usize {
    fn count(&self) -> i64 {
        i64::try_from(*self).unwrap_or(i64::MAX)
    }
}

impl<T: Count> Count for &T {
    fn count(&self) -> i64 {
        (*self).count()
    }
}

/// Which of the main places a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What is new.
    Home,
    /// Groups.
    Groups,
    /// People.
    People,
    /// Conversations.
    Messages,
    /// Search.
    Search,
    /// None of them.
    None,
}

/// Who looks, for the frame.
#[derive(Clone, Debug)]
pub struct Me {
    /// Account name.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Picture or initials.
    pub avatar: Avatar,
    /// Runs the instance.
    pub admin: bool,
    /// Keeps order on the instance.
    pub moderator: bool,
    /// A guest.
    pub guest: bool,
}

/// What the frame of a page needs, and the texts and dates of the page.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// Title of the page, without the organisation's name.
    pub title: String,
    /// Name of the organisation.
    pub instance: String,
    /// Address of the logo.
    pub logo: Option<String>,
    /// Language tag.
    pub lang: &'static str,
    /// auto, light or dark.
    pub theme: String,
    /// auto or high.
    pub contrast: String,
    /// normal, large or larger.
    pub text: String,
    /// Secret of forms.
    pub csrf: String,
    /// Who looks.
    pub me: Option<Me>,
    /// Unread notices.
    pub unread: i64,
    /// Which place.
    pub place: Place,
    /// What to listen to while the page is open; empty for nothing.
    pub live: String,
    /// ActivityPub id of what the page shows, when it has one.
    pub alternate: Option<String>,
    /// One line that a form before left.
    pub flash: Option<String>,
    /// Path and query asked for.
    pub path: String,
    /// Fingerprint of the assets.
    pub assets: &'static str,
    locale: Locale,
    zone: TimeZone,
    now: Time,
}

impl Chrome {
    /// The frame for a visit.
    pub(super) fn new(ctx: &Ctx, visit: &Visit, place: Place, title: String) -> Self {
        let instance = ctx.instance();
        let session = visit.session.as_deref();
        let choice = |pick: fn(&crate::services::sessions::Session) -> &String, usual: &str| {
            session.map_or_else(|| usual.to_owned(), |s| pick(s).clone())
        };
        let me = session.and_then(|s| s.actor.as_ref().zip(s.member.as_ref())).map(|(actor, member)| Me {
            name: actor.name.clone(),
            display_name: actor.display_name.clone(),
            avatar: Avatar::of_actor(actor),
            admin: member.role.is_admin(),
            moderator: member.role.is_moderator(),
            guest: member.is_guest,
        });
        let name = if instance.name.is_empty() { "Kring".to_owned() } else { instance.name.clone() };
        Self {
            title,
            instance: name,
            logo: instance.logo.map(|id| crate::urls::media_path(id, false)),
            lang: visit.locale.tag(),
            theme: choice(|s| &s.theme, "auto"),
            contrast: choice(|s| &s.contrast, "auto"),
            text: choice(|s| &s.text_size, "normal"),
            csrf: visit.csrf().to_owned(),
            live: if me.is_some() { "notices".to_owned() } else { String::new() },
            me,
            unread: session.map_or(0, |s| s.unread),
            place,
            alternate: None,
            flash: None,
            path: visit.path.clone(),
            assets: super::assets::fingerprint(),
            locale: visit.locale,
            zone: ctx.zone.clone(),
            now: ctx.now(),
        }
    }

    /// Listens to more than notices while the page is open: `home`, `group:ID`, `post:ID`.
    #[must_use]
    pub fn live(mut self, topic: impl Into<String>) -> Self {
        if self.me.is_some() {
            self.live = topic.into();
        }
        self
    }

    /// Tells programs where the same thing is as an ActivityPub document.
    #[must_use]
    pub fn alternate(mut self, uri: &str) -> Self {
        self.alternate = Some(uri.to_owned());
        self
    }

    /// Shows one line at the top: an i18n key that a redirect carried as `?done=`. Only keys of that family are shown.
    #[must_use]
    pub fn flash(mut self, done: Option<&str>) -> Self {
        let key = done.map(|word| format!("done-{word}")).filter(|key| i18n::has(self.locale, key));
        self.flash = key.map(|key| self.t(&key));
        self
    }

    /// Under what the browser keeps a text that was not sent: nobody else on a shared computer gets to see it.
    pub fn draft_key(&self, place: impl std::fmt::Display) -> String {
        let me = self.me.as_ref().map_or("", |me| me.name.as_str());
        format!("draft-{me}-{place}")
    }

    /// A text.
    pub fn t(&self, key: impl AsRef<str>) -> String {
        i18n::t(self.locale, key.as_ref())
    }

    /// A text with a count, `{ $n }`.
    pub fn tn(&self, key: impl AsRef<str>, n: impl Count) -> String {
        i18n::t_args(self.locale, key.as_ref(), &[("n", Arg::from(n.count()))])
    }

    /// A text with a word, `{ $what }`.
    pub fn tx(&self, key: impl AsRef<str>, what: impl AsRef<str>) -> String {
        i18n::t_args(self.locale, key.as_ref(), &[("what", Arg::from(what.as_ref()))])
    }

    /// A moment as people say it: "vandaag 11:05".
    pub fn moment(&self, time: &Time) -> String {
        i18n::moment(self.locale, &self.zone, self.now, *time)
    }

    /// A date.
    pub fn date(&self, time: &Time) -> String {
        i18n::date(self.locale, &self.zone, *time)
    }

    /// A date with the time of day.
    pub fn date_time(&self, time: &Time) -> String {
        i18n::date_time(self.locale, &self.zone, *time)
    }

    /// A day to come with its name, and the time.
    pub fn day_and_time(&self, time: &Time) -> String {
        i18n::day_and_time(self.locale, &self.zone, *time)
    }

    /// A moment for `<time datetime>`.
    pub fn iso(&self, time: &Time) -> String {
        time.to_rfc3339_seconds()
    }

    /// A number.
    pub fn number(&self, n: &i64) -> String {
        i18n::number(self.locale, *n)
    }

    /// A size in bytes, kB or MB.
    pub fn size(&self, bytes: &i64) -> String {
        i18n::file_size(self.locale, u64::try_from(*bytes).unwrap_or(0))
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Language of the page.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// The other languages the pages can be in: tag and own name.
    pub fn other_languages(&self) -> Vec<(&'static str, &'static str)> {
        Locale::all().iter().filter(|l| **l != self.locale).map(|l| (l.tag(), l.name())).collect()
    }

    /// Whether the page is in this place.
    pub fn at(&self, place: &str) -> bool {
        matches!(
            (self.place, place),
            (Place::Home, "home")
                | (Place::Groups, "groups")
                | (Place::People, "people")
                | (Place::Messages, "messages")
                | (Place::Search, "search")
        )
    }
}
