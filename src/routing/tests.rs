//! The table of decisions.

use super::*;
use crate::config::{Fallback, PermissionMode, RouterSettings, WeightsChoice};
use crate::ledger::TaskClass;

fn policy(fallback: Fallback) -> RouterSettings {
    RouterSettings {
        order: ["local", "claude", "codex"].map(str::to_owned).into(),
        local_confidence_threshold: 0.6,
        escalation_keywords: ["security", "multi-file"].map(str::to_owned).into(),
        fallback,
        max_local_retries: 1,
        weights: WeightsChoice::Default,
    }
}

fn candidate(id: &str) -> Candidate {
    Candidate { id: id.to_owned(), local: id.starts_with("local"), ..Candidate::default() }
}

fn down(id: &str, why: &str) -> Candidate {
    Candidate { unusable: Some(why.to_owned()), ..candidate(id) }
}

/// Not in the order of the policy, to see that it counts.
fn all_up() -> Vec<Candidate> {
    ["codex", "extra", "claude", "local"].map(candidate).into()
}

fn but(changed: &Candidate) -> Vec<Candidate> {
    all_up().into_iter().map(|one| if one.id == changed.id { changed.clone() } else { one }).collect()
}

/// `backend: reason`, or the error.
fn told(question: &Question) -> String {
    match decide(question) {
        Ok(decision) => format!("{}: {}", decision.backend, decision.reason),
        Err(error) => error.to_string(),
    }
}

fn rejected(question: &Question) -> Vec<String> {
    let rejected = match decide(question) {
        Ok(decision) => decision.rejected,
        Err(error) => error.rejected().to_vec(),
    };
    rejected.into_iter().map(|one| format!("{}: {}", one.backend, one.reason)).collect()
}

#[test]
fn everybody_else_is_rejected_with_a_reason() {
    let policy = policy(Fallback::Auto);
    let candidates = but(&down("codex", "its key was rejected"));
    let question = Question::new(&policy, &candidates);
    assert_eq!(told(&question), "local: local first");
    assert_eq!(
        rejected(&question),
        [
            "claude: not needed: local answers",
            "codex: its key was rejected",
            "extra: not needed: local answers"
        ]
    );
    let question = Question { explicit: Some("extra"), ..question };
    assert_eq!(told(&question), "extra: chosen explicitly");
    assert_eq!(
        rejected(&question),
        [
            "local: not needed: extra was chosen",
            "claude: not needed: extra was chosen",
            "codex: its key was rejected"
        ]
    );
}

#[test]
fn the_table_of_orders() {
    let up = all_up();
    let mut policy = policy(Fallback::Auto);
    let with_order = |policy: &mut RouterSettings, order: &[&str]| {
        policy.order = order.iter().map(|id| (*id).to_owned()).collect();
    };
    with_order(&mut policy, &["claude", "local"]);
    assert_eq!(told(&Question::new(&policy, &up)), "claude: first in order");
    with_order(&mut policy, &[]);
    assert_eq!(told(&Question::new(&policy, &up)), "codex: first in order");
    with_order(&mut policy, &["unknown", "extra"]);
    assert_eq!(told(&Question::new(&policy, &up)), "extra: first in order");
    // A local backend by another name comes where the order says `local`, and not where it does not.
    let another = ["claude", "local-two"].map(candidate);
    with_order(&mut policy, &["local", "claude"]);
    assert_eq!(told(&Question::new(&policy, &another)), "local-two: local first");
    with_order(&mut policy, &["claude"]);
    assert_eq!(told(&Question::new(&policy, &another)), "claude: first in order");
    assert_eq!(told(&Question::new(&policy, &[])), "no backend is configured");
}

