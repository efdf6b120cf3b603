//! `offshoot radar`: which branches would conflict, with the user's and with each other.

use serde_json::{Value, json};

use super::args::{AgentArgs, Common, RadarArgs};
use super::output::{self, Tone, toned};
use super::{Done, base, place};
use crate::chat::sanitise;
use crate::git::Conflict;
use crate::workbench::radar::survey;
use crate::workbench::words::{count, path_text};

pub(super) async fn run(common: &Common, args: &RadarArgs) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let survey = survey(&place, args.branches.clone()).await?;
    if common.json {
        let branches: Vec<Value> = survey
            .branches
            .iter()
            .map(|one| {
                let others: Vec<Value> = one
                    .others
                    .iter()
                    .map(|(branch, conflicts)| json!({"branch": branch, "conflicts": rows(conflicts)}))
                    .collect();
                json!({"branch": one.branch, "head": one.head, "conflicts": rows(&one.base), "others": others})
            })
            .collect();
        output::print_json(&json!({"base": survey.base, "branches": branches}));
        return Ok(0);
    }
    let mut text = String::new();
    for one in &survey.branches {
        text.push_str(&format!("{}\n", toned(&sanitise(&one.branch), Tone::Strong)));
        pair(&survey.base, &one.base, &mut text);
        for (other, conflicts) in &one.others {
            pair(other, conflicts, &mut text);
        }
    }
    if survey.branches.is_empty() {
        output::note("no branch has anything that has not landed");
    }
    output::print(&text);
    Ok(0)
}

fn rows(conflicts: &[Conflict]) -> Vec<Value> {
    conflicts.iter().map(|one| json!({"path": path_text(&one.path), "kind": one.kind.name()})).collect()
}

fn pair(with: &str, conflicts: &[Conflict], text: &mut String) {
    let with = sanitise(with);
    if conflicts.is_empty() {
        text.push_str(&format!("  {}\n", toned(&format!("goes together with {with}"), Tone::Good)));
        return;
    }
    let found = format!("conflicts with {with} in {}", count(conflicts.len(), "path"));
    text.push_str(&format!("  {}\n", toned(&found, Tone::Bad)));
    for conflict in conflicts {
        let path = conflict.path.to_string_lossy();
        text.push_str(&format!("    {}  {}\n", sanitise(&path), toned(conflict.kind.words(), Tone::Quiet)));
    }
}
