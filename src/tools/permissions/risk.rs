//! What a command reaches beyond the worktree: the list of what mode `auto` asks about. It is not a
//! wall, that is the sandbox; it is what people want to be asked about even where nothing breaks.

use std::path::{Component, Path, PathBuf};

use super::Places;
use super::script::{Dirs, Part, Script};
use super::words::Word;

/// Why a command should be asked about; completes "asks because it …".
pub(super) fn of(part: &Part, script: &Script, places: &Places) -> Option<String> {
    let name = part.name();
    let args = part.args();
    let verb = args.iter().find(|arg| !arg.text.starts_with('-')).map_or("", |arg| arg.text.as_str());
    let says = |what: &str| Some(format!("{what}: `{}`", part.text()));
    let verbs =
        |risky: &[&str], what: &str| risky.contains(&verb).then(|| format!("{what}: `{}`", part.text()));
    match name.as_str() {
        "sudo" | "su" | "doas" | "pkexec" | "runuser" | "chroot" | "unshare" | "nsenter" => {
            says("runs as somebody else")
        }
        "env" if args.is_empty() => None,
        "env" | "parallel" => says("runs commands that are only known at run time"),
        "git" => git(args).and_then(says),
        "rm" | "rmdir" | "unlink" | "shred" | "srm" | "trash" => removes(part, script, places),
        "mv" | "cp" | "ln" | "install" | "mkdir" | "touch" | "truncate" | "tee" | "chmod" | "chown"
        | "chgrp" | "setfacl" | "chattr" | "mkfifo" | "mknod" | "rsync" => {
            if name == "rsync" && args.iter().any(|arg| is_remote(&arg.text)) {
                return says("copies to or from another machine");
            }
            changes_outside(&name, args, script, places)
        }
        "find" => {
            let deletes = args.iter().any(|arg| arg.text == "-delete" || arg.text.starts_with("-fprint"));
            let starts = args.iter().take_while(|arg| !arg.text.starts_with(['-', '(', '!']));
            if deletes {
                starts
                    .filter_map(|arg| outside(arg, &script.dirs, places))
                    .map(|path| format!("deletes below {path}"))
                    .next()
            } else {
                None
            }
        }
        "dd" => {
            let target = args.iter().find_map(|arg| {
                arg.text.strip_prefix("of=").map(|path| Word { text: path.to_owned(), known: arg.known })
            });
            target
                .and_then(|path| outside(&path, &script.dirs, places))
                .map(|path| format!("writes to {path}"))
        }
        "fdisk" | "sfdisk" | "parted" | "wipefs" | "mount" | "umount" | "losetup" | "cryptsetup" | "lvm"
        | "mkswap" | "swapon" | "swapoff" => says("changes disks"),
        name if name == "mkfs" || name.starts_with("mkfs.") => says("changes disks"),
        "shutdown" | "reboot" | "halt" | "poweroff" | "init" | "telinit" => says("stops the machine"),
        "systemctl" | "service" | "launchctl" | "rc-service" | "initctl" => {
            let looks = ["status", "list", "show", "is-active", "is-enabled", "list-units", "cat", "print"];
            if looks.iter().any(|look| args.iter().any(|arg| arg.text == *look)) {
                None
            } else {
                says("changes services of the machine")
            }
        }
        "crontab" if args.iter().any(|arg| arg.text == "-l") => None,
        "crontab" | "at" | "batch" => says("plans commands for later"),
        "iptables"
        | "ip6tables"
        | "nft"
        | "ufw"
        | "sysctl"
        | "insmod"
        | "rmmod"
        | "modprobe"
        | "useradd"
        | "userdel"
        | "usermod"
        | "groupadd"
        | "passwd"
        | "chpasswd"
        | "visudo"
        | "chsh"
        | "hostnamectl"
        | "timedatectl"
        | "setenforce"
        | "update-alternatives"
        | "ldconfig" => says("changes the system"),
        "apt" | "apt-get" | "dnf" | "yum" | "zypper" | "pacman" | "apk" | "brew" | "snap" | "flatpak"
        | "port" | "dpkg" | "rpm" => {
            let looks = [
                "list",
                "show",
                "search",
                "info",
                "policy",
                "-l",
                "-L",
                "-s",
                "-S",
                "-q",
                "-qa",
                "-Q",
                "-Ss",
                "--version",
                "config",
                "deps",
            ];
            if looks.iter().any(|look| args.first().is_some_and(|arg| arg.text == *look)) {
                None
            } else {
                says("changes the system's packages")
            }
        }
        "ssh" | "scp" | "sftp" | "mosh" | "telnet" | "ftp" | "nc" | "ncat" | "netcat" | "socat"
        | "ssh-copy-id" => says("connects to another machine"),
        "kill" => kills(args, script).and_then(says),
        "pkill" | "killall" | "xkill" | "skill" | "fuser" => says("ends processes by name"),
        "npm" | "pnpm" | "yarn" | "bun" => verbs(
            &[
                "publish",
                "unpublish",
                "deprecate",
                "login",
                "adduser",
                "logout",
                "token",
                "owner",
                "access",
                "dist-tag",
            ],
            "publishes, or changes an account",
        ),
        "cargo" => {
            verbs(&["publish", "yank", "owner", "login", "logout"], "publishes, or changes an account")
        }
        "gem" => verbs(&["push", "yank", "owner", "signin"], "publishes"),
        "poetry" | "uv" | "flit" | "hatch" | "pdm" | "lein" => verbs(&["publish"], "publishes"),
        "mvn" | "gradle" | "gradlew" | "mvnw" | "sbt" => {
            let publishes = |arg: &Word| {
                arg.text == "deploy" || arg.text.starts_with("publish") || arg.text.starts_with("release:")
            };
            if args.iter().any(publishes) { says("publishes") } else { None }
        }
        "twine" => verbs(&["upload"], "publishes"),
        "python" | "python3" | "py" => {
            let upload = args
                .windows(3)
                .any(|words| words[0].text == "-m" && words[1].text == "twine" && words[2].text == "upload");
            if upload { says("publishes") } else { from_pipe(part) }
        }
        "perl" | "ruby" | "node" | "php" | "deno" => from_pipe(part),
        "dotnet" | "nuget" => {
            if args.iter().any(|arg| arg.text == "push") {
                says("publishes")
            } else {
                None
            }
        }
        "helm" | "kubectl" | "oc" | "terraform" | "tofu" | "pulumi" | "ansible" | "ansible-playbook"
        | "aws" | "gcloud" | "az" | "heroku" | "flyctl" | "fly" | "vercel" | "netlify" | "wrangler"
        | "firebase" | "doctl" => {
            let looks = [
                "get",
                "describe",
                "logs",
                "version",
                "--version",
                "validate",
                "fmt",
                "plan",
                "template",
                "lint",
                "explain",
                "help",
                "--help",
            ];
            if looks.contains(&verb) || args.first().is_some_and(|arg| looks.contains(&arg.text.as_str())) {
                None
            } else {
                says("reaches services outside")
            }
        }
        "gh" | "glab" | "hub" => {
            let action = args
                .iter()
                .filter(|arg| !arg.text.starts_with('-'))
                .nth(1)
                .map_or("", |arg| arg.text.as_str());
            let looks = ["view", "list", "status", "diff", "checks", "search"];
            if looks.contains(&action)
                || verb.is_empty()
                || matches!(verb, "search" | "help" | "version" | "status")
            {
                None
            } else {
                says("acts on a hosting service")
            }
        }
        "docker" | "podman" | "nerdctl" => container(args, verb, places).and_then(says),
        _ => None,
    }
}