#[test]
fn who_was_tried_or_may_not_be_asked_is_passed_over() {
    let policy = policy(Fallback::Auto);
    let up = all_up();
    let question = Question::new(&policy, &up);
    let names = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let (one, two) = (names(&["local"]), names(&["local", "claude"]));
    let cause = Cause::EditFailures { times: 3 };
    let left = Question { tried: &one, after: Some(&cause), ..question.clone() };
    assert_eq!(told(&left), "claude: edit_failures: 3 edits in a row did not fit");
    assert_eq!(rejected(&left)[0], "local: edit_failures: 3 edits in a row did not fit");
    assert_eq!(decide(&left).unwrap().cause(), Some(&cause));
    let overloaded = Cause::Unavailable { why: "overloaded".into() };
    let left = Question { tried: &two, after: Some(&overloaded), ..question.clone() };
    assert_eq!(told(&left), "codex: unavailable: overloaded");
    assert_eq!(
        rejected(&left)[..2],
        ["local: failed in this turn", "claude: unavailable: overloaded"].map(str::to_owned)
    );
    let untold = Question { tried: &one, ..question };
    assert_eq!(told(&untold), "claude: next in order (local: failed in this turn)");

    let no_local = but(&down("local", "connection refused"));
    assert_eq!(told(&Question::new(&policy, &no_local)), "claude: local_unavailable: connection refused");
    let remote = [down("claude", "left alone for 9 s more"), candidate("codex")];
    assert_eq!(
        told(&Question::new(&policy, &remote)),
        "codex: next in order (claude: left alone for 9 s more)"
    );
    let none = [down("local", "down"), down("claude", "no key")];
    assert_eq!(told(&Question::new(&policy, &none)), "no backend can answer: local (down), claude (no key)");
}

#[test]
fn an_explicit_choice_holds_whatever_speaks_against_it() {
    let policy = policy(Fallback::Never);
    let candidates = but(&Candidate {
        context_window: Some(10),
        prior: Some(Prior { value: 0.1, outcomes: 90 }),
        ..down("local", "breaker open")
    });
    let spent = [Purse { of: "day", spent_usd: 2.0, limit_usd: 1.0 }];
    for id in ["local", "claude"] {
        let question = Question {
            explicit: Some(id),
            role: Some("review"),
            role_backend: Some("codex"),
            prompt: "security",
            context_tokens: 1_000,
            budgets: &spent,
            ..Question::new(&policy, &candidates)
        };
        let decision = decide(&question).unwrap();
        assert_eq!((decision.backend.as_str(), decision.reason.as_str()), (id, CHOSEN));
        assert!(!decision.needs_leave());
    }
    let unknown = Question { explicit: Some("x"), ..Question::new(&policy, &candidates) };
    assert_eq!(told(&unknown), "backend \"x\" is not configured; known: codex, extra, claude, local");
}

#[test]
fn a_role_goes_to_its_backend_and_else_along_the_order() {
    let policy = policy(Fallback::Auto);
    let up = all_up();
    let review = |candidates| Question {
        role: Some("review"),
        role_backend: Some("codex"),
        prompt: "review the security of this",
        ..Question::new(&policy, candidates)
    };
    assert_eq!(told(&review(&up)), "codex: role review");
    let local = Question { role_backend: Some("local"), ..review(&up) };
    assert_eq!(told(&local), "local: role review", "no keyword moves a role away from its own backend");
    let nowhere = Question { role_backend: None, prompt: "review this", ..review(&up) };
    assert_eq!(told(&nowhere), "local: local first");

    let no_codex = but(&down("codex", "its quota is used up"));
    let fallen = Question { prompt: "review this", ..review(&no_codex) };
    assert_eq!(told(&fallen), "local: next in order (codex: its quota is used up)");
    assert_eq!(rejected(&fallen)[0], "codex: its quota is used up");
    let missing = Question { role_backend: Some("gone"), prompt: "review this", ..review(&up) };
    assert_eq!(told(&missing), "local: next in order (gone: role review names it, and it is not configured)");
    assert_eq!(rejected(&missing)[0], "gone: role review names it, and it is not configured");
}

