//! What commands in a worktree are told of it: variables that every command of a tab has, whoever runs it.

use std::path::{Path, PathBuf};

use super::Place;
use super::ports::{self, Ports};
use crate::config::Paths;

/// Names and values, in order.
pub(super) type Variables = Vec<(String, String)>;

impl Place {
    /// A directory that all worktrees of the repository may write to.
    pub fn shared_cache(&self) -> PathBuf {
        self.base.paths().cache.join("shared").join(self.repo.folder_name())
    }

    pub(super) fn ports(&self) -> Ports {
        Ports::new(&self.base.paths().state)
    }
}

/// The variables of a worktree; its ports are taken if it has none yet. What cannot be had is left out: no session
/// fails for it.
pub(super) fn variables(place: &Place, worktree: &Path, branch: &str) -> Variables {
    let settings = &place.base.services.settings.worktree;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut own = vec![
        ("OFFSHOOT_BRANCH".to_owned(), branch.to_owned()),
        ("OFFSHOOT_WORKTREE".to_owned(), text(worktree)),
        ("OFFSHOOT_CHECKOUT".to_owned(), text(place.repo.checkout())),
    ];
    let cache = place.shared_cache();
    match Paths::create(&cache) {
        Ok(()) => own.push(("OFFSHOOT_CACHE".to_owned(), text(&cache))),
        Err(error) => tracing::warn!(%error, "no shared cache"),
    }
    match place.ports().take(worktree, settings.port_base, settings.ports, &ports::is_free) {
        Ok(Some(block)) => own.extend([
            ("OFFSHOOT_PORT".to_owned(), block.first.to_string()),
            ("OFFSHOOT_PORT_END".to_owned(), block.last().to_string()),
            ("OFFSHOOT_PORTS".to_owned(), block.count.to_string()),
        ]),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "no ports for the worktree"),
    }
    let more: Variables = settings
        .env
        .iter()
        .filter(|(name, _)| is_name(name) && own.iter().all(|(known, _)| known != *name))
        .map(|(name, value)| (name.clone(), expanded(value, &own)))
        .collect();
    own.extend(more);
    own
}

/// A value with what its `$OFFSHOOT_…` stand for; other dollars are the shell's affair, or nobody's.
fn expanded(value: &str, own: &[(String, String)]) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let braced = rest[1..].strip_prefix('{').and_then(|after| after.split_once('}'));
        let (name, length) = match braced {
            Some((name, _)) => (name, name.len() + 3),
            None => {
                let end = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let name = &rest[1..=end.unwrap_or(rest.len() - 1)];
                (name, name.len() + 1)
            }
        };
        match own.iter().find(|(known, _)| known == name) {
            Some((_, value)) => {
                text.push_str(value);
                rest = &rest[length..];
            }
            None => {
                text.push('$');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_of_the_worktree() {
        let own = [
            ("OFFSHOOT_PORT".to_owned(), "20010".to_owned()),
            ("OFFSHOOT_PORT_END".to_owned(), "20019".to_owned()),
            ("OFFSHOOT_CACHE".to_owned(), "/c d".to_owned()),
        ];
        for (value, meant) in [
            ("$OFFSHOOT_PORT", "20010"),
            ("http://localhost:${OFFSHOOT_PORT}/", "http://localhost:20010/"),
            ("$OFFSHOOT_PORT-$OFFSHOOT_PORT_END", "20010-20019"),
            ("$OFFSHOOT_CACHE/target", "/c d/target"),
            ("$HOME/$OFFSHOOT_NOTHING$", "$HOME/$OFFSHOOT_NOTHING$"),
            ("${OFFSHOOT_PORT", "${OFFSHOOT_PORT"),
            ("plain", "plain"),
        ] {
            assert_eq!(expanded(value, &own), meant, "{value}");
        }
    }
}
