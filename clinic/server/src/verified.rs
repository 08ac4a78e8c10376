//! Chains, verified: read from the store, checked from the first statement on, and kept.
//!
//! What is kept is used only while the store says that the chain still ends
//! there; so a second process may append, and this one takes in what is new.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clinic_api::chain::epoch::{EpochChain, Parties};
use clinic_api::chain::patient::PatientChain;
use clinic_api::chain::roster::Roster;
use clinic_api::chain::{ChainError, ChainKind, Signed, Tip};
use clinic_api::id::{ChainId, SpaceId};

use crate::store::{ChainInfo, Guard, PageLimit, Result, Standing, Store, StoreError};

/// How statements are read from the store.
const PAGE: PageLimit = PageLimit {
    items: 1024,
    bytes: 4 * 1024 * 1024,
};

/// A verified chain as the store had it.
#[derive(Debug)]
pub struct Loaded<T> {
    /// Its name.
    pub id: ChainId,
    /// What the store said of it.
    pub info: ChainInfo,
    /// The chain.
    pub chain: Arc<T>,
}

impl<T> Loaded<T> {
    /// Holds while the chain is as it was loaded.
    pub fn guard(&self) -> Guard {
        Guard {
            chain: self.id,
            revision: self.info.revision,
        }
    }
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            info: self.info,
            chain: Arc::clone(&self.chain),
        }
    }
}

/// A chain that can be kept.
pub trait Keep: Clone {
    /// Its kind.
    const KIND: ChainKind;

    /// What the first statement is appended to; none where it founds the chain.
    fn start() -> Option<Self>;

    /// Where it ends.
    fn ends(&self) -> Option<Tip>;

    /// As an entry.
    fn keep(chain: Arc<Self>) -> Kept;

    /// From an entry, if it is of this kind.
    fn kept(entry: &Kept) -> Option<Arc<Self>>;
}

/// A kept chain.
#[derive(Debug, Clone)]
pub enum Kept {
    /// A patient's.
    Patient(Arc<PatientChain>),
    /// A clinic's.
    Roster(Arc<Roster>),
    /// A space's.
    Epochs(Arc<EpochChain>),
}

macro_rules! keep {
    ($type:ty, $kind:ident, $entry:ident, $start:expr, $chain:ident => $tip:expr) => {
        impl Keep for $type {
            const KIND: ChainKind = ChainKind::$kind;

            fn start() -> Option<Self> {
                $start
            }

            fn ends(&self) -> Option<Tip> {
                let $chain = self;
                $tip
            }

            fn keep(chain: Arc<Self>) -> Kept {
                Kept::$entry(chain)
            }

            fn kept(entry: &Kept) -> Option<Arc<Self>> {
                if let Kept::$entry(chain) = entry {
                    Some(Arc::clone(chain))
                } else {
                    None
                }
            }
        }
    };
}

keep!(PatientChain, Patient, Patient, None, chain => Some(chain.tip()));
keep!(Roster, Roster, Roster, None, chain => Some(chain.tip()));
keep!(EpochChain, Epoch, Epochs, Some(Self::default()), chain => chain.tip());

/// Verified chains of one store.
pub struct Chains {
    store: Arc<dyn Store>,
    budget: usize,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    entries: HashMap<ChainId, Entry>,
    bytes: usize,
    uses: u64,
}

struct Entry {
    chain: Kept,
    bytes: usize,
    used: u64,
}

impl Chains {
    /// Those of this store. Kept are chains of at most `budget` bytes of
    /// statements, and always the one used last.
    pub fn new(store: Arc<dyn Store>, budget: usize) -> Self {
        Self {
            store,
            budget,
            cache: Mutex::default(),
        }
    }

    /// A patient chain; none if there is no such one.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Damaged`] if what is stored does not verify.
    pub fn patient(&self, id: ChainId) -> Result<Option<Loaded<PatientChain>>> {
        self.load(id, |chain, next| match chain {
            None => PatientChain::found(next),
            Some(mut chain) => chain.append(next).map(|()| chain),
        })
    }

    /// A roster; none if there is no such one.
    ///
    /// # Errors
    /// As [`Self::patient`].
    pub fn roster(&self, id: ChainId) -> Result<Option<Loaded<Roster>>> {
        self.load(id, |chain, next| match chain {
            None => Roster::found(next),
            Some(mut chain) => chain.append(next).map(|()| chain),
        })
    }

