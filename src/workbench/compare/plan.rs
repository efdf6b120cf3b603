//! Who takes part in a comparison, as the user names them.

use std::str::FromStr;

use crate::agent::Order;

/// Fewer are nothing to compare.
pub const FEWEST: usize = 2;
/// More are nothing to choose among, and each takes a worktree and an agent.
pub const MOST: usize = 8;

/// Somebody who takes part. Without a backend the router chooses, by the role where there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Candidate {
    pub backend: Option<String>,
    pub model: Option<String>,
    pub role: Option<String>,
}

/// What the user said of who is to take part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Each with how often.
    pub with: Vec<(Candidate, usize)>,
    /// Each of `with` once in each of these; those that have a role of their own keep it.
    pub roles: Vec<String>,
    /// How many in all: they are taken in turn until there are so many.
    pub number: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("a comparison takes {FEWEST} at least, and this names {0}")]
    TooFew(usize),
    #[error("a comparison takes {MOST} at most, and this names {0}")]
    TooMany(usize),
    #[error("{named} are named, and only {number} are to take part")]
    Crowded { named: usize, number: usize },
    #[error("\"{0}\" names nobody")]
    Nobody(String),
}

impl PlanError {
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooFew(_) => {
                "say how many (the same one answers differently each time), or name several with --with a,b"
            }
            Self::TooMany(_) => "name fewer, or compare in two rounds",
            Self::Crowded { .. } => "the number is that of all who take part: leave it out, or raise it",
            Self::Nobody(_) => {
                "one is named BACKEND, BACKEND/MODEL, BACKEND@ROLE, @ROLE or auto; ×2 behind it takes it twice"
            }
        }
    }
}

/// The letter by which the candidate at a place is known, from `a`.
pub fn letter(at: usize) -> char {
    char::from(b'a' + u8::try_from(at.min(25)).unwrap_or_default())
}

impl Candidate {
    /// `claude/opus @review`; `auto` where the router chooses.
    pub fn name(&self) -> String {
        let mut name = match (&self.backend, &self.model) {
            (Some(backend), Some(model)) => format!("{backend}/{model}"),
            (Some(backend), None) => backend.clone(),
            (None, _) if self.role.is_some() => String::new(),
            (None, _) => "auto".to_owned(),
        };
        if let Some(role) = &self.role {
            let space = if name.is_empty() { "" } else { " " };
            name.push_str(&format!("{space}@{role}"));
        }
        name
    }

    /// The same prompt and limits, for this one.
    pub fn order(&self, order: Order) -> Order {
        Order {
            backend: self.backend.clone(),
            model: self.model.clone(),
            role: self.role.clone().or(order.role.clone()),
            ..order
        }
    }
}

impl FromStr for Candidate {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let (who, role) = match text.trim().rsplit_once('@') {
            Some((who, role)) => (who.trim(), Some(role.trim())),
            None => (text.trim(), None),
        };
        let (backend, model) =
            who.split_once('/').map_or((who, None), |(backend, model)| (backend, Some(model)));
        let some = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        let candidate = Self {
            backend: some(backend).filter(|backend| backend != "auto"),
            model: model.and_then(some),
            role: role.and_then(some),
        };
        let is_empty = who.is_empty() && candidate.role.is_none();
        let is_cut =
            model == Some("") || role == Some("") || (model.is_some() && candidate.backend.is_none());
        if is_empty || is_cut { Err(PlanError::Nobody(text.to_owned())) } else { Ok(candidate) }
    }
}

