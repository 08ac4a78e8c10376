//! The journal file of SQLite (`vault.db-wal`), as far as damage has to be told from a write that
//! was cut short. Its format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Bytes of a page; the same in every vault.
pub(super) const PAGE: usize = 4096;
const HEADER: usize = 32;
const FRAME: usize = 24;

/// A page as the journal file holds it.
pub(super) struct Frame {
    /// Which page.
    pub number: u32,
    /// Whether a transaction ends with it.
    pub commit: bool,
    /// Whether a frame before it is not what was written.
    pub behind_a_gap: bool,
    /// The page, encrypted.
    pub page: Box<[u8; PAGE]>,
}

/// The frames of the present generation; those of earlier ones, which may follow, are left out.
pub(super) struct Wal {
    file: BufReader<File>,
    big_endian: bool,
    salts: Option<[u8; 8]>,
    sums: (u32, u32),
    /// Whether the checksums hold up to here.
    whole: bool,
    /// Whether the header is what SQLite wrote.
    header_whole: bool,
}

impl Wal {
    /// Opens a journal file; none where there is none, or nothing whole is in it.
    pub(super) fn open(path: &Path) -> std::io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < (HEADER + FRAME + PAGE) as u64 {
            return Ok(None);
        }
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        let magic = word(&header, 0, true);
        let big_endian = magic & 1 == 1;
        let sums = sum((0, 0), header.get(..24).unwrap_or_default(), big_endian);
        let header_whole = matches!(magic, 0x377f_0682 | 0x377f_0683)
            && word(&header, 8, true) as usize == PAGE
            && sums == (word(&header, 24, true), word(&header, 28, true));
        let salts = header.get(16..24).and_then(|s| s.try_into().ok());
        Ok(Some(Self {
            file,
            big_endian,
            // Where the header is not to be trusted, the first frame says what its time was.
            salts: salts.filter(|_| header_whole),
            sums,
            whole: header_whole,
            header_whole,
        }))
    }

    /// The next frame of this generation.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Frame>> {
        loop {
            let mut head = [0; FRAME];
            let mut page = Box::new([0; PAGE]);
            if !filled(&mut self.file, &mut head)? || !filled(&mut self.file, page.as_mut_slice())?
            {
                return Ok(None);
            }
            let behind_a_gap = !self.whole;
            let salts = head.get(8..16).and_then(|s| s.try_into().ok());
            let salts: [u8; 8] = salts.unwrap_or_default();
            let of_now = salts == *self.salts.get_or_insert(salts);
            if self.whole {
                let sums = sum(
                    self.sums,
                    head.get(..8).unwrap_or_default(),
                    self.big_endian,
                );
                self.sums = sum(sums, page.as_slice(), self.big_endian);
                let stated = (word(&head, 16, true), word(&head, 20, true));
                self.whole = of_now && self.sums == stated;
            }
            if of_now {
                return Ok(Some(Frame {
                    number: word(&head, 0, true),
                    commit: word(&head, 4, true) != 0,
                    behind_a_gap,
                    page,
                }));
            }
        }
    }
}

/// Whether the journal file was changed after it was written: then SQLite would silently go on
/// with what was saved before that.
///
/// A last frame that doesn't hold is a write that was cut short; SQLite writes one after the
/// other, so nothing of its time stands behind such a one.
pub(super) fn is_damaged(path: &Path) -> std::io::Result<bool> {
    let Some(mut wal) = Wal::open(path)? else {
        return Ok(false);
    };
    if !wal.header_whole {
        return Ok(true);
    }
    while let Some(frame) = wal.next()? {
        if frame.behind_a_gap {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads all of it; false at the end of the file, or where only a part is left.
fn filled(file: &mut BufReader<File>, bytes: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    let four: [u8; 4] = four.unwrap_or_default();
    if big_endian {
        u32::from_be_bytes(four)
    } else {
        u32::from_le_bytes(four)
    }
}

/// SQLite's checksum, continued over more bytes.
fn sum((mut a, mut b): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        a = a.wrapping_add(word(pair, 0, big_endian)).wrapping_add(b);
        b = b.wrapping_add(word(pair, 4, big_endian)).wrapping_add(a);
    }
    (a, b)
}
