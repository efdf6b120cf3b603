//! Commands that surely change nothing. A list of what is known, not of what is feared.

use super::script::Part;
use super::words::Word;

/// Change nothing, whatever their arguments.
const PURE: &[&str] = &[
    "ls",
    "cat",
    "head",
    "tail",
    "wc",
    "stat",
    "du",
    "df",
    "pwd",
    "echo",
    "true",
    "false",
    "test",
    "[",
    ":",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "which",
    "type",
    "whoami",
    "id",
    "groups",
    "uname",
    "printenv",
    "nproc",
    "arch",
    "cmp",
    "comm",
    "cut",
    "tr",
    "paste",
    "join",
    "nl",
    "tac",
    "rev",
    "fold",
    "expand",
    "unexpand",
    "column",
    "seq",
    "sleep",
    "expr",
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "b2sum",
    "cksum",
    "sum",
    "od",
    "hexdump",
    "strings",
    "grep",
    "egrep",
    "fgrep",
    "zcat",
    "zgrep",
    "bzcat",
    "xzcat",
    "jq",
    "ps",
    "uptime",
    "free",
    "lscpu",
    "lsblk",
    "cd",
    "pushd",
    "popd",
    "exit",
    "return",
    "break",
    "continue",
    "shift",
    "wait",
    "cloc",
    "tokei",
    "scc",
    "cal",
    "tty",
    "diff",
    "diff3",
    "look",
    "getconf",
    "locale",
    "hash",
    "jobs",
    "times",
    "ulimit",
    "umask",
];

/// Print their version and nothing else when asked so.
const VERSIONED: &[&str] = &[
    "python", "python3", "node", "npm", "npx", "pnpm", "yarn", "bun", "deno", "cargo", "rustc", "rustup",
    "go", "gcc", "g++", "cc", "clang", "make", "cmake", "ninja", "java", "javac", "mvn", "gradle", "ruby",
    "gem", "bundle", "perl", "php", "composer", "git", "docker", "bash", "sh", "zsh", "pip", "pip3", "uv",
    "poetry", "tsc", "eslint", "ghc", "swift", "dotnet", "kotlin", "scala", "zig", "lua", "R", "julia",
    "elixir", "erl", "psql", "sqlite3", "rg", "jq",
];

/// Subcommands of git that only look, if their arguments do.
const GIT_LOOKS: &[&str] = &[
    "log",
    "diff",
    "show",
    "status",
    "rev-parse",
    "rev-list",
    "ls-files",
    "ls-tree",
    "cat-file",
    "blame",
    "annotate",
    "shortlog",
    "describe",
    "name-rev",
    "merge-base",
    "for-each-ref",
    "count-objects",
    "check-ignore",
    "check-attr",
    "diff-tree",
    "diff-index",
    "diff-files",
    "show-ref",
    "whatchanged",
    "cherry",
    "range-diff",
    "version",
    "show-branch",
    "grep",
    "var",
    "verify-commit",
    "verify-tag",
    "get-tar-commit-id",
    "patch-id",
    "stripspace",
];

/// Whether a command surely changes nothing.
pub(super) fn is_read_only(part: &Part) -> bool {
    let Some(first) = part.words.first().filter(|word| word.is_exact()) else { return false };
    // A path names any program, unless it is where programs come from.
    let system = ["/bin/", "/usr/bin/", "/usr/local/bin/"].iter().any(|dir| first.text.starts_with(dir));
    if first.text.contains('/') && !system {
        return false;
    }
    let name = part.name();
    let args = part.args();
    if PURE.contains(&name.as_str()) {
        return true;
    }
    if let [only] = args
        && only.is_exact()
        && VERSIONED.contains(&name.as_str())
        && matches!(only.text.as_str(), "--version" | "-V")
    {
        return true;
    }
    // Below, arguments decide, so each has to be known.
    if !args.iter().all(Word::is_exact) && !starts_tell(args) {
        return false;
    }
    match name.as_str() {
        "git" => git(args),
        "env" => args.is_empty(),
        "file" => !has(args, &["-C", "--compile"]),
        "printf" => !has(args, &["-v"]),
        "date" => !has(args, &["-s", "--set"]) && args.iter().all(|arg| arg.text.starts_with(['+', '-'])),
        "hostname" => args.is_empty() || flags_only(args),
        "command" => args.first().is_some_and(|arg| matches!(arg.text.as_str(), "-v" | "-V")),
        "uniq" | "xxd" => {
            args.iter().filter(|arg| !arg.text.starts_with('-')).count() <= 1 && !has(args, &["-r"])
        }
        "sort" => !has(args, &["-o", "--output", "--compress-program", "-T"]),
        "tree" => !has(args, &["-o", "-R"]),
        "rg" => !has(args, &["--pre", "--hostname-bin"]),
        "fd" | "fdfind" => !has(args, &["-x", "-X", "--exec", "--exec-batch"]),
        "yq" => !has(args, &["-i", "--inplace", "--in-place", "-s", "--split-exp"]),
        "find" => !has(
            args,
            &["-delete", "-fprint", "-fprint0", "-fprintf", "-fls", "-exec", "-execdir", "-ok", "-okdir"],
        ),
        "sed" => sed(args),
        "set" => flags_only(args),
        _ => false,
    }
}

