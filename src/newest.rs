//! The newest pages of conversations, as they were last read.
//!
//! Opening a conversation is what people do most, and a thousand who come back at once ask for the same page. A
//! page is kept with the cursor that was heard before it was read; the database says whether anything of it has changed
//! since, at a fraction of what building it costs.
//!
//! The page of somebody who has hidden messages is theirs alone: it is not kept, and none that is kept is given to them.
//!
//! *Invariant:* nothing here is ever given out without the database's word, in the same request, that it is
//! current and that its reader may see it.

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

/// Memory for pages, in bytes: some 1,500 pages of 50 short messages.
const KEPT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What a page takes as a rule, in bytes; the cache sizes its tables by it.
const PAGE_BYTES: usize = 20 * 1024;

/// Which page: of a conversation, of so many messages, with their fragments or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageKey {
    pub conversation: Uuid,
    pub limit: i32,
    pub with_html: bool,
}

/// A page, and a cursor that is no newer than it.
#[derive(Clone)]
pub struct KeptPage {
    pub cursor: String,
    pub json: Bytes,
}

pub struct NewestPages(Cache<PageKey, KeptPage, ByBytes>);

#[derive(Clone)]
struct ByBytes;

impl Weighter<PageKey, KeptPage> for ByBytes {
    fn weight(&self, _: &PageKey, page: &KeptPage) -> u64 {
        (page.json.len() + page.cursor.len()) as u64
    }
}

impl NewestPages {
    pub fn new() -> Self {
        let pages = usize::try_from(KEPT_BYTES_MAX).unwrap_or(usize::MAX) / PAGE_BYTES;
        Self(Cache::with_weighter(pages, KEPT_BYTES_MAX, ByBytes))
    }

    pub fn find(&self, key: &PageKey) -> Option<KeptPage> {
        self.0.get(key)
    }

    pub fn keep(&self, key: PageKey, page: KeptPage) {
        self.0.insert(key, page);
    }
}

impl Default for NewestPages {
    fn default() -> Self {
        Self::new()
    }
}