#[test]
fn words_of_the_policy_move_a_task_past_local_backends() {
    let policy = policy(Fallback::Auto);
    let up = all_up();
    let about = |prompt| Question { prompt, ..Question::new(&policy, &up) };
    assert_eq!(told(&about("make it secure")), "local: local first");
    let question = about("Multi file work on Security");
    assert_eq!(told(&question), "claude: keywords: the task says \"security\", \"multi-file\"");
    assert_eq!(rejected(&question)[0], "local: keywords: the task says \"security\", \"multi-file\"");
    assert_eq!(decide(&question).unwrap().cause().unwrap().name(), "keywords");
    let alone = [candidate("local"), down("claude", "no key")];
    assert_eq!(
        told(&Question { prompt: "security", ..Question::new(&policy, &alone) }),
        "local: nobody else may answer (keywords: the task says \"security\")"
    );
    let remote = [candidate("claude")];
    let question = Question { prompt: "security", ..Question::new(&policy, &remote) };
    assert_eq!(told(&question), "claude: first in order");
}

#[test]
fn what_is_expected_of_a_local_backend_counts_once_it_is_known() {
    let policy = policy(Fallback::Auto);
    let expected =
        |value| but(&Candidate { prior: Some(Prior { value, outcomes: 60 }), ..candidate("local") });
    let (good, poor) = (expected(0.7), expected(0.4123));
    let question = Question::new(&policy, &good);
    assert_eq!(told(&question), "local: local first");
    let confidence = decide(&question).unwrap().confidence.unwrap();
    assert_eq!(
        (confidence.value, confidence.signals[0].source.as_str()),
        (0.7, "60 outcomes of changes of local")
    );
    let question = Question { task: TaskClass::Advisory, ..Question::new(&policy, &poor) };
    assert_eq!(
        told(&question),
        "claude: low_confidence: confidence 0.41 is under 0.60 (expected of advisory tasks after 60 outcomes)"
    );
}

#[test]
fn a_conversation_goes_where_it_fits() {
    let policy = policy(Fallback::Auto);
    let window = |id: &str, window| Candidate { context_window: Some(window), ..candidate(id) };
    let candidates = [window("local", 32_000), window("claude", 100_000), window("codex", 400_000)];
    for (tokens, said) in [
        (0, "local: local first"),
        (32_000, "local: local first"),
        (32_001, "claude: context_overflow: about 32001 tokens do not fit in 32000"),
        (200_000, "codex: context_overflow: about 200000 tokens do not fit in 32000"),
        (
            900_000,
            "local: nobody else may answer (context_overflow: about 900000 tokens do not fit in 32000)",
        ),
    ] {
        let question = Question { context_tokens: tokens, ..Question::new(&policy, &candidates) };
        assert_eq!(told(&question), said);
    }
    let question = Question { context_tokens: 200_000, ..Question::new(&policy, &candidates) };
    assert_eq!(
        rejected(&question),
        [
            "local: context_overflow: about 200000 tokens do not fit in 32000",
            "claude: context_overflow: about 200000 tokens do not fit in 100000"
        ]
    );
    let unknown = all_up();
    let question = Question { context_tokens: 1 << 40, ..Question::new(&policy, &unknown) };
    assert_eq!(told(&question), "local: local first");
}

#[test]
fn a_spent_budget_leaves_what_is_free() {
    let policy = policy(Fallback::Auto);
    let purse = |of, spent_usd, limit_usd| Purse { of, spent_usd, limit_usd };
    let spent = [purse("turn", 9.0, 0.0), purse("session", 0.1, 0.2), purse("day", 1.0, 1.0)];
    let up = all_up();
    let question = Question { budgets: &spent, prompt: "security", ..Question::new(&policy, &up) };
    assert_eq!(told(&question), "local: nobody else may answer (keywords: the task says \"security\")");
    assert_eq!(rejected(&question)[0], "claude: the day has cost $1.0000, its budget is $1.0000");
    let paid = [candidate("claude"), down("codex", "no key")];
    let question = Question { budgets: &spent, ..Question::new(&policy, &paid) };
    let error = decide(&question).unwrap_err();
    assert!(matches!(error, NoRoute::OverBudget { .. }));
    assert_eq!(
        error.to_string(),
        "no backend may answer: the day has cost $1.0000, its budget is $1.0000; passed over: codex (no key)"
    );
    let within = Question { budgets: &spent[..2], ..question };
    assert_eq!(told(&within), "claude: first in order");
}

