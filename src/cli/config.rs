//! `offshoot config`: the settings in force, and who set them.

use serde_json::json;

use super::args::{AgentArgs, Common, ConfigArgs, ConfigCommand};
use super::output::{self, Tone, toned};
use super::{BAD_USAGE, Done, Trouble, base};
use crate::config::{Explanation, Trust};

pub(super) fn run(common: &Common, args: &ConfigArgs) -> Done {
    let mut common = common.clone();
    if let Some(ConfigCommand::Trust { path: Some(path) }) = &args.what {
        common.cwd = Some(path.clone());
    }
    let base = base(&common, &AgentArgs::default())?;
    let loaded = &base.loaded;
    match args.what.clone().unwrap_or(ConfigCommand::Show) {
        ConfigCommand::Show => {
            let all = loaded.explain("");
            if common.json {
                output::print_json(&all);
            } else {
                output::print(&all.iter().map(line).collect::<String>());
            }
        }
        ConfigCommand::Explain { key } => {
            let found = loaded.explain(&key);
            if found.is_empty() {
                let near = loaded.nearest_key(&key).map(|near| format!("did you mean \"{near}\"?"));
                return Err(Trouble::usage(
                    format!("there is no setting \"{key}\""),
                    near.unwrap_or_else(|| "`offshoot config show` lists them all".to_owned()),
                ));
            }
            if common.json {
                output::print_json(&found);
            } else {
                for one in &found {
                    output::print(&line(one));
                    for hidden in &one.shadowed {
                        output::print(&format!(
                            "    hides {}  {}\n",
                            hidden.value,
                            toned(&hidden.origin, Tone::Quiet)
                        ));
                    }
                }
            }
        }
        ConfigCommand::Path => {
            let paths = base.paths();
            if common.json {
                output::print_json(&json!({
                    "config": loaded.user_file, "project": loaded.project_file, "data": paths.data,
                    "state": paths.state, "cache": paths.cache, "ledger": base.services.ledger.path(),
                }));
            } else {
                let row = |name: &str, path: &std::path::Path| {
                    output::print(&format!("{name:<8} {}\n", path.display()));
                };
                row("config", &loaded.user_file);
                if let Some(project) = &loaded.project_file {
                    row("project", project);
                }
                row("data", &paths.data);
                row("state", &paths.state);
                row("cache", &paths.cache);
                row("ledger", base.services.ledger.path());
            }
        }
        ConfigCommand::Trust { .. } => {
            let place = base.place().map_err(|failure| Trouble { code: BAD_USAGE, ..failure.into() })?;
            let mut trust = Trust::open(base.paths());
            trust
                .trust(place.repo.checkout())
                .map_err(|error| Trouble::failed(error.to_string()).hint(error.hint()))?;
            output::note(&format!("{} may set everything now", place.repo.checkout().display()));
        }
    }
    Ok(0)
}

fn line(one: &Explanation) -> String {
    format!("{} = {}  {}\n", toned(&one.key, Tone::Strong), one.value, toned(&one.origin, Tone::Quiet))
}