impl Wish {
    /// Adds those that a list names: `claude/opus@review,local×2`.
    pub fn add(&mut self, list: &str) -> Result<(), PlanError> {
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let counted =
                word.rsplit_once(['×', '*']).and_then(|(who, count)| Some((who, count.parse().ok()?)));
            let (who, count) = counted.unwrap_or((word, 1));
            if count == 0 {
                return Err(PlanError::Nobody(word.to_owned()));
            }
            self.with.push((who.parse()?, count));
        }
        Ok(())
    }

    /// All who take part, in the order of their letters.
    pub fn candidates(&self) -> Result<Vec<Candidate>, PlanError> {
        let all = if self.with.is_empty() { vec![(Candidate::default(), 1)] } else { self.with.clone() };
        let mut named = Vec::new();
        for (candidate, count) in all {
            let roles: Vec<Option<String>> = if self.roles.is_empty() || candidate.role.is_some() {
                vec![candidate.role.clone()]
            } else {
                self.roles.iter().cloned().map(Some).collect()
            };
            for role in roles {
                let one = Candidate { role, ..candidate.clone() };
                named.extend(std::iter::repeat_n(one, count.min(MOST + 1)));
            }
        }
        let number = self.number.unwrap_or(named.len());
        match number {
            _ if number > MOST => Err(PlanError::TooMany(number)),
            _ if number < FEWEST => Err(PlanError::TooFew(number)),
            _ if named.len() > number => Err(PlanError::Crowded { named: named.len(), number }),
            _ => Ok(named.iter().cycle().take(number).cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str, roles: &[&str], number: Option<usize>) -> Result<String, PlanError> {
        let mut wish =
            Wish { number, roles: roles.iter().map(|role| (*role).to_owned()).collect(), ..Wish::default() };
        wish.add(list)?;
        Ok(wish.candidates()?.iter().map(Candidate::name).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn who_takes_part_follows_from_names_roles_and_number() {
        for (with, roles, number, told) in [
            ("a,b", &[][..], None, "a, b"),
            ("a,b", &[], Some(3), "a, b, a"),
            ("a/x/y@review, @debug", &[], None, "a/x/y @review, @debug"),
            ("a×2,b", &[], None, "a, a, b"),
            ("a*2", &[], Some(4), "a, a, a, a"),
            ("", &[], Some(3), "auto, auto, auto"),
            ("auto,b", &[], None, "auto, b"),
            ("", &["plan", "coding"], None, "@plan, @coding"),
            ("a,b@x", &["plan", "coding"], None, "a @plan, a @coding, b @x"),
        ] {
            assert_eq!(names(with, roles, number).as_deref(), Ok(told), "{with}");
        }
    }

    #[test]
    fn too_few_too_many_and_nobody_are_refused() {
        assert_eq!(names("a", &[], None), Err(PlanError::TooFew(1)));
        assert_eq!(names("a,b", &[], Some(1)), Err(PlanError::TooFew(1)));
        assert_eq!(names("", &[], Some(9)), Err(PlanError::TooMany(9)));
        assert_eq!(names("a×40", &[], None), Err(PlanError::TooMany(9)));
        assert_eq!(names("a,b,c", &[], Some(2)), Err(PlanError::Crowded { named: 3, number: 2 }));
        for wrong in ["a/", "a@", "/m", "@", "auto/m", "a×0"] {
            assert_eq!(names(wrong, &[], Some(2)), Err(PlanError::Nobody(wrong.to_owned())), "{wrong}");
        }
        assert_eq!([letter(0), letter(7)], ['a', 'h']);
    }

    #[test]
    fn a_candidate_takes_its_own_choice_and_the_limits_of_all() {
        let all = Order {
            prompt: "p".into(),
            role: Some("coding".into()),
            budget_usd: Some(1.0),
            ..Order::default()
        };
        let one: Candidate = "a/m".parse().unwrap();
        let order = one.order(all.clone());
        assert_eq!(
            (order.backend.as_deref(), order.model.as_deref(), order.role.as_deref()),
            (Some("a"), Some("m"), Some("coding"))
        );
        assert_eq!((order.prompt.as_str(), order.budget_usd), ("p", Some(1.0)));
        let auto = Candidate::default().order(Order { backend: Some("b".into()), ..all });
        assert_eq!(auto.backend, None);
    }
}
