//! Who or what is behind the lines of a file, as a text to be read.

use super::program::replace;
use super::run::Ran;
use crate::agent::Failure;
use crate::git::Blanks;
use crate::tui::app::App;
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::wrap::clean;
use crate::workbench::blame::{self, Blamed, Question, Version, headline};

pub(super) fn blame(app: &mut App, asked: &Asked) -> Ran {
    if asked.args.is_empty() {
        return Err(asked.misuse("say which file: /blame src/main.rs, or /blame src/main.rs:12"));
    }
    let session = app.tab().session.as_ref();
    let version = session.map_or(Version::Checkout, |session| Version::Worktree(session.worktree.clone()));
    let question = Question { what: asked.args.to_owned(), version, blanks: Blanks::Count };
    let title = format!("Behind {}", clean(asked.args));
    app.layers.push(Layer::Text(Text::awaited(title, Topic::Blame)));
    Ok(vec![Action::Load(Load::Blame(question))])
}

pub(super) fn blamed(app: &mut App, blamed: Result<Blamed, Failure>) {
    let lines = match blamed {
        Ok(blamed) if blamed.blame.lines.is_empty() => vec![vec![Piece::new("the file is empty", Role::Dim)]],
        Ok(blamed) => lines(&blamed),
        Err(failure) => {
            let mut lines = vec![vec![Piece::new(clean(&failure.message), Role::Bad)]];
            lines.extend(failure.hint.map(|hint| vec![Piece::new(clean(&hint), Role::Dim)]));
            lines
        }
    };
    replace(app, Topic::Blame, lines);
}

fn lines(blamed: &Blamed) -> Vec<Vec<Piece>> {
    let width = blamed.blame.lines.last().map_or(1, |line| line.number.to_string().len());
    let mut lines = Vec::new();
    for block in blamed.blocks() {
        let source = blamed.source(&block);
        lines.push(vec![Piece::new(clean(&headline(source)), Role::Accent)]);
        let prompt = source.filter(|_| block.is_first).and_then(|source| blame::prompt(&source.credit));
        if let Some(prompt) = prompt {
            lines.push(vec![Piece::new(format!("❯ {}", clean(prompt)), Role::Strong)]);
        }
        for line in &blamed.blame.lines[block.lines] {
            let number = Piece::new(format!("{:>width$}  ", line.number), Role::Dim);
            lines.push(vec![number, Piece::new(clean(&line.text), Role::Text)]);
        }
    }
    lines
}