/// A path as it would be told to a person, if it may lie outside of all places.
pub(super) fn outside(path: &Word, dirs: &Dirs, places: &Places) -> Option<String> {
    let text = path.text.as_str();
    let told = Some(format!("`{text}`, outside the worktree"));
    let own = ["$PWD", "${PWD}", "$TMPDIR", "${TMPDIR}"];
    if !path.is_exact() {
        // `$TMPDIR/x` is inside, and so is a glob without a way up.
        let rest = own.iter().find_map(|own| text.strip_prefix(own));
        let tail = rest.unwrap_or(text);
        let plain = !tail.contains(['$', '`', '(', '<']) && !tail.split('/').any(|name| name == "..");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && plain
            && (!text.contains("PWD") || dirs.targets.is_empty() && !dirs.unknown)
        {
            return None;
        }
        if !plain || text.contains('{') && text != "{}" {
            return Some(format!("`{text}`, which is only known at run time"));
        }
        if text == "{}" {
            return None;
        }
    }
    if text.starts_with('~') {
        return told;
    }
    let mut here = vec![places.worktree().to_owned()];
    if Path::new(text).is_relative() {
        if dirs.unknown {
            return Some(format!("`{text}` in a directory that is only known at run time"));
        }
        // Any of the changes of directory may have happened or failed.
        for target in &dirs.targets {
            if target.starts_with('~') {
                return told;
            }
            let more: Vec<PathBuf> = here.iter().map(|dir| dir.join(target)).collect();
            here.extend(more);
            here.sort();
            here.dedup();
            if here.len() > 64 {
                return told;
            }
        }
    }
    let inside = here.iter().all(|dir| {
        let path = normal(&dir.join(text));
        places.0.iter().any(|place| path.starts_with(place))
    });
    if inside { None } else { told }
}

