//! Figures as this screen writes them.

use std::time::Duration;

use crate::agent::ChildNews;
use crate::workbench::words::{count, dollars};

/// `420 ms`, `3.2 s`, `1 min 20 s`, `2 h 5 min`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long something has gone on, in whole seconds: `0 s`, `1 min 20 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        short @ ..60 => format!("{short} s"),
        _ => duration(time),
    }
}

/// How long ago something was, from seconds since 1970: `now`, `5m`, `3h`, `2d`, `7w`.
pub fn ago(then: i64, now: i64) -> String {
    match now.saturating_sub(then) {
        ..60 => "now".to_owned(),
        past @ 60..3_600 => format!("{}m", past / 60),
        past @ 3_600..86_400 => format!("{}h", past / 3_600),
        past @ 86_400..1_209_600 => format!("{}d", past / 86_400),
        past => format!("{}w", past / 604_800),
    }
}

/// Values as a row of bars, the highest as high as there is.
pub fn sparkline(values: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().copied().max().unwrap_or_default().max(1);
    let bar = |value: &u64| BARS[usize::try_from(value * 7 / most).unwrap_or(7).min(7)];
    values.iter().map(bar).collect()
}

/// A number with two decimals at most: `1`, `0.5`, `2.25`.
pub fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole part of a whole, in per cent.
pub fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or_default()
}

/// How work fares that an agent gave to another one.
pub fn child(news: &ChildNews) -> String {
    let mut told = vec![news.state.name().to_owned()];
    if news.steps > 0 {
        told.push(count(news.steps as usize, "step"));
    }
    if news.cost_usd != Some(0.0) {
        told.push(dollars(news.cost_usd));
    }
    told.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_precise_as_they_matter() {
        let shown = [250, 3_210, 42_000, 80_000, 7_500_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(shown, ["250 ms", "3.2 s", "42 s", "1 min 20 s", "2 h 5 min"]);
        assert_eq!(
            [0, 1_900, 80_000].map(|ms| seconds(Duration::from_millis(ms))),
            ["0 s", "1 s", "1 min 20 s"]
        );
        assert_eq!(
            [5, 300, 7_200, 200_000, 5_000_000].map(|past| ago(0, past)),
            ["now", "5m", "2h", "2d", "8w"]
        );
        assert_eq!(sparkline(&[0, 50, 100]), "▁▄█");
        assert_eq!([1.0, 0.5, 2.249, 0.0, 10.0].map(short), ["1", "0.5", "2.25", "0", "10"]);
        assert_eq!((percent(1, 3), percent(1, 0)), (33, 0));
    }
}
