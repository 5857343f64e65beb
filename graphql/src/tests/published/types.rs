//! A schema as far as clients meet it: types with their fields, arguments and words, and which of them are to go.

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};
use std::collections::{BTreeMap, BTreeSet};

pub type Types = BTreeMap<String, Kind>;

pub enum Kind {
    Scalar,
    /// Objects and interfaces: either is asked for fields.
    Object(BTreeMap<String, Field>),
    Input(BTreeMap<String, Input>),
    Enum(BTreeMap<String, Mark>),
    Union(BTreeSet<String>),
}

impl Kind {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Scalar => "a scalar",
            Self::Object(_) => "an object",
            Self::Input(_) => "an input",
            Self::Enum(_) => "an enum",
            Self::Union(_) => "a union",
        }
    }
}

pub struct Field {
    pub ty: Type,
    pub arguments: BTreeMap<String, Input>,
    pub deprecated: bool,
    pub is_mute: bool,
}

pub struct Input {
    pub ty: Type,
    pub has_default: bool,
    pub deprecated: bool,
    pub is_mute: bool,
}

pub struct Mark {
    pub deprecated: bool,
    /// Deprecated without a word on what takes its place.
    pub is_mute: bool,
}

pub fn types(schema: &str) -> Types {
    let document = parse_schema(schema).unwrap();
    let defined = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(one) => Some(one.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    defined.map(|one| (one.name.node.to_string(), kind(one.kind))).collect()
}

fn kind(kind: TypeKind) -> Kind {
    match kind {
        TypeKind::Scalar => Kind::Scalar,
        TypeKind::Object(of) => Kind::Object(of.fields.into_iter().map(field).collect()),
        TypeKind::Interface(of) => Kind::Object(of.fields.into_iter().map(field).collect()),
        TypeKind::Union(of) => Kind::Union(of.members.into_iter().map(|member| member.node.to_string()).collect()),
        TypeKind::Enum(of) => Kind::Enum(of.values.into_iter().map(|word| (word.node.value.node.to_string(), mark(&word.node.directives))).collect()),
        TypeKind::InputObject(of) => Kind::Input(of.fields.into_iter().map(input).collect()),
    }
}

fn field(Positioned { node, .. }: Positioned<FieldDefinition>) -> (String, Field) {
    let Mark { deprecated, is_mute } = mark(&node.directives);
    let arguments = node.arguments.into_iter().map(input).collect();
    (node.name.node.to_string(), Field { ty: node.ty.node, arguments, deprecated, is_mute })
}

fn input(Positioned { node, .. }: Positioned<InputValueDefinition>) -> (String, Input) {
    let Mark { deprecated, is_mute } = mark(&node.directives);
    (node.name.node.to_string(), Input { ty: node.ty.node, has_default: node.default_value.is_some(), deprecated, is_mute })
}

fn mark(directives: &[Positioned<ConstDirective>]) -> Mark {
    let found = directives.iter().find(|directive| directive.node.name.node == "deprecated");
    let has_reason = found.is_some_and(|directive| directive.node.get_argument("reason").is_some());
    Mark { deprecated: found.is_some(), is_mute: found.is_some() && !has_reason }
}