fn removes(part: &Part, script: &Script, places: &Places) -> Option<String> {
    for target in part.args().iter().filter(|arg| !arg.text.starts_with('-')) {
        if let Some(path) = outside(target, &script.dirs, places) {
            return Some(format!("removes {path}"));
        }
        let path = normal(&places.worktree().join(&target.text));
        if path == places.worktree()
            || path.strip_prefix(places.worktree()).is_ok_and(|rest| rest.starts_with(".git"))
        {
            return Some(format!("removes the worktree itself: `{}`", part.text()));
        }
    }
    None
}

fn changes_outside(name: &str, args: &[Word], script: &Script, places: &Places) -> Option<String> {
    let mut targets: Vec<&Word> = args.iter().filter(|arg| !arg.text.starts_with('-')).collect();
    match name {
        // Only the last is written; `-t DIR` is seen as one of them.
        "cp" | "ln" | "install" | "rsync"
            if !args.iter().any(|arg| arg.text.starts_with("-t") || arg.text.starts_with("--target")) =>
        {
            targets = targets.pop().into_iter().collect();
        }
        // The first is a mode or an owner.
        "chmod" | "chown" | "chgrp" | "chattr" if !targets.is_empty() => {
            targets.remove(0);
        }
        _ => {}
    }
    let options = args.iter().filter_map(|arg| {
        let path = arg.text.strip_prefix("--target-directory=").or(arg.text.strip_prefix("-t"))?;
        Some(Word { text: path.to_owned(), known: arg.known })
    });
    let options: Vec<Word> = options.collect();
    let path =
        targets.into_iter().chain(&options).find_map(|target| outside(target, &script.dirs, places))?;
    if path.starts_with("`/dev/null`") {
        return None;
    }
    Some(format!("changes {path}"))
}

fn git(args: &[Word]) -> Option<&'static str> {
    let mut rest = args;
    while let Some(first) = rest.first() {
        match first.text.as_str() {
            "-c" | "--config-env" => {
                let value = rest.get(1).map_or("", |word| word.text.as_str()).to_ascii_lowercase();
                let runs = [
                    "alias.",
                    "core.sshcommand",
                    "core.editor",
                    "core.pager",
                    "core.fsmonitor",
                    "core.hookspath",
                    "credential.",
                    "filter.",
                    "diff.external",
                    "url.",
                ];
                if runs.iter().any(|key| value.starts_with(key))
                    || rest.get(1).is_some_and(|word| !word.is_exact())
                {
                    return Some("changes how git runs");
                }
                rest = rest.get(2..).unwrap_or_default();
            }
            "-C" | "--git-dir" | "--work-tree" | "--namespace" | "--exec-path" => {
                rest = rest.get(2..).unwrap_or_default();
            }
            text if text.starts_with('-') => rest = &rest[1..],
            _ => break,
        }
    }
    let command = rest.first()?;
    if !command.is_exact() {
        return Some("runs a git command that is only known at run time");
    }
    let first = rest.get(1).map_or("", |arg| arg.text.as_str());
    let any = |options: &[&str]| rest.iter().any(|arg| options.contains(&arg.text.as_str()));
    match command.text.as_str() {
        "push" | "send-pack" | "send-email" | "request-pull" => Some("sends commits elsewhere"),
        "remote"
            if matches!(
                first,
                "add"
                    | "remove"
                    | "rm"
                    | "rename"
                    | "set-url"
                    | "set-head"
                    | "set-branches"
                    | "prune"
                    | "update"
            ) =>
        {
            Some("changes where the repository sends to and fetches from")
        }
        "config" if any(&["--global", "--system"]) => Some("changes the user's git settings"),
        "config" if any(&["--get", "--get-all", "--get-regexp", "--list", "-l", "get", "list"]) => None,
        "config" => Some("changes the repository's settings"),
        "worktree" if !matches!(first, "" | "list") => Some("changes the worktrees of the repository"),
        "update-ref" | "symbolic-ref" | "replace" | "filter-branch" | "filter-repo" | "gc" | "prune"
        | "repack" => Some("changes the repository itself"),
        "reflog" if matches!(first, "expire" | "delete") => Some("changes the repository itself"),
        "credential" | "credential-store" | "credential-cache" => Some("reads or changes passwords"),
        _ => None,
    }
}