/// Whether setting this variable makes programs load or run something.
pub(super) fn is_loaded_variable(name: &str) -> bool {
    name.starts_with("LD_")
        || name.starts_with("DYLD_")
        || name.starts_with("GIT_")
        || name.ends_with("PATH")
        || name.ends_with("PAGER")
        || name.ends_with("EDITOR")
        || name.ends_with("OPTIONS")
        || matches!(
            name,
            "BASH_ENV"
                | "ENV"
                | "IFS"
                | "PROMPT_COMMAND"
                | "PS4"
                | "SHELLOPTS"
                | "BASHOPTS"
                | "LESSOPEN"
                | "SHELL"
                | "RIPGREP_CONFIG_PATH"
                | "NODE_OPTIONS"
        )
}

fn git(args: &[Word]) -> bool {
    let mut rest = args;
    // Before the subcommand: only what changes nothing about how git runs.
    loop {
        match rest.first().map(|arg| arg.text.as_str()) {
            Some("--no-pager" | "-P" | "--no-optional-locks" | "--literal-pathspecs" | "--bare") => {
                rest = &rest[1..];
            }
            Some("-C") if rest.len() > 2 => rest = &rest[2..],
            Some("--version") => return true,
            _ => break,
        }
    }
    let Some((command, rest)) = rest.split_first() else { return false };
    if !command.is_exact() {
        return false;
    }
    let first = rest.first().map_or("", |arg| arg.text.as_str());
    let runs = has(
        rest,
        &["--output", "--ext-diff", "--textconv", "-O", "--open-files-in-pager", "--filters", "--contents"],
    );
    match command.text.as_str() {
        name if GIT_LOOKS.contains(&name) => !runs,
        "branch" | "tag" => {
            let listing = has(
                rest,
                &["-l", "--list", "--contains", "--points-at", "--merged", "--no-merged", "--show-current"],
            );
            let changing = has(
                rest,
                &[
                    "-d",
                    "-D",
                    "-m",
                    "-M",
                    "-c",
                    "-C",
                    "-f",
                    "-u",
                    "-s",
                    "-a",
                    "-e",
                    "-F",
                    "--delete",
                    "--move",
                    "--copy",
                    "--force",
                    "--edit-description",
                    "--unset-upstream",
                    "--set-upstream-to",
                    "--track",
                    "--sign",
                    "--annotate",
                    "--message",
                ],
            );
            let harmless = |arg: &Word| {
                matches!(
                    arg.text.as_str(),
                    "-a" | "-r"
                        | "-v"
                        | "-vv"
                        | "-n"
                        | "--all"
                        | "--remotes"
                        | "--verbose"
                        | "--no-color"
                        | "--column"
                )
            };
            rest.iter().all(harmless) && command.text == "branch" || rest.is_empty() || listing && !changing
        }
        "remote" => {
            rest.is_empty()
                || matches!(first, "-v" | "--verbose" | "get-url")
                    && !has(rest, &["add", "remove", "rm", "rename", "set-url", "prune", "update"])
        }
        "config" => {
            matches!(first, "--get" | "--get-all" | "--get-regexp" | "--list" | "-l" | "get" | "list")
        }
        "stash" | "worktree" | "notes" => {
            matches!(first, "list") || command.text != "worktree" && first == "show" && !runs
        }
        "reflog" => {
            matches!(first, "" | "show") || first.starts_with('-') && !has(rest, &["expire", "delete"])
        }
        "submodule" => matches!(first, "status" | "summary") || rest.is_empty(),
        _ => false,
    }
}

/// `sed -n 3,7p` and its like: other scripts can write files and run commands.
fn sed(args: &[Word]) -> bool {
    let quiet = args.first().is_some_and(|arg| arg.text == "-n");
    let prints = args.get(1).is_some_and(|script| {
        script.text.strip_suffix('p').is_some_and(|range| {
            !range.is_empty() && range.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '$'))
        })
    });
    quiet && prints && args[2..].iter().all(|file| !file.text.starts_with('-'))
}

/// Whether unknown words cannot be options: each begins with known text that is no dash.
fn starts_tell(args: &[Word]) -> bool {
    args.iter().all(|arg| {
        arg.is_exact() || arg.text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/'))
    })
}

fn flags_only(args: &[Word]) -> bool {
    args.iter().all(|arg| arg.text.starts_with('-'))
}

/// Whether an option is among the arguments: alone, with `=value`, shortened, or in a cluster of
/// short ones.
fn has(args: &[Word], options: &[&str]) -> bool {
    args.iter().take_while(|arg| arg.text != "--").any(|arg| {
        let text = arg.text.split('=').next().unwrap_or_default();
        options.iter().any(|option| match option.strip_prefix('-') {
            Some(short) if short.len() == 1 => text == *option || is_cluster(text) && text.contains(short),
            Some(long) if long.starts_with('-') => {
                text == *option || text.len() > 4 && text.starts_with("--") && option.starts_with(text)
            }
            _ => text == *option,
        })
    })
}

fn is_cluster(text: &str) -> bool {
    text.starts_with('-') && !text.starts_with("--") && text.len() > 1
}
