//! Room: i18n: the texts of the interface (Fluent, `locales/*.ftl`), the choice of language, dates and numbers.
//! May import: base.

mod dates;
mod locale;
mod texts;

pub use dates::{date, date_time, day_and_time, file_size, moment, number, time_of_day};
pub use locale::Locale;
pub use texts::{Arg, has, t, t_args};
