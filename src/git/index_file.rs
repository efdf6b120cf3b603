//! An index looked over without being read in. What libgit2 makes of one costs tens of milliseconds and
//! megabytes in a repository of 50,000 files, and whoever starts only has to know that it can.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Seek as _};
use std::path::Path;

const MAGIC: &[u8] = b"DIRC";
/// Of an entry before its name, without the flags of version 3: times, ids, mode, size, hash, flags.
const FIXED: usize = 62;
/// A name that is as long as this, or longer, has no length.
const NO_LENGTH: u16 = 0xfff;
const HAS_MORE_FLAGS: u16 = 0x4000;
/// Entries are padded to a multiple of it, up to version 3.
const PADDING: u64 = 8;
const HASH: usize = 20;

/// Whether an index is whole, in a version that libgit2 knows, and without extensions that it would have to
/// know. `false` where that is in doubt: libgit2 then says what is wrong.
pub(super) fn is_plain(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => look(file).unwrap_or(false),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn look(file: File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let mut index = BufReader::with_capacity(64 * 1024, file);
    let [magic, version, count] = take::<3>(&mut index)?;
    let version = u32::from_be_bytes(version);
    if magic != MAGIC || !(2..=4).contains(&version) {
        return Ok(false);
    }
    for _ in 0..u32::from_be_bytes(count) {
        skip_entry(&mut index, version)?;
    }
    let end = length.saturating_sub(HASH as u64);
    loop {
        let at = index.stream_position()?;
        if at >= end {
            let mut hash = [0; HASH];
            index.read_exact(&mut hash)?;
            // One that was left out says nothing.
            return Ok(at == end && hash.iter().any(|byte| *byte != 0));
        }
        let [name, size] = take::<2>(&mut index)?;
        // Those with a small letter have to be understood.
        if !name[0].is_ascii_uppercase() {
            return Ok(false);
        }
        index.seek_relative(u32::from_be_bytes(size).into())?;
    }
}

fn skip_entry(index: &mut BufReader<File>, version: u32) -> io::Result<()> {
    let mut fixed = [0; FIXED];
    index.read_exact(&mut fixed)?;
    let flags = u16::from_be_bytes([fixed[60], fixed[61]]);
    let mut before_name = FIXED as u64;
    if version > 2 && flags & HAS_MORE_FLAGS != 0 {
        index.seek_relative(2)?;
        before_name += 2;
    }
    if version == 4 {
        // How much is cut from the name before, then what comes in its place.
        while byte(index)? & 0x80 != 0 {}
        return index.skip_until(0).map(|_| ());
    }
    let name = match flags & NO_LENGTH {
        NO_LENGTH => index.skip_until(0)? as u64 - 1,
        length => u64::from(length),
    };
    let passed = before_name + if flags & NO_LENGTH == NO_LENGTH { name + 1 } else { 0 };
    let size = (before_name + name + PADDING) / PADDING * PADDING;
    index.seek_relative(i64::try_from(size - passed).unwrap_or(i64::MAX))
}

fn byte(index: &mut BufReader<File>) -> io::Result<u8> {
    let mut byte = [0];
    index.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn take<const WORDS: usize>(index: &mut BufReader<File>) -> io::Result<[[u8; 4]; WORDS]> {
    let mut words = [[0; 4]; WORDS];
    for word in &mut words {
        index.read_exact(word)?;
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::git::testing::Fixture;

    fn plain(fixture: &Fixture) -> bool {
        is_plain(&fixture.top.join(".git/index"))
    }

    #[test]
    fn every_version_is_looked_over() {
        let fixture = Fixture::new();
        for length in [1, 9, 60, 200] {
            fixture.write(&format!("folder/{}", "n".repeat(length)), "text\n");
        }
        let hash = fixture.git(&["hash-object", "-w", "README.md"]);
        let long = format!("100644,{hash},{}file", "deep/".repeat(1_000));
        for version in ["2", "3", "4"] {
            fixture.git(&["update-index", "--index-version", version]);
            fixture.git(&["add", "-A"]);
            fixture.git(&["update-index", "--add", "--cacheinfo", &long]);
            // Flags that version 3 is for.
            fixture.write("later", "text\n");
            fixture.git(&["add", "-N", "later"]);
            assert!(plain(&fixture), "{version}");
            assert_eq!(*fixture.repo().engine(), crate::git::Engine::Library);
        }
    }

    #[test]
    fn what_is_in_doubt_is_not_plain() {
        let fixture = Fixture::new();
        fixture.write("a", "text\n");
        fixture.git(&["add", "-A"]);
        let path = fixture.top.join(".git/index");
        let whole = fs::read(&path).unwrap();
        assert!(plain(&fixture));
        for length in [0, 3, 20, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(!plain(&fixture), "{length}");
        }
        fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
        assert!(!plain(&fixture));
        let end = whole.len() - HASH;
        fs::write(&path, [&whole[..end], &[0; HASH]].concat()).unwrap();
        assert!(!plain(&fixture));
        fs::write(&path, [&whole[..end], b"sdir\0\0\0\0", &whole[end..]].concat()).unwrap();
        assert!(!plain(&fixture));
        fs::write(&path, &whole).unwrap();
        fixture.git(&["update-index", "--split-index"]);
        assert!(!plain(&fixture));
        fs::remove_file(&path).unwrap();
        assert!(plain(&fixture));
    }
}
