//! What a damaged vault still holds: its rows are told by their shape, page by page.

use std::collections::BTreeMap;

use clinic_api::chain::Signed;
use clinic_api::id::{ChainId, DeviceId, LogId, SpaceId};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use rusqlite::types::Value;
use rusqlite::{Transaction, params};

use super::identity::{Identity, LogEnd, is_setting};
use super::pages::{Rescue, Row};
use super::secrets::{self, DEVICE, ME, ROOT};
use super::{SpaceEntry, Vault, VaultError, clock, logs, view};
use crate::event::Envelope;

/// What was found beside events, checked by itself.
#[derive(Default)]
pub(super) struct Found {
    me: Option<super::Me>,
    secrets: BTreeMap<String, zeroize::Zeroizing<Vec<u8>>>,
    settings: BTreeMap<String, Vec<u8>>,
    spaces: Vec<SpaceEntry>,
    statements: BTreeMap<ChainId, BTreeMap<i64, Vec<u8>>>,
    /// The first frame of each log that waited to be sent.
    waiting: BTreeMap<(SpaceId, LogId), u64>,
}

/// Brings back what a damaged vault holds: whose it is, where the identity doesn't say; chains as
/// far as they verify; and every event, those that were not sent in a new log.
pub(super) fn salvage(
    vault: &mut Vault,
    rescue: &mut Rescue,
    identity: Option<&Identity>,
) -> Result<(), VaultError> {
    let views = vault.views;
    let found = vault.write(|tx| {
        let mut found = Found::default();
        rescue.rows(|row| match event(&row) {
            Some(event) => insert(tx, &row, &event),
            None => {
                found.take(row);
                Ok(())
            }
        })?;
        Ok(found)
    })?;
    found.restore(vault, identity.is_some())?;
    let device = vault.device()?.id();
    let (env, sure) = (vault.env.clone(), !rescue.unreadable);
    vault.write(|tx| {
        // Whose space isn't known, those come by syncing once it is.
        tx.execute_batch("DELETE FROM event WHERE space NOT IN (SELECT space FROM space)")?;
        let ends = identity.map_or(&[][..], |i| i.logs.as_slice());
        for (space, log) in own_logs(tx, device)? {
            let mut first = found.waiting.get(&(space, log)).copied();
            if !sure {
                // What waited may be what can't be read: more is sent than needs be, not less.
                let end = ends
                    .iter()
                    .find(|e: &&LogEnd| e.space == space && e.log == log);
                let known = end.map_or(0, |end| end.number).saturating_add(1);
                first = Some(first.map_or(known, |first| first.min(known)));
            }
            let first = first.map_or(i64::MAX, |first| i64::try_from(first).unwrap_or(i64::MAX));
            relog(tx, &env, space, log, device, first)?;
        }
        // What is known of a log is where it ends; that comes by syncing, and is verified then.
        tx.execute_batch(
            "INSERT OR IGNORE INTO log (space, log, device, header)
             SELECT DISTINCT space, log, device, zeroblob(32) FROM event",
        )?;
        clock::keep_greatest_of_all(tx)?;
        view::rebuild(tx, views)
    })
}

/// An event, if that is what the row is: it has to say of itself what its columns say of it.
fn event(row: &Row) -> Option<Envelope> {
    let [
        Value::Null,
        space,
        log,
        number,
        place,
        batch,
        id,
        device,
        author,
        kind,
        ms,
        counter,
        followed,
        judgement,
        envelope,
        ..,
    ] = row.columns.as_slice()
    else {
        return None;
    };
    let whole = blob::<32>(space).is_some()
        && blob::<16>(log).is_some()
        && (matches!(number, Value::Null) || int(number).is_some())
        && [place, batch, author, followed, judgement]
            .iter()
            .all(|value| int(value).is_some())
        && blob::<32>(device).is_some();
    let Value::Blob(bytes) = envelope else {
        return None;
    };
    let envelope: Envelope = wire::decode(bytes).ok()?;
    let same = blob(id) == Some(envelope.id.0)
        && int(kind) == Some(i64::from(envelope.kind))
        && int(ms) == Some(envelope.hlc.ms)
        && int(counter) == Some(i64::from(envelope.hlc.counter));
    (whole && same).then_some(envelope)
}

/// Keeps an event where it stood: syncing knows it again, and takes it in once.
fn insert(tx: &Transaction<'_>, row: &Row, _event: &Envelope) -> Result<(), VaultError> {
    let sql = "INSERT OR IGNORE INTO event (seq, space, log, number, place, batch, event, device,
                   author, kind, hlc_ms, hlc_counter, followed, judgement, envelope,
                   content)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let columns = row.columns.iter().skip(1).take(14).cloned();
    let content = row.columns.get(15).and_then(blob::<32>);
    let content = content.map_or(Value::Null, |bytes| Value::Blob(bytes.to_vec()));
    let values = std::iter::once(Value::Integer(row.id)).chain(columns);
    let values = values.chain([content]);
    tx.prepare_cached(sql)?
        .execute(rusqlite::params_from_iter(values))?;
    Ok(())
}

