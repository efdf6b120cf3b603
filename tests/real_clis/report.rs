//! What came of each CLI, as a table.

use std::fmt::Write as _;

/// One CLI.
pub struct Row {
    name: String,
    version: Result<String, String>,
    answers: Vec<(&'static str, Answer)>,
    seconds: u64,
}

/// Of one question to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Yes,
    /// With figures.
    Just(String),
    /// It cannot, and need not.
    Spared,
    No(String),
}

impl Answer {
    /// `No` with the reason unless it holds.
    pub fn of(holds: bool, why_not: impl FnOnce() -> String) -> Self {
        if holds { Self::Yes } else { Self::No(why_not()) }
    }

    fn cell(&self) -> &str {
        match self {
            Self::Yes => "yes",
            Self::Just(figures) => figures,
            Self::Spared => "–",
            Self::No(_) => "NO",
        }
    }
}

impl Row {
    pub fn new(name: String, version: String, answers: Vec<(&'static str, Answer)>, seconds: u64) -> Self {
        Self { name, version: Ok(version), answers, seconds }
    }

    pub fn missing(name: String, why: String) -> Self {
        Self { name, version: Err(why), answers: Vec::new(), seconds: 0 }
    }

    /// For whoever waits.
    pub fn line(&self) -> String {
        let mut line = match &self.version {
            Ok(version) => format!("{} {version}, {} s:", self.name, self.seconds),
            Err(why) => format!("{} is not installed: {why}", self.name),
        };
        for (question, answer) in &self.answers {
            write!(line, " {question} {}", answer.cell()).unwrap();
        }
        line
    }

    /// What is wrong with it. One that could not be installed is no failure of ours.
    pub fn complaint(&self) -> Option<String> {
        let no = |(question, answer): &(&str, Answer)| match answer {
            Answer::No(why) => Some(format!("{}, {question}: {why}", self.name)),
            _ => None,
        };
        let all: Vec<String> = self.answers.iter().filter_map(no).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }
}

/// As Markdown.
pub fn table(rows: &[Row]) -> String {
    let questions: Vec<&str> = rows
        .iter()
        .map(|row| &row.answers)
        .find(|answers| !answers.is_empty())
        .map_or_else(Vec::new, |answers| answers.iter().map(|(question, _)| *question).collect());
    let mut table = format!("| CLI | version | {} | seconds |\n", questions.join(" | "));
    table += &format!("|{}\n", " --- |".repeat(questions.len() + 3));
    for row in rows {
        let version = row.version.as_deref().unwrap_or("not installed");
        let cells: Vec<&str> = questions
            .iter()
            .map(|question| {
                row.answers.iter().find(|(own, _)| own == question).map_or("", |(_, answer)| answer.cell())
            })
            .collect();
        table += &format!("| {} | {version} | {} | {} |\n", row.name, cells.join(" | "), row.seconds);
    }
    table
}