#[test]
fn nobody_is_left_for_a_paid_backend_without_leave() {
    let failed = ["local".to_owned()];
    let paid_failed = ["claude".to_owned()];
    let up = all_up();
    let no_local = but(&down("local", "connection refused"));
    let remote_only = [candidate("claude"), candidate("codex")];
    let two_local = [candidate("local"), candidate("local-two"), candidate("claude")];
    let role_down = but(&down("codex", "no key"));
    let question = |candidates| Question { ..Question::new(policy_of(Fallback::Auto), candidates) };
    // What is asked, who would answer, whom for, and who answers when that is never to happen.
    let never_local = "router.fallback is \"never\"";
    for (what, question, backend, from, never) in [
        ("nothing speaks against it", question(&up), "local", None, "local: local first"),
        ("local is down", question(&no_local), "claude", Some("local"), never_local),
        ("local failed", Question { tried: &failed, ..question(&up) }, "claude", Some("local"), never_local),
        (
            "words of the policy",
            Question { prompt: "security", ..question(&up) },
            "claude",
            Some("local"),
            "local: nobody else may answer (keywords: the task says \"security\")",
        ),
        ("no local one is there", question(&remote_only), "claude", None, "claude: first in order"),
        (
            "a paid one failed",
            Question { tried: &paid_failed, ..question(&remote_only) },
            "codex",
            Some("claude"),
            never_local,
        ),
        (
            "another local one is there",
            Question { tried: &failed, ..question(&two_local) },
            "local-two",
            None,
            "local-two: next in order (local: failed in this turn)",
        ),
        (
            "a role's own backend is paid",
            Question { role: Some("r"), role_backend: Some("claude"), ..question(&up) },
            "claude",
            None,
            "claude: role r",
        ),
        (
            "a role's backend is down",
            Question {
                role: Some("r"),
                role_backend: Some("codex"),
                prompt: "security",
                ..question(&role_down)
            },
            "claude",
            Some("codex"),
            "local: nobody else may answer (keywords: the task says \"security\")",
        ),
    ] {
        let with = |fallback| Question { policy: policy_of(fallback), ..question.clone() };
        let auto = decide(&with(Fallback::Auto)).unwrap();
        assert_eq!((auto.backend.as_str(), auto.needs_leave()), (backend, false), "{what}");
        let ask = decide(&with(Fallback::Ask)).unwrap();
        let leave = ask.stands_in.as_ref().filter(|one| one.needs_leave).map(|one| one.from.as_str());
        assert_eq!((ask.backend.as_str(), leave), (backend, from), "{what}");
        assert!(told(&with(Fallback::Never)).contains(never), "{what}: {}", told(&with(Fallback::Never)));
    }
    let forbidden = Question { policy: policy_of(Fallback::Never), ..question(&no_local) };
    let error = decide(&forbidden).unwrap_err();
    assert_eq!(
        error.to_string(),
        "local cannot answer (connection refused), and router.fallback is \"never\": claude is not asked in its place"
    );
    assert!(error.hint().contains("--backend claude"));
    assert_eq!(rejected(&forbidden)[1], "claude: may not stand in for another");
}

fn policy_of(fallback: Fallback) -> &'static RouterSettings {
    static POLICIES: std::sync::LazyLock<[RouterSettings; 3]> =
        std::sync::LazyLock::new(|| [Fallback::Auto, Fallback::Ask, Fallback::Never].map(policy));
    POLICIES.iter().find(|policy| policy.fallback == fallback).unwrap()
}

#[test]
fn the_class_of_a_task_is_what_its_turn_may_do() {
    assert_eq!(task_class(PermissionMode::ReadOnly), TaskClass::Advisory);
    for mode in [PermissionMode::Ask, PermissionMode::Auto, PermissionMode::Full] {
        assert_eq!(task_class(mode), TaskClass::Change);
    }
}