fn kills(args: &[Word], script: &Script) -> Option<&'static str> {
    let what = Some("ends a process that may not be its own");
    let mut signal_next = false;
    let listing = args.iter().any(|arg| matches!(arg.text.as_str(), "-l" | "-L" | "--list"));
    if listing || args.iter().any(|arg| arg.text == "-0") {
        return None;
    }
    for arg in args {
        let text = arg.text.as_str();
        if std::mem::take(&mut signal_next) {
            continue;
        }
        if matches!(text, "-s" | "-n" | "--signal") {
            signal_next = true;
        } else if text.starts_with('%') || matches!(text, "$!" | "$$" | "${!}") {
        } else if text.starts_with('$') && !text.starts_with("$(") {
            // A variable: the process of `$!`, if the script ever looked at that.
            let name = text.trim_start_matches(['$', '{']).trim_end_matches('}');
            if !script.assigned.iter().any(|assigned| assigned == name) {
                return what;
            }
        } else if !text.starts_with('-') || text == "-1" && args.len() == 1 {
            return what;
        }
    }
    None
}

/// An interpreter that runs what a download gives it.
fn from_pipe(part: &Part) -> Option<String> {
    let loads = ["curl", "wget", "fetch", "http", "aria2c", "lynx"];
    let script = part.args().iter().any(|arg| arg.text != "-");
    let download = part.fed_by.iter().any(|name| loads.contains(&name.as_str()));
    (download && !script).then(|| format!("pipes `{}` into `{}`", part.fed_by.join(" | "), part.name()))
}

fn container(args: &[Word], verb: &str, places: &Places) -> Option<&'static str> {
    let text = |arg: &Word| arg.text.clone();
    let wide = |arg: &String| {
        arg == "--privileged"
            || arg.starts_with("--cap-add")
            || arg.starts_with("--device")
            || arg.starts_with("--security-opt")
            || ["--pid", "--net", "--network", "--ipc", "--userns", "--uts"]
                .iter()
                .any(|flag| *arg == format!("{flag}=host"))
    };
    let words: Vec<String> = args.iter().map(text).collect();
    if words.iter().any(wide)
        || words.windows(2).any(|pair| {
            pair[1] == "host" && matches!(pair[0].as_str(), "--pid" | "--net" | "--network" | "--ipc")
        })
    {
        return Some("starts a container that reaches the machine");
    }
    let mounted = words.windows(2).filter_map(|pair| match pair[0].as_str() {
        "-v" | "--volume" => pair[1].split(':').next().map(str::to_owned),
        _ => pair[0]
            .strip_prefix("--volume=")
            .or(pair[0].strip_prefix("-v"))
            .and_then(|rest| rest.split(':').next())
            .map(str::to_owned),
    });
    let sources = words.iter().filter_map(|word| {
        Some(word.split_once("source=").or(word.split_once("src="))?.1.split(',').next()?.to_owned())
    });
    for source in mounted.chain(sources) {
        let named_volume = !source.contains('/') && !source.starts_with(['.', '~', '$']);
        if !named_volume
            && outside(
                &Word::exact(source.replace("$(pwd)", ".").replace("$PWD", ".").replace("${PWD}", ".")),
                &Dirs::default(),
                places,
            )
            .is_some()
        {
            return Some("gives a container a directory outside the worktree");
        }
    }
    match verb {
        "push" | "login" | "logout" => Some("publishes, or changes an account"),
        "system" | "volume" | "swarm" | "prune"
            if args.iter().any(|arg| matches!(arg.text.as_str(), "prune" | "rm" | "init" | "join")) =>
        {
            Some("removes containers or volumes of others")
        }
        _ => None,
    }
}

fn is_remote(text: &str) -> bool {
    text.contains("://")
        || text.split_once(':').is_some_and(|(host, _)| !host.is_empty() && !host.contains('/'))
}

/// Without `.` and `..`, by spelling.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, component| {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            other => path.push(other),
        }
        path
    })
}