    /// A space's epochs, which may be none yet; none if there is no such space.
    ///
    /// # Errors
    /// As [`Self::patient`].
    pub fn epochs(
        &self,
        space: SpaceId,
        parties: Parties<'_>,
    ) -> Result<Option<Loaded<EpochChain>>> {
        self.load(space.into(), |chain: Option<EpochChain>, next| {
            let mut chain = chain.unwrap_or_default();
            chain.append(parties, next).map(|()| chain)
        })
    }

    /// Keeps a chain that has just been stored; `bytes` is what the statement added.
    pub fn grown<T: Keep>(&self, id: ChainId, chain: T, bytes: usize) {
        let mut cache = self.cache();
        let before = cache.entries.get(&id).map_or(0, |e| e.bytes);
        let bytes = before.saturating_add(bytes);
        cache.put(id, T::keep(Arc::new(chain)), bytes, self.budget);
    }

    /// Forgets a chain that was erased.
    pub fn forget(&self, id: ChainId) {
        let mut cache = self.cache();
        if let Some(gone) = cache.entries.remove(&id) {
            cache.bytes = cache.bytes.saturating_sub(gone.bytes);
        }
    }

    fn load<T: Keep>(
        &self,
        id: ChainId,
        step: impl Fn(Option<T>, &Signed) -> std::result::Result<T, ChainError>,
    ) -> Result<Option<Loaded<T>>> {
        let kept = |info: &ChainInfo| info.kind == T::KIND && info.standing != Standing::Gone;
        let Some(info) = self.store.chain(id)?.filter(kept) else {
            return Ok(None);
        };
        let (kept, bytes) = self.cache().get::<T>(id);
        if let Some(chain) = &kept
            && chain.ends() == info.tip
        {
            let chain = Arc::clone(chain);
            return Ok(Some(Loaded { id, info, chain }));
        }
        // What is kept may also be ahead of `info`, which was read first.
        let behind = kept.filter(|c| c.ends().map(|t| t.number) < info.tip.map(|t| t.number));
        let (mut chain, mut bytes) = match behind {
            Some(chain) => (Some(T::clone(&chain)), bytes),
            None => (T::start(), 0),
        };
        let mut next = chain
            .as_ref()
            .and_then(Keep::ends)
            .map_or(0, |t| t.number.saturating_add(1));
        let end = info.tip.map_or(0, |t| t.number.saturating_add(1));
        while next < end {
            let page = self.store.statements(id, next, PAGE)?;
            if page.items.is_empty() {
                return Err(StoreError::Damaged("statements are missing"));
            }
            for statement in page.items {
                if next == end {
                    break;
                }
                let signed = Signed::from_bytes(&statement)
                    .map_err(|_| StoreError::Damaged("a statement cannot be read"))?;
                chain = Some(
                    step(chain, &signed)
                        .map_err(|_| StoreError::Damaged("a chain does not verify"))?,
                );
                bytes = bytes.saturating_add(statement.len());
                next = next.saturating_add(1);
            }
        }
        let chain = chain
            .filter(|c| c.ends() == info.tip)
            .ok_or(StoreError::Damaged("a chain has another end"))?;
        let chain = Arc::new(chain);
        self.cache()
            .put(id, T::keep(Arc::clone(&chain)), bytes, self.budget);
        Ok(Some(Loaded { id, info, chain }))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn get<T: Keep>(&mut self, id: ChainId) -> (Option<Arc<T>>, usize) {
        self.uses = self.uses.saturating_add(1);
        let uses = self.uses;
        self.entries.get_mut(&id).map_or((None, 0), |entry| {
            entry.used = uses;
            (T::kept(&entry.chain), entry.bytes)
        })
    }

    fn put(&mut self, id: ChainId, chain: Kept, bytes: usize, budget: usize) {
        self.uses = self.uses.saturating_add(1);
        let used = self.uses;
        self.bytes = self.bytes.saturating_add(bytes);
        let old = self.entries.insert(id, Entry { chain, bytes, used });
        self.bytes = self.bytes.saturating_sub(old.map_or(0, |e| e.bytes));
        while self.bytes > budget && self.entries.len() > 1 {
            let oldest = self.entries.iter().min_by_key(|(_, e)| e.used);
            let Some(oldest) = oldest.map(|(id, _)| *id) else {
                break;
            };
            let gone = self.entries.remove(&oldest);
            self.bytes = self.bytes.saturating_sub(gone.map_or(0, |e| e.bytes));
        }
    }
}
