/// Where a page of a list starts, by id. Lists are newest first unless their function says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    /// From the newest.
    #[default]
    Start,
    /// Older than this id (`max_id`).
    Before(i64),
    /// Newer than this id, the newest first (`since_id`).
    Since(i64),
    /// Newer than this id, the ones adjacent to it (`min_id`); still returned newest first.
    After(i64),
}

/// What part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where it starts.
    pub cursor: Cursor,
    /// At most this many; 1 to 80.
    pub limit: i64,
}

impl Page {
    /// The newest `limit`.
    pub fn first(limit: i64) -> Self {
        Self { cursor: Cursor::Start, limit: limit.clamp(1, 80) }
    }

    /// The `limit` before an id, or the newest if there is none.
    pub fn before(id: Option<i64>, limit: i64) -> Self {
        Self { cursor: id.map_or(Cursor::Start, Cursor::Before), limit: limit.clamp(1, 80) }
    }

    /// The bounds `(older_than, newer_than)` for a query on ids, wide open where the cursor sets none.
    pub fn bounds(&self) -> (i64, i64) {
        match self.cursor {
            Cursor::Start => (i64::MAX, -1),
            Cursor::Before(id) => (id, -1),
            Cursor::Since(id) | Cursor::After(id) => (i64::MAX, id),
        }
    }

    /// Whether the query must run oldest first (and be turned round) to find the adjacent ones.
    pub fn ascending(&self) -> bool {
        matches!(self.cursor, Cursor::After(_))
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::first(20)
    }
}

/// Items of a page and where the next one starts.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// `Before` cursor of the next page, if there may be more.
    pub next: Option<i64>,
}
