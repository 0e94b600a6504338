//! The figures as tables for people.

use crate::measure::{Figures, PAYLOADS, RECORDS};
use crate::stores::{Ekv, Sealed, Sequential, Subject};
use std::fmt;

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<19}{:>8}{:>9}{:>8}{:>10}{:>8}{:>7}{:>11}{:>11}{:>13}{:>13}{:>9}",
            "store",
            "records",
            "payload",
            "new",
            "replaced",
            "erases",
            "wear",
            "get reads",
            "get bytes",
            "mount reads",
            "mount bytes",
            "counter"
        )?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<19}{:>8}{:>9}{:>8.2}{:>10.2}{:>8.1}{:>7}{:>11.1}{:>11.0}{:>13}{:>13}{:>9.1}",
                row.store,
                row.records,
                row.payload,
                row.new_words,
                row.replaced_words,
                row.erases,
                row.wear_spread,
                row.get_reads,
                row.get_bytes,
                row.mount_reads,
                row.mount_bytes,
                row.counter_bytes
            )?;
        }
        writeln!(
            f,
            "\nnew, replaced: words programmed for each word of payload. erases: sectors in 1,000 sets. wear: most\n\
             less least erases of a sector. mount: until the first record is had. counter: bytes for one set.\n"
        )?;
        for log in &self.logs {
            writeln!(
                f,
                "{:<19}{} readings: {:.2} words for each word of payload, {} sectors erased",
                log.store, log.readings, log.words, log.erases
            )?;
        }
        writeln!(
            f,
            "\nwords of {} in multiples of a plain store's, new (the cost of sealing) and replaced",
            Sealed::NAME
        )?;
        writeln!(f, "(ours overwrites the old content, the peers leave it in the flash):")?;
        writeln!(f, "{:>8}{:>9}{:>20}{:>14}", "records", "payload", Sequential::NAME, Ekv::NAME)?;
        let shapes = RECORDS.iter().map(|records| (*records, 64));
        let shapes =
            shapes.chain(PAYLOADS.iter().filter(|payload| **payload != 64).map(|payload| (100, *payload)));
        for (records, payload) in shapes {
            let ratio = |peer| self.ratio(peer, records, payload).unwrap_or((f64::NAN, f64::NAN));
            let ((new, replaced), (ekv_new, ekv_replaced)) = (ratio(Sequential::NAME), ratio(Ekv::NAME));
            writeln!(
                f,
                "{records:>8}{payload:>9}{new:>14.2}{replaced:>6.2}{ekv_new:>8.2}{ekv_replaced:>6.2}"
            )?;
        }
        let ratio = |peer| self.log_ratio(peer).unwrap_or(f64::NAN);
        writeln!(f, "{:>17}{:>14.2}{:>14.2}", "readings", ratio(Sequential::NAME), ratio(Ekv::NAME))?;
        writeln!(f)?;
        for (store, bytes) in &self.ram {
            writeln!(f, "{store:<19}{bytes:>8} bytes of RAM")?;
        }
        Ok(())
    }
}
