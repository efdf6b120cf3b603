//! From the scopes of grammars to roles.

use std::sync::LazyLock;

use syntect::parsing::{Scope, ScopeStack};

use crate::tui::look::Role;

/// The role of a text: the innermost scope that has a row in the table decides, but where grammars call
/// different things the same.
pub fn role(scopes: &ScopeStack, text: &str) -> Role {
    let scopes = scopes.as_slice();
    let role = scopes.iter().rev().find_map(|scope| ROLES.of(*scope)).unwrap_or(Role::Text);
    let within = |outer: Scope| scopes.iter().any(|scope| outer.is_prefix_of(*scope));
    match role {
        Role::String if within(ROLES.key) => Role::Tag,
        Role::Punctuation if within(ROLES.annotation) => Role::Attribute,
        Role::Operator if text.starts_with(char::is_alphabetic) => Role::Keyword,
        Role::Type if DECLARING.contains(&text) => Role::Keyword,
        role => role,
    }
}

/// Words that some grammars take for built-in types.
const DECLARING: [&str; 8] = ["let", "const", "static", "struct", "enum", "union", "typedef", "auto"];

static ROLES: LazyLock<Roles> = LazyLock::new(|| {
    let scope = |name| Scope::new(name).expect("the scopes of the table are well formed");
    let mut rows: Vec<_> = TABLE.iter().map(|(name, role)| (scope(name), *role)).collect();
    rows.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
    Roles { rows, key: scope("meta.mapping.key"), annotation: scope("meta.annotation") }
});

struct Roles {
    /// The longest scopes first: the most specific one wins.
    rows: Vec<(Scope, Role)>,
    key: Scope,
    annotation: Scope,
}

impl Roles {
    fn of(&self, scope: Scope) -> Option<Role> {
        self.rows.iter().find(|(row, _)| row.is_prefix_of(scope)).map(|(_, role)| *role)
    }
}

#[rustfmt::skip]
const TABLE: &[(&str, Role)] = &[
    // Code within a string, and a language within another, begin anew.
    ("source", Role::Text),
    ("text", Role::Text),
    ("meta.interpolation", Role::Text),
    ("meta.template.expression", Role::Text),

    ("comment", Role::Remark),
    ("punctuation.definition.comment", Role::Remark),

    ("string", Role::String),
    ("punctuation.definition.string", Role::String),
    ("constant", Role::Constant),
    ("constant.numeric", Role::Number),
    ("constant.other.datetime", Role::Number),
    ("punctuation.definition.constant", Role::Constant),
    ("punctuation.separator.decimal", Role::Number),
    ("keyword.other.unit", Role::Number),
    ("storage.type.numeric", Role::Number),

    ("keyword", Role::Keyword),
    ("keyword.operator", Role::Operator),
    ("keyword.operator.type.annotation", Role::Punctuation),
    ("keyword.operator.logical.continue", Role::Punctuation),
    ("punctuation.definition.keyword", Role::Keyword),
    ("storage", Role::Keyword),
    ("storage.type.function.arrow", Role::Operator),
    ("storage.modifier.lifetime", Role::Attribute),

    // These grammars give built-in types the scope that others give `class` and `let`.
    ("storage.type.c", Role::Type),
    ("storage.type.go", Role::Type),
    ("storage.type.php", Role::Type),
    ("storage.type.primitive", Role::Type),
    ("storage.type.rust", Role::Type),
    ("storage.type.void", Role::Type),
    ("support.type", Role::Type),
    ("support.class", Role::Type),
    ("entity.name", Role::Type),
    ("entity.other.inherited-class", Role::Type),
    ("entity.name.constant", Role::Constant),
    ("support.constant", Role::Constant),

    ("entity.name.function", Role::Function),
    ("entity.name.macro", Role::Function),
    ("support.function", Role::Function),
    ("support.macro", Role::Function),
    ("variable.function", Role::Function),

    // Plain variables stay plain: half of the grammars don't mark them at all.
    ("variable", Role::Text),
    ("variable.language", Role::Keyword),
    ("variable.parameter", Role::Variable),
    ("variable.parameter.option", Role::Attribute),
    ("variable.annotation", Role::Attribute),
    ("variable.other.php", Role::Variable),
    ("variable.other.readwrite.assignment.shell", Role::Variable),
    ("variable.other.readwrite.instance", Role::Variable),
    ("variable.other.readwrite.shell", Role::Variable),
    ("punctuation.definition.variable", Role::Variable),
    ("punctuation.definition.parameter.shell", Role::Attribute),

    ("entity.name.tag", Role::Tag),
    ("entity.name.label", Role::Tag),
    ("entity.other", Role::Attribute),
    ("support.type.property-name", Role::Attribute),
    ("meta.annotation", Role::Attribute),
    ("punctuation.definition.annotation", Role::Attribute),
    ("punctuation.definition.entity", Role::Attribute),
    ("punctuation", Role::Punctuation),

    ("markup.inserted", Role::Added),
    ("punctuation.definition.inserted", Role::Added),
    ("markup.deleted", Role::Removed),
    ("punctuation.definition.deleted", Role::Removed),
    ("meta.diff.header", Role::FileHeader),
    ("punctuation.definition.from-file", Role::FileHeader),
    ("punctuation.definition.to-file", Role::FileHeader),
    ("meta.diff.range", Role::Hunk),
    ("punctuation.definition.range", Role::Hunk),
    ("entity.name.section.diff", Role::Hunk),
    ("markup.heading", Role::Heading),
    ("punctuation.definition.heading", Role::Heading),
    ("entity.name.section", Role::Heading),
    ("markup.bold", Role::Strong),
    ("markup.italic", Role::Emphasis),
    ("markup.raw", Role::String),
    ("markup.quote", Role::Remark),
    ("markup.underline.link", Role::Link),
    ("punctuation.definition.list_item", Role::ListMark),
];