/// This device's logs in which events were brought back.
fn own_logs(tx: &Transaction<'_>, device: DeviceId) -> Result<Vec<(SpaceId, LogId)>, VaultError> {
    let sql = "SELECT DISTINCT space, log FROM event WHERE device = ?1 ORDER BY space, log";
    let mut query = tx.prepare(sql)?;
    let rows = query.query_map([device.0], |row| {
        Ok((SpaceId(row.get(0)?), LogId(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts what was not sent into this device's new log of the space. The old one is never written
/// again: what its last number was can't be known.
fn relog(
    tx: &Transaction<'_>,
    env: &crate::env::Env,
    space: SpaceId,
    old: LogId,
    device: DeviceId,
    first: i64,
) -> Result<(), VaultError> {
    let new = logs::own_or_new(tx, env, space, device)?;
    let sql = "UPDATE OR IGNORE event SET log = ?3, number = NULL, content = NULL
               WHERE space = ?1 AND log = ?2 AND (number IS NULL OR number >= ?4)";
    tx.prepare_cached(sql)?
        .execute(params![space.0, old.0, new.0, first])?;
    Ok(())
}

impl Found {
    fn take(&mut self, row: Row) {
        let mut columns = row.columns;
        let width = columns.iter().rposition(|v| *v != Value::Null);
        columns.truncate(width.map_or(0, |last| last + 1));
        if let Some(space) = space(&columns) {
            self.spaces.push(space);
            return;
        }
        match columns.as_mut_slice() {
            [Value::Text(name), Value::Blob(value)] => {
                self.named(name, std::mem::take(value));
            }
            [
                Value::Blob(chain),
                Value::Integer(number),
                Value::Blob(bytes),
            ] => {
                if let Ok(chain) = ChainId::try_from(chain.as_slice()) {
                    let of_chain = self.statements.entry(chain).or_default();
                    of_chain.insert(*number, std::mem::take(bytes));
                }
            }
            [
                Value::Null,
                space,
                log,
                Value::Integer(_),
                Value::Integer(first),
                Value::Blob(_),
            ] => {
                let at = blob(space).map(SpaceId).zip(blob(log).map(LogId));
                if let Some((at, first)) = at.zip(u64::try_from(*first).ok()) {
                    let least = self.waiting.entry(at).or_insert(first);
                    *least = first.min(*least);
                }
            }
            _ => {}
        }
    }

    fn named(&mut self, name: &str, value: Vec<u8>) {
        if name == ME {
            self.me = wire::decode(&value).ok();
        } else if [DEVICE, ROOT].contains(&name)
            || name.starts_with("invite.")
            || name.starts_with("kit.")
        {
            self.secrets.insert(name.to_owned(), value.into());
        } else if is_setting(name) {
            self.settings.insert(name.to_owned(), value);
        }
    }

    /// Puts into the vault what the identity didn't have.
    fn restore(&self, vault: &mut Vault, known: bool) -> Result<(), VaultError> {
        for (name, value) in &self.secrets {
            if vault.secret(name)?.is_none() && !(known && [DEVICE, ROOT].contains(&name.as_str()))
            {
                let plain = secrets::revealed(&vault.key, name.as_bytes(), value.to_vec());
                vault.keep_secret(name, &plain)?;
            }
        }
        if !known {
            for (name, value) in &self.settings {
                vault.set_setting(name, value)?;
            }
            if let Some(me) = self
                .me
                .as_ref()
                .filter(|_| self.secrets.contains_key(DEVICE))
            {
                vault.set_me(me)?;
            }
        }
        if vault.me()?.is_none() {
            return Ok(());
        }
        for entry in &self.spaces {
            if vault.followed(entry.space)?.is_none() {
                vault.follow_space(entry)?;
            }
            for chain in [entry.patient, entry.roster].into_iter().flatten() {
                self.extend(vault, chain, |vault, next| {
                    if Some(chain) == entry.patient {
                        vault.extend_patient(chain, next)
                    } else {
                        vault.extend_roster(chain, next)
                    }
                })?;
            }
            self.extend(vault, entry.space.into(), |vault, next| {
                vault.extend_epochs(entry, next)
            })?;
        }
        Ok(())
    }

    /// Goes on with a chain as far as its statements are there, and verify.
    fn extend(
        &self,
        vault: &mut Vault,
        chain: ChainId,
        append: impl Fn(
            &mut Vault,
            &Signed,
        ) -> Result<Result<(), clinic_api::chain::ChainError>, VaultError>,
    ) -> Result<(), VaultError> {
        let Some(all) = self.statements.get(&chain) else {
            return Ok(());
        };
        let mut number = i64::try_from(vault.statement_count(chain)?).unwrap_or(i64::MAX);
        while let Some(Ok(next)) = all.get(&number).map(|bytes| Signed::from_bytes(bytes)) {
            if append(vault, &next)?.is_err() {
                break;
            }
            number = number.saturating_add(1);
        }
        Ok(())
    }
}

/// A space that follows from its chain: its name is a hash of that.
fn space(columns: &[Value]) -> Option<SpaceEntry> {
    let [space, kind, parties @ ..] = columns else {
        return None;
    };
    let kind = SpaceKind::from_code(u8::try_from(int(kind)?).ok()?)?;
    let party = |at: usize| parties.get(at).and_then(blob).map(ChainId);
    let entry = SpaceEntry {
        space: SpaceId(blob(space)?),
        kind,
        patient: party(0),
        roster: party(1),
    };
    let chain = if kind.of_patient() {
        entry.patient?
    } else {
        entry.roster?
    };
    (parties.len() <= 2 && kind.id(chain) == entry.space).then_some(entry)
}

fn blob<const N: usize>(value: &Value) -> Option<[u8; N]> {
    match value {
        Value::Blob(bytes) => bytes.as_slice().try_into().ok(),
        Value::Null | Value::Integer(_) | Value::Real(_) | Value::Text(_) => None,
    }
}

fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(*value),
        Value::Null | Value::Real(_) | Value::Blob(_) | Value::Text(_) => None,
    }
}
