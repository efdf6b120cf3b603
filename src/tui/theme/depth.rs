//! How many colours the terminal shows, as far as its environment tells. It asks the terminal nothing.

/// From many colours to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    True,
    Ansi256,
    Ansi16,
    None,
}

/// Terminals that show true colour and are known by `TERM`, which survives ssh where `COLORTERM` does
/// not.
const TRUE_TERMS: &[&str] =
    &["xterm-kitty", "xterm-ghostty", "ghostty", "alacritty", "wezterm", "foot", "contour", "rio"];

/// The same by `TERM_PROGRAM`.
const TRUE_PROGRAMS: &[&str] = &["iTerm.app", "WezTerm", "ghostty", "vscode", "zed", "rio", "Hyper"];

/// Terminals that show nothing but bold and the like.
const PLAIN_TERMS: &[&str] = &["dumb", "vt52", "vt100", "vt102", "vt220", "vt320"];

impl Depth {
    /// Reads the variables that terminals and their users set; `lookup` gives the value of one.
    pub fn of(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let term = var("TERM").unwrap_or_default();
        if var("NO_COLOR").is_some() || PLAIN_TERMS.contains(&term.as_str()) || term.ends_with("-mono") {
            return Self::None;
        }
        let by_term = depth_of(&term);
        let inside_tmux = var("TMUX").is_some();
        // GNU screen does not pass true colour on, but hands down the COLORTERM of what it runs in.
        if !inside_tmux && (var("STY").is_some() || term.starts_with("screen")) {
            return if by_term == Self::Ansi16 { Self::Ansi16 } else { Self::Ansi256 };
        }
        let promised = var("COLORTERM").is_some_and(|value| {
            value.eq_ignore_ascii_case("truecolor") || value.eq_ignore_ascii_case("24bit")
        });
        if promised || by_term == Self::True {
            return Self::True;
        }
        // tmux translates to what its own terminal can show, and its TERM says only `screen` or `tmux`;
        // the other variables are those of a terminal that may be long gone.
        if inside_tmux {
            return Self::Ansi256;
        }
        let program = var("TERM_PROGRAM").unwrap_or_default();
        if TRUE_PROGRAMS.contains(&program.as_str()) || var("WT_SESSION").is_some() {
            return Self::True;
        }
        if program == "Apple_Terminal" { Self::Ansi256 } else { by_term }
    }
}

fn depth_of(term: &str) -> Depth {
    let is_like =
        |name: &str| term.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if term.ends_with("-direct") || TRUE_TERMS.iter().any(|name| is_like(name)) {
        Depth::True
    } else if term.contains("256col") || term.starts_with("tmux") {
        Depth::Ansi256
    } else {
        Depth::Ansi16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_how_many_colours_there_are() {
        #[rustfmt::skip]
        let cases = [
            ("TERM=xterm-256color COLORTERM=truecolor", Depth::True),
            ("TERM=xterm COLORTERM=24bit", Depth::True),
            ("TERM=xterm-256color COLORTERM=yes", Depth::Ansi256),
            ("TERM=xterm-256color", Depth::Ansi256),
            ("TERM=xterm-256colour", Depth::Ansi256),
            ("TERM=xterm", Depth::Ansi16),
            ("TERM=linux", Depth::Ansi16),
            ("TERM=xterm-direct", Depth::True),
            ("TERM=xterm-kitty", Depth::True),
            ("TERM=foot-extra", Depth::True),
            ("TERM=alacritty", Depth::True),
            ("TERM=football", Depth::Ansi16),
            ("TERM=dumb COLORTERM=truecolor", Depth::None),
            ("TERM=vt220", Depth::None),
            ("TERM=xterm-mono", Depth::None),
            ("NO_COLOR=1 TERM=xterm-256color COLORTERM=truecolor", Depth::None),
            ("NO_COLOR= TERM=xterm-256color COLORTERM=truecolor", Depth::True),
            ("TERM=screen TMUX=/tmp/t", Depth::Ansi256),
            ("TERM=tmux TMUX=/tmp/t", Depth::Ansi256),
            ("TERM=tmux-256color TMUX=/tmp/t COLORTERM=truecolor", Depth::True),
            ("TERM=screen-256color TMUX=/tmp/t TERM_PROGRAM=vscode", Depth::Ansi256),
            ("TERM=tmux-256color", Depth::Ansi256),
            ("TERM=screen COLORTERM=truecolor STY=1.a", Depth::Ansi16),
            ("TERM=screen-256color COLORTERM=truecolor", Depth::Ansi256),
            ("TERM=xterm-256color COLORTERM=truecolor STY=1.a", Depth::Ansi256),
            ("TERM=xterm-256color TERM_PROGRAM=Apple_Terminal", Depth::Ansi256),
            ("TERM=xterm-256color TERM_PROGRAM=iTerm.app", Depth::True),
            ("WT_SESSION=x", Depth::True),
            ("", Depth::Ansi16),
        ];
        for (env, depth) in cases {
            let lookup = |name: &str| {
                env.split(' ').find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
            };
            assert_eq!(Depth::of(lookup), depth, "{env}");
        }
    }
}
