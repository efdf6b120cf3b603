//! What a tab would conflict with, as the bar of tabs and the side panel say it.

use super::app::App;
use super::app::tab::Tab;
use crate::workbench::radar::{Clash, Other};

/// Tabs that a mark names.
const NAMED: usize = 2;

/// `⚠` when it would conflict with what the user has checked out, `≠2` when with tab 2; both, or neither.
pub fn mark(app: &App, tab: &Tab) -> String {
    let with_base = tab.clashes.iter().any(|clash| matches!(clash.with, Other::Base(_)));
    let mut mark = if with_base { "⚠".to_owned() } else { String::new() };
    let numbers: Vec<usize> = tab.clashes.iter().filter_map(|clash| number(app, clash)).collect();
    if !numbers.is_empty() {
        let named: Vec<String> = numbers.iter().take(NAMED).map(usize::to_string).collect();
        mark.push('≠');
        mark.push_str(&named.join(","));
        if numbers.len() > NAMED {
            mark.push('…');
        }
    }
    mark
}

/// A line for each path: `⚠ conflicts with main: src/a.rs`.
pub fn lines(app: &App, tab: &Tab) -> Vec<String> {
    let mut lines = Vec::new();
    for clash in &tab.clashes {
        let (sign, with) = match &clash.with {
            Other::Base(name) => ("⚠", name.clone()),
            Other::Tab(_) => match number(app, clash) {
                Some(number) => ("≠", format!("tab {number}")),
                None => continue,
            },
        };
        let line = |(path, _): &(String, _)| format!("{sign} conflicts with {with}: {path}");
        lines.extend(clash.paths.iter().map(line));
    }
    lines
}

/// The number of the tab that it clashes with; tabs that were closed since have none.
fn number(app: &App, clash: &Clash) -> Option<usize> {
    match clash.with {
        Other::Tab(tab) => app.place_of(tab).map(|place| place + 1),
        Other::Base(_) => None,
    }
}
