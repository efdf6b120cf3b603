//! Which branches would conflict, to be read.

use super::Actions;
use super::program::{heading, replace};
use crate::agent::Failure;
use crate::git::Conflict;
use crate::tui::app::App;
use crate::tui::app::layer::{Layer, Text, Topic};
use crate::tui::commands::Asked;
use crate::tui::look::{Piece, Role};
use crate::tui::message::{Action, Load};
use crate::tui::wrap::clean;
use crate::workbench::radar::Survey;
use crate::workbench::words::count;

type Line = Vec<Piece>;

/// Paths that are shown of a pair; the rest is counted.
const PATHS: usize = 8;

pub(super) fn radar(app: &mut App, asked: &Asked) -> Actions {
    app.layers.push(Layer::Text(Text::awaited("What would conflict", Topic::Radar)));
    let named = asked.args.split_whitespace().map(str::to_owned).collect();
    vec![Action::Load(Load::Survey(named))]
}

pub(super) fn surveyed(app: &mut App, survey: Result<Survey, Failure>) {
    let lines = match survey {
        Ok(survey) => told(&survey),
        Err(failure) => {
            let hint = failure.hint.iter().map(|hint| vec![Piece::new(clean(hint), Role::Dim)]);
            std::iter::once(vec![Piece::new(clean(&failure.message), Role::Bad)]).chain(hint).collect()
        }
    };
    replace(app, Topic::Radar, lines);
}

fn told(survey: &Survey) -> Vec<Line> {
    if survey.branches.is_empty() {
        return vec![vec![Piece::new("no branch has anything that has not landed", Role::Dim)]];
    }
    let mut lines = Vec::new();
    for one in &survey.branches {
        lines.push(heading(&clean(&one.branch)));
        pair(&survey.base, &one.base, &mut lines);
        for (other, conflicts) in &one.others {
            pair(other, conflicts, &mut lines);
        }
        lines.push(Vec::new());
    }
    lines
}

fn pair(with: &str, conflicts: &[Conflict], lines: &mut Vec<Line>) {
    let with = clean(with);
    if conflicts.is_empty() {
        lines.push(vec![Piece::new(format!("  ✓ goes together with {with}"), Role::Good)]);
        return;
    }
    let found = count(conflicts.len(), "path");
    lines.push(vec![Piece::new(format!("  ⚠ conflicts with {with} in {found}"), Role::Warn)]);
    for conflict in conflicts.iter().take(PATHS) {
        lines.push(vec![
            Piece::new(format!("      {}", clean(&conflict.path.to_string_lossy())), Role::Text),
            Piece::new(format!("  {}", conflict.kind.words()), Role::Dim),
        ]);
    }
    if conflicts.len() > PATHS {
        lines.push(vec![Piece::new(format!("      and {} more", conflicts.len() - PATHS), Role::Dim)]);
    }
}
