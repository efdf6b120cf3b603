//! What there is to say of a session in a list: that it took part in a comparison, and that it was put away.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ground::{Member, member};
use crate::agent::Failure;
use crate::git::session;
use crate::workbench::Place;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    pub member: Option<Member>,
    pub is_archived: bool,
}

/// By session, for those of which there is anything to say.
pub async fn remarks(place: &Arc<Place>) -> Result<BTreeMap<String, Remark>, Failure> {
    place
        .git(|repo| {
            let archived = session::archived(repo)?;
            let mut all = BTreeMap::new();
            for one in session::list(repo)? {
                let member = match &one.branch {
                    Some(branch) => member(repo, branch)?,
                    None => None,
                };
                let remark = Remark { member, is_archived: archived.contains(&one.id) };
                if remark != Remark::default() {
                    all.insert(one.id, remark);
                }
            }
            Ok::<_, Failure>(all)
        })
        .await
}

impl Remark {
    /// In a few words.
    pub fn told(&self) -> String {
        let compared = self.member.as_ref().map(|member| match member.others.as_slice() {
            [] => format!("candidate {} of a comparison", member.letter),
            others => format!("compared with {}", others.join(", ")),
        });
        let archived = self.is_archived.then(|| "archived".to_owned());
        compared.into_iter().chain(archived).collect::<Vec<_>>().join(" · ")
    }
}
