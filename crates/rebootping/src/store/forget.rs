//! Forgetting devices: nothing that mentions them is left in the file, nor in what the file was written through.

use super::flush::{File, NotWritten};
use super::kinds::{Happening, Stretch};
use super::{pack, stream};
use rusqlite::{Connection, OptionalExtension, params};

/// The kinds of blocks that have parts of devices.
const OF_DEVICES: [Stretch; 2] = [Stretch::TrafficMinutes, Stretch::TrafficQuarters];

impl File {
    /// Erases all that mentions these MACs, and waits for the disk.
    pub(super) fn forget(&mut self, macs: &[String]) -> Result<(), NotWritten> {
        let connection = self.connection();
        // What is freed is overwritten, not only given back.
        connection.pragma_update(None, "secure_delete", true)?;
        let erased = erase(connection, macs, self.place().hour);
        connection.pragma_update(None, "secure_delete", false)?;
        erased?;
        if self.empty_log()? {
            return Ok(());
        }
        let text = "somebody reads it and does not finish".to_owned();
        Err(NotWritten { is_damage: false, text })
    }
}

fn erase(connection: &Connection, macs: &[String], hour: i64) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for mac in macs {
        erase_series(&transaction, &format!("device/{mac}"))?;
        for table in Happening::ALL.map(Happening::table) {
            let mentions = format!("DELETE FROM {table} WHERE instr(subject, ?1) OR instr(body, ?1)");
            transaction.execute(&mentions, [mac])?;
        }
    }
    stream::blank_but(&transaction, hour)?;
    transaction.commit()
}

fn erase_series(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    let mut find = connection.prepare_cached("SELECT id FROM series WHERE name = ?1")?;
    let Some(series) = find.query_row([name], |row| row.get::<_, i64>(0)).optional()? else { return Ok(()) };
    for kind in OF_DEVICES {
        let mut all = connection.prepare_cached("SELECT id, bytes FROM block WHERE kind = ?1")?;
        let mut rows = all.query([kind.number()])?;
        let mut put = connection.prepare_cached("UPDATE block SET bytes = ?2 WHERE id = ?1")?;
        while let Some(row) = rows.next()? {
            let (id, packed): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let parts = pack::unpack(&packed);
            if parts.iter().any(|(of, _)| *of == series) {
                let left: Vec<_> = parts.into_iter().filter(|(of, _)| *of != series).collect();
                put.execute(params![id, pack::pack(&left)])?;
            }
        }
    }
    for table in ["day", "month", "undated"] {
        connection.execute(&format!("DELETE FROM {table} WHERE series = ?1"), [series])?;
    }
    connection.execute("DELETE FROM series WHERE id = ?1", [series]).map(drop)
}
