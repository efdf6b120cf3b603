//! `offshoot worktrees`: what each takes on the disk, and how it stands.

use super::args::{AgentArgs, Common};
use super::output::{self, Tone, toned};
use super::{Done, base, place, shown};
use crate::chat::sanitise;
use crate::workbench::words::{ago, bytes, count};
use crate::workbench::worktrees::{self, WorktreeLine};

pub(super) async fn run(common: &Common) -> Done {
    let base = base(common, &AgentArgs::default())?;
    let place = place(common, &base).await?;
    let found = worktrees::worktrees(&place).await?;
    if common.json {
        output::print_json(&found);
        return Ok(0);
    }
    let mut text = String::new();
    for one in &found.worktrees {
        text.push_str(&line(one));
    }
    let cache = &found.shared_cache;
    if cache.bytes > 0 {
        text.push_str(&format!(
            "{:>9}  shared cache  {}\n",
            bytes(cache.bytes),
            toned(&shown(&cache.path), Tone::Quiet)
        ));
    }
    output::print(&text);
    let all = count(found.worktrees.len(), "worktree");
    output::note(&format!("{all}, {}; `offshoot gc` tells what can be freed", bytes(found.bytes)));
    Ok(0)
}

fn line(one: &WorktreeLine) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut about = vec![one.standing()];
    about.extend(one.last_use.map(|last| match ago(last, now).as_str() {
        "now" => "used just now".to_owned(),
        age => format!("used {age} ago"),
    }));
    if one.build_bytes > 0 {
        about.push(format!("{} of it builds", bytes(one.build_bytes)));
    }
    about.extend(one.ports.map(|(first, last)| format!("ports {first}-{last}")));
    about.retain(|word| !word.is_empty());
    let name = one.branch.clone().unwrap_or_else(|| "no branch".to_owned());
    format!(
        "{:>9}  {}  {}\n{:>9}  {}\n",
        bytes(one.bytes),
        toned(&sanitise(&name), Tone::Strong),
        about.join(" · "),
        "",
        toned(&sanitise(&shown(&one.path)), Tone::Quiet)
    )
}
