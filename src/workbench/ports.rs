//! TCP ports that belong to one worktree alone, of all repositories on this machine: a block for each, on record in
//! the state directory for as long as the worktree stands.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Ports that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub first: u16,
    /// At least 1.
    pub count: u16,
}

impl Block {
    pub fn last(self) -> u16 {
        self.first + (self.count - 1)
    }
}

/// Where the blocks are on record.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    folder: PathBuf,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Book {
    version: u32,
    blocks: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    worktree: PathBuf,
    first: u16,
    count: u16,
}

impl Ports {
    pub fn new(state: &Path) -> Self {
        Self { folder: state.to_owned() }
    }

    /// The block of a worktree: the one that it has, else a new one of `count` ports from `base` up, all of which are
    /// free by what `is_free` says. `None` when there is none left. Blocks of worktrees that are gone are given up.
    pub fn take(
        &self,
        worktree: &Path,
        base: u16,
        count: u16,
        is_free: &dyn Fn(u16) -> bool,
    ) -> io::Result<Option<Block>> {
        if count == 0 {
            return Ok(None);
        }
        let lock = File::options().create(true).append(true).open(self.folder.join("ports.lock"))?;
        lock.lock()?;
        let mut book = self.read();
        book.blocks.retain(|entry| entry.worktree.exists());
        if let Some(own) = book.blocks.iter().find(|entry| entry.worktree == worktree) {
            if own.first >= base && own.count == count {
                return Ok(Some(Block { first: own.first, count }));
            }
            // The settings say something else by now.
            book.blocks.retain(|entry| entry.worktree != worktree);
        }
        let is_taken = |first: u16| {
            let last = u32::from(first) + u32::from(count) - 1;
            book.blocks.iter().any(|entry| {
                let end = u32::from(entry.first) + u32::from(entry.count) - 1;
                u32::from(entry.first) <= last && u32::from(first) <= end
            })
        };
        let found = (base..=u16::MAX - (count - 1))
            .step_by(usize::from(count))
            .find(|first| !is_taken(*first) && (*first..=*first + (count - 1)).all(is_free));
        if let Some(first) = found {
            book.blocks.push(Entry { worktree: worktree.to_owned(), first, count });
        }
        self.write(&book)?;
        Ok(found.map(|first| Block { first, count }))
    }

    /// The block that a worktree has.
    pub fn of(&self, worktree: &Path) -> Option<Block> {
        let entry = self.read().blocks.into_iter().find(|entry| entry.worktree == worktree)?;
        Some(Block { first: entry.first, count: entry.count.max(1) })
    }

    /// A damaged file holds nothing: what is in use is seen when it is tried.
    fn read(&self) -> Book {
        let bytes = fs::read(self.file()).ok();
        let book = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        book.unwrap_or_else(|| Book { version: 1, blocks: Vec::new() })
    }

    fn write(&self, book: &Book) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(book)?;
        let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
        new.write_all(&text)?;
        new.persist(self.file())?;
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.join("ports.json")
    }
}

/// Whether nobody on this machine listens on a port.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Machine {
        root: tempfile::TempDir,
        ports: Ports,
    }

    impl Machine {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            Self { ports: Ports::new(root.path()), root }
        }

        fn worktree(&self, name: &str) -> PathBuf {
            let path = self.root.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        }

        fn take(&self, name: &str) -> u16 {
            self.ports.take(&self.worktree(name), 20_000, 10, &|_| true).unwrap().unwrap().first
        }
    }

    #[test]
    fn each_worktree_has_ports_of_its_own_as_long_as_it_stands() {
        let machine = Machine::new();
        assert_eq!((machine.take("a"), machine.take("b")), (20_000, 20_010));
        assert_eq!(machine.take("a"), 20_000, "they stay");
        fs::remove_dir(machine.worktree("a")).unwrap();
        assert_eq!(machine.take("c"), 20_000, "they are given up with the worktree");
        assert_eq!(machine.take("a"), 20_020);
        let block = machine.ports.of(&machine.worktree("b")).unwrap();
        assert_eq!((block.first, block.last()), (20_010, 20_019));
    }

    #[test]
    fn ports_that_somebody_listens_on_are_passed_over() {
        let machine = Machine::new();
        let busy = |port: u16| port != 20_013;
        let take =
            |name: &str, count| machine.ports.take(&machine.worktree(name), 20_000, count, &busy).unwrap();
        assert_eq!(take("a", 10).unwrap().first, 20_000);
        assert_eq!(take("b", 10).unwrap().first, 20_020);
        assert_eq!(take("none", 0), None);
        // The user wants more: the block is another one, and overlaps none.
        assert_eq!(take("a", 15).unwrap().first, 20_030);
        assert_eq!(machine.ports.take(&machine.worktree("d"), 65_000, 600, &busy).unwrap(), None);
    }

    #[test]
    fn many_processes_may_ask_at_once() {
        let machine = Machine::new();
        let mut firsts: Vec<u16> = std::thread::scope(|scope| {
            let take = |name: usize| machine.take(&format!("w{name}"));
            let threads: Vec<_> = (0..8).map(|name| scope.spawn(move || take(name))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 8);
    }
}
