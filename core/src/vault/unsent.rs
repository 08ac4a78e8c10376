//! Which spaces hold something that the clinic API, or the others, don't know yet.

use clinic_api::id::{ChainId, SpaceId};

use super::{Vault, VaultError};

impl Vault {
    /// The spaces with something written that the clinic API doesn't have yet.
    ///
    /// Its cost doesn't depend on how much is kept.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn spaces_to_send(&self) -> Result<Vec<SpaceId>, VaultError> {
        let sql = "SELECT DISTINCT space FROM event WHERE number IS NULL
                   UNION SELECT space FROM run_out";
        self.space_names(sql)
    }

    /// The spaces in which this device's head has not told yet what it holds of others' logs.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn spaces_to_tell(&self) -> Result<Vec<SpaceId>, VaultError> {
        let sql = "SELECT DISTINCT space FROM log WHERE head IS NOT NULL AND number > told
                   AND NOT (nonce IS NOT NULL AND state = 0)";
        self.space_names(sql)
    }

    /// The spaces with frames that the clinic API was not asked to erase by this device.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn spaces_to_erase(&self) -> Result<Vec<SpaceId>, VaultError> {
        self.space_names("SELECT DISTINCT space FROM erased_frame WHERE asked = 0")
    }

    /// The patients of whose spaces some were followed and have no epoch here yet.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn patients_to_begin(&self) -> Result<Vec<ChainId>, VaultError> {
        if self.all_begun.get() {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT patient FROM space s WHERE patient IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM statement t WHERE t.chain = s.space)";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([], |row| Ok(ChainId(row.get(0)?)))?;
        let patients: Vec<ChainId> = rows.collect::<Result<_, _>>()?;
        self.all_begun.set(patients.is_empty());
        Ok(patients)
    }

    fn space_names(&self, sql: &str) -> Result<Vec<SpaceId>, VaultError> {
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([], |row| Ok(SpaceId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
