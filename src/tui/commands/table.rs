//! The table itself.

use super::{Do, Group, Spec};

const fn row(does: Do, name: &'static str, args: &'static str, doc: &'static str, group: Group) -> Spec {
    Spec { does, name, aliases: &[], args, doc, group }
}

const fn also(spec: &Spec, aliases: &'static [&'static str]) -> Spec {
    Spec { aliases, ..*spec }
}

/// A command that only keys are bound to.
const fn key(does: Do, name: &'static str, doc: &'static str, group: Group) -> Spec {
    row(does, name, "", doc, group)
}

/// In the order in which help and README list them.
#[rustfmt::skip]
pub const TABLE: &[Spec] = &[
    row(Do::New, "new", "[prompt]", "opens a tab: a branch and an agent of its own, from your last commit", Group::Tabs),
    row(Do::Branch, "branch", "[--rev N] [--from HASH] [--no-worktree] [prompt]", "opens a tab that goes on from before your turn N (or from HASH, or from here), files and conversation", Group::Tabs),
    row(Do::Branches, "branches", "", "lists the branches, open and closed; Enter opens one", Group::Tabs),
    row(Do::Tab, "tab", "[N | next | previous | rename TITLE | move N]", "goes to a tab, renames or moves it", Group::Tabs),
    row(Do::Merge, "merge", "[TAB or BRANCH]", "merges this tab into the one that it left, or another into this one", Group::Tabs),
    row(Do::Land, "land", "[--squash | --merge | --pick STEPS] [--into BRANCH] [--dry-run] [--message TEXT]", "brings this branch home to yours; shows first what it does", Group::Tabs),
    row(Do::Close, "close", "", "closes the tab; its branch and conversation stay", Group::Tabs),
    also(&row(Do::Exit, "exit", "[--all]", "closes the tab, with --all every tab and the program", Group::Tabs), &["quit"]),

    row(Do::Model, "model", "[BACKEND[/MODEL] | auto]", "chooses who answers in this tab, or lets the router choose again", Group::Agent),
    row(Do::Route, "route", "[BACKEND | auto]", "shows who answers and who could, with their state; chooses one", Group::Agent),
    row(Do::Role, "role", "[ROLE | none]", "chooses the role of this tab's agent", Group::Agent),
    row(Do::Permissions, "permissions", "[read-only | ask | auto | full]", "says what this tab's agent may do unasked", Group::Agent),
    row(Do::Tools, "tools", "", "lists the tools that the agent has", Group::Agent),
    row(Do::Abort, "abort", "", "stops the turn and its commands; what was done is committed", Group::Agent),
    row(Do::Steer, "steer", "TEXT", "hands words to the agent before its next call of the model", Group::Agent),
    row(Do::Queue, "queue", "[edit N | drop N | clear]", "shows the prompts that wait, to edit or drop them", Group::Agent),
    row(Do::Why, "why", "[TURN]", "explains a turn: who was asked and why, what failed, what was verified, what it cost", Group::Agent),
    row(Do::Verify, "verify", "[run | COMMAND | auto | off]", "says what checks the work, runs it now, or sets it for this tab", Group::Agent),
    row(Do::Budget, "budget", "[turn | session | day USD]", "shows what was spent and the limits, or sets one for this tab", Group::Agent),
    row(Do::Context, "context", "", "says what fills the model's window", Group::Agent),
    row(Do::Approvals, "approvals", "", "goes to what an agent asks, in whichever tab", Group::Agent),

    row(Do::Undo, "undo", "[N] [--turn]", "takes back the last step, or N, or whole turns; shows first what goes", Group::History),
    row(Do::Redo, "redo", "", "takes back an undo", Group::History),
    row(Do::Rewind, "rewind", "[TURN]", "goes back to before a turn of yours, in this tab", Group::History),
    row(Do::Resume, "resume", "[HASH or BRANCH]", "opens an earlier session in a tab", Group::History),
    row(Do::Log, "log", "", "shows the tree of sessions, turns and steps", Group::History),

    row(Do::Diff, "diff", "[--all] [A B]", "shows what the last turn changed, with --all the whole branch, or A against B", Group::Review),
    row(Do::Radar, "radar", "[BRANCH …]", "shows which branches would conflict, with yours and with each other", Group::Review),

    row(Do::History, "history", "[--raw]", "shows this conversation whole, with --raw as the model is sent it", Group::Session),
    row(Do::Search, "search", "TEXT", "searches the conversations of all sessions", Group::Session),
    row(Do::Export, "export", "[FILE]", "writes the conversation to a file: Markdown, or JSON lines when it ends in .jsonl", Group::Session),
    row(Do::Import, "import", "FILE", "opens a tab with an exported conversation", Group::Session),
    row(Do::Push, "push", "[REMOTE]", "sends this session to a remote, for somebody else to go on with", Group::Session),
    row(Do::Fetch, "fetch", "[REMOTE]", "fetches the sessions of a remote", Group::Session),
    row(Do::Clear, "clear", "[--soft] [--config FILE]", "begins the model's context anew; --soft keeps it, --config gives the agent another set-up", Group::Session),
    row(Do::Copy, "copy", "[answer | code | all]", "copies the last answer, its code, or everything to the clipboard", Group::Session),
    row(Do::Errors, "errors", "", "lists what went wrong lately", Group::Session),
    row(Do::Verbose, "verbose", "", "shows tool calls and thinking opened, or closed again", Group::Session),

    row(Do::Theme, "theme", "[NAME]", "chooses the colours", Group::Look),
    row(Do::Keys, "keys", "", "lists the keys and what they do", Group::Look),
    row(Do::Panel, "panel", "", "shows or hides the side panel", Group::Look),
    row(Do::Mouse, "mouse", "", "hands the mouse to the terminal, or takes it back", Group::Look),
    row(Do::Vim, "vim", "", "turns the composer's vi mode on or off", Group::Look),

    row(Do::Help, "help", "[COMMAND]", "tells of commands and keys", Group::Program),
    row(Do::Health, "health", "[probe]", "tells how each backend fares; probe asks them all", Group::Program),
    row(Do::Restart, "restart", "", "restarts the local model server, with your own command", Group::Program),
    row(Do::Doctor, "doctor", "", "checks git, settings, folders, sandbox, the local runtime and backends", Group::Program),
    row(Do::Status, "status", "", "says what is open, where it works, and what it cost", Group::Program),
    row(Do::Ledger, "ledger", "[N | stats | verify]", "shows the last runs on record, their sums, or lines that cannot be read", Group::Program),
    row(Do::Usage, "usage", "", "shows tokens and cost of this tab and of today", Group::Program),
    row(Do::Config, "config", "[KEY]", "shows the settings in force and who set them", Group::Program),

    key(Do::Palette, "palette", "finds a command", Group::Writing),
    key(Do::Send, "send", "sends the prompt; while the agent works, it waits in line", Group::Writing),
    key(Do::Newline, "newline", "begins a new line", Group::Writing),
    key(Do::SteerWith, "steer-with", "hands what is written to the agent at once", Group::Writing),
    key(Do::Complete, "complete", "completes a path or a command", Group::Writing),
    key(Do::HistorySearch, "history-search", "finds an earlier prompt", Group::Writing),
    key(Do::Editor, "editor", "opens the prompt in your editor", Group::Writing),
    key(Do::TabNext, "tab-next", "goes to the next tab", Group::Writing),
    key(Do::TabPrevious, "tab-previous", "goes to the previous tab", Group::Writing),
    key(Do::PanelFocus, "panel-focus", "goes into the side panel", Group::Writing),
    key(Do::PanelWider, "panel-wider", "makes the side panel wider", Group::Writing),
    key(Do::PanelNarrower, "panel-narrower", "makes the side panel narrower", Group::Writing),
    key(Do::Redraw, "redraw", "paints the screen anew", Group::Writing),
    key(Do::Interrupt, "interrupt-or-quit", "stops the agent; clears the prompt; asks to quit", Group::Writing),
    key(Do::Suspend, "suspend", "puts the program in the background", Group::Writing),

    key(Do::ReadWhenEmpty, "scroll-mode-when-empty", "reads the transcript, unless something is written", Group::Writing),
    key(Do::Read, "scroll-mode", "reads the transcript with a cursor", Group::Reading),
    key(Do::ScrollUp, "scroll-up", "a line up", Group::Reading),
    key(Do::ScrollDown, "scroll-down", "a line down", Group::Reading),
    key(Do::ScrollHalfUp, "scroll-half-up", "half a page up", Group::Reading),
    key(Do::ScrollHalfDown, "scroll-half-down", "half a page down", Group::Reading),
    key(Do::ScrollPageUp, "scroll-page-up", "a page up", Group::Reading),
    key(Do::ScrollPageDown, "scroll-page-down", "a page down", Group::Reading),
    key(Do::ScrollTop, "scroll-top", "to the beginning", Group::Reading),
    key(Do::ScrollBottom, "scroll-bottom", "to the end", Group::Reading),
    key(Do::PreviousTurn, "previous-turn", "to the previous prompt", Group::Reading),
    key(Do::NextTurn, "next-turn", "to the next prompt", Group::Reading),
    key(Do::PreviousItem, "previous-item", "to the item above", Group::Reading),
    key(Do::NextItem, "next-item", "to the item below", Group::Reading),
    key(Do::Find, "find", "searches the transcript", Group::Reading),
    key(Do::FindNext, "find-next", "to the next hit", Group::Reading),
    key(Do::FindPrevious, "find-previous", "to the previous hit", Group::Reading),
    key(Do::Select, "select", "selects lines", Group::Reading),
    key(Do::Yank, "yank", "copies the selection, or the item under the cursor", Group::Reading),
    key(Do::Fold, "fold", "opens or closes the item under the cursor", Group::Reading),
    key(Do::BranchHere, "branch-here", "opens a tab from before this turn", Group::Reading),
    key(Do::RewindHere, "rewind-here", "goes back to before this turn", Group::Reading),
    key(Do::DiffHere, "diff-here", "shows what this step or turn changed", Group::Reading),
    key(Do::ScrollCentre, "scroll-centre", "puts the line in the middle", Group::Reading),
    key(Do::Leave, "leave", "back to where you came from", Group::Reading),

    key(Do::HunkNext, "hunk-next", "to the next hunk", Group::Reviewing),
    key(Do::HunkPrevious, "hunk-previous", "to the previous hunk", Group::Reviewing),
    key(Do::FileNext, "file-next", "to the next file", Group::Reviewing),
    key(Do::FilePrevious, "file-previous", "to the previous file", Group::Reviewing),
    key(Do::FilesFocus, "files-focus", "to the list of files, and back", Group::Reviewing),
    key(Do::SideBySide, "side-by-side", "side by side, or one below the other", Group::Reviewing),
    key(Do::SideLeft, "side-left", "shows what is cut off at the left", Group::Reviewing),
    key(Do::SideRight, "side-right", "shows what is cut off at the right", Group::Reviewing),
    key(Do::Expand, "expand", "shows more lines around the hunk", Group::Reviewing),
    row(Do::Scope, "scope", "step | turn | branch", "what is compared", Group::Reviewing),
    key(Do::Comment, "comment", "writes a comment on the line, or on the lines selected", Group::Reviewing),
    key(Do::CommentDrop, "comment-drop", "drops the comment", Group::Reviewing),
    key(Do::CommentsSend, "comments-send", "sends all comments to the agent, as one prompt", Group::Reviewing),
    key(Do::EditFile, "edit-file", "opens the line in your editor", Group::Reviewing),

    key(Do::PanelNext, "panel-next", "to the next part of the side panel", Group::Reading),
    key(Do::PanelPrevious, "panel-previous", "to the previous part of the side panel", Group::Reading),
    key(Do::PanelOpen, "panel-open", "opens what the cursor stands at", Group::Reading),

    key(Do::ListUp, "list-up", "up", Group::Choosing),
    key(Do::ListDown, "list-down", "down", Group::Choosing),
    key(Do::ListPageUp, "list-page-up", "a page up", Group::Choosing),
    key(Do::ListPageDown, "list-page-down", "a page down", Group::Choosing),
    key(Do::ListFirst, "list-first", "to the first", Group::Choosing),
    key(Do::ListLast, "list-last", "to the last", Group::Choosing),
    key(Do::ListAccept, "list-accept", "takes the row", Group::Choosing),
    key(Do::ListComplete, "list-complete", "does the other thing that can be done with the row", Group::Choosing),
    key(Do::ListClear, "list-clear", "empties the filter", Group::Choosing),
    key(Do::ListClose, "list-close", "closes the list", Group::Choosing),
    key(Do::DialogYes, "dialog-yes", "yes, this once", Group::Choosing),
    key(Do::DialogAlways, "dialog-always", "yes, and do not ask for the same again in this session", Group::Choosing),
    key(Do::DialogNo, "dialog-no", "no", Group::Choosing),
    key(Do::DialogWait, "dialog-wait", "waits for the backend, and asks it again", Group::Choosing),
    key(Do::DialogFallBack, "dialog-fall-back", "lets the next backend go on", Group::Choosing),
    key(Do::DialogStop, "dialog-stop", "stops the turn", Group::Choosing),
    key(Do::DialogAccept, "dialog-accept", "takes the answer that has the focus", Group::Choosing),
    key(Do::DialogCancel, "dialog-cancel", "closes the question", Group::Choosing),
    key(Do::DialogNext, "dialog-next", "to the next answer", Group::Choosing),
    key(Do::DialogPrevious, "dialog-previous", "to the previous answer", Group::Choosing),
    key(Do::DialogScrollDown, "dialog-scroll-down", "reads on in what is asked about", Group::Choosing),
    key(Do::DialogScrollUp, "dialog-scroll-up", "reads back", Group::Choosing),
    key(Do::DialogPageDown, "dialog-page-down", "a page on", Group::Choosing),
    key(Do::DialogPageUp, "dialog-page-up", "a page back", Group::Choosing),
];
