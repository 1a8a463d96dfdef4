use super::doc::Doc;
use super::kind::Kind;

/// A collection, or a page of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection<'a> {
    /// How many there are in all, if told.
    pub total: Option<u64>,
    /// What stands in this document: `orderedItems` or `items`, or those of an inline first page.
    pub items: Vec<Doc<'a>>,
    /// The id of the page where reading goes on, if this is not all.
    pub next: Option<&'a str>,
}

impl<'a> Doc<'a> {
    /// Reads a collection or page; nothing if it is neither.
    pub fn collection(self) -> Option<Collection<'a>> {
        self.kind().filter(|kind| kind.is_collection())?;
        let mut items = self.collection_items();
        let mut next = self.one_id("next");
        if items.is_empty() && next.is_none() {
            match self.embedded("first").filter(|page| page.kind().is_none_or(Kind::is_collection)) {
                Some(page) => {
                    items = page.collection_items();
                    // An inline page may be a mere stub with its id: then the items are there.
                    next = page.one_id("next").or_else(|| page.id().filter(|_| items.is_empty()));
                }
                None => next = self.one_id("first"),
            }
        }
        Some(Collection { total: self.u64("totalItems"), items, next })
    }

    fn collection_items(self) -> Vec<Doc<'a>> {
        self.items("orderedItems").chain(self.items("items")).collect()
    }
}
