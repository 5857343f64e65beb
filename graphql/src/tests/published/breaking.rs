//! Two schemas by their meaning: what a client of the one cannot ask of the other, or no longer rely on. As docs/graphql.md promises it.

use super::types::{Field, Input, Kind, Types, types};
use async_graphql::parser::types::{BaseType, Type};

/// Of the schema that is served, behind the one that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    SameFirstNumber,
    NewFirstNumber,
}

impl Release {
    pub fn between(published: &str, served: &str) -> Self {
        let first = |version: &str| version.split('.').next().and_then(|number| number.parse::<u32>().ok());
        if first(served) > first(published) { Self::NewFirstNumber } else { Self::SameFirstNumber }
    }
    fn lets_go(self, was_deprecated: bool) -> bool {
        was_deprecated && self == Self::NewFirstNumber
    }
}

/// A sentence for each change that breaks a client, with what to do instead.
pub fn breaking(published: &str, served: &str, release: Release) -> Vec<String> {
    let (before, after) = (types(published), types(served));
    let mut said = Vec::new();
    for (name, was) in &before {
        match after.get(name) {
            None if release.lets_go(!is_in_use(name, &before)) => {}
            None => said.push(gone(&format!("type {name}"))),
            Some(is) => compare(name, was, is, release, &mut said),
        }
    }
    said.extend(after.iter().flat_map(|(name, kind)| mute(name, kind)));
    said
}

fn gone(what: &str) -> String {
    format!(
        "{what} is gone: put it back and mark it @deprecated with what takes its place; it may go with the next release whose first number is new"
    )
}

/// Whether a published field that is there to stay answers with the type or takes it.
fn is_in_use(name: &str, before: &Types) -> bool {
    let uses = |ty: &Type| named(ty) == name;
    let input_uses = |input: &Input| !input.deprecated && uses(&input.ty);
    before.values().any(|kind| match kind {
        Kind::Object(fields) => fields.values().any(|field| !field.deprecated && (uses(&field.ty) || field.arguments.values().any(input_uses))),
        Kind::Input(fields) => fields.values().any(input_uses),
        Kind::Union(members) => members.contains(name),
        Kind::Enum(_) | Kind::Scalar => false,
    })
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(of) => named(of),
    }
}

fn compare(name: &str, was: &Kind, is: &Kind, release: Release, said: &mut Vec<String>) {
    match (was, is) {
        (Kind::Scalar, Kind::Scalar) => {}
        (Kind::Object(was), Kind::Object(is)) => {
            for (field, was) in was {
                let place = format!("{name}.{field}");
                match is.get(field) {
                    None if release.lets_go(was.deprecated) => {}
                    None => said.push(gone(&place)),
                    Some(is) => compare_fields(&place, was, is, release, said),
                }
            }
        }
        (Kind::Input(was), Kind::Input(is)) => compare_inputs(&|field| format!("{name}.{field}"), was, is, release, said),
        (Kind::Enum(was), Kind::Enum(is)) => {
            let missing = was.iter().filter(|(word, mark)| !is.contains_key(*word) && !release.lets_go(mark.deprecated));
            said.extend(missing.map(|(word, _)| gone(&format!("{name}.{word}"))));
        }
        (Kind::Union(was), Kind::Union(is)) => said.extend(was.difference(is).map(|member| {
            format!("{name} no longer holds {member}: put it back; what answers with {name} is marked @deprecated first, and another field takes its place")
        })),
        _ => said.push(format!("{name} was {} and is {}: give the new one another name, and mark what uses {name} @deprecated", was.word(), is.word())),
    }
}

fn compare_fields(place: &str, was: &Field, is: &Field, release: Release, said: &mut Vec<String>) {
    // What is answered may say more than it did: a value that is always there is one that may be missing.
    if !fits(&is.ty, &was.ty) {
        said.push(changed(place, &was.ty, &is.ty));
    }
    compare_inputs(&|argument| format!("{place}({argument}:)"), &was.arguments, &is.arguments, release, said);
}

type Inputs = std::collections::BTreeMap<String, Input>;

fn compare_inputs(place: &dyn Fn(&str) -> String, was: &Inputs, is: &Inputs, release: Release, said: &mut Vec<String>) {
    for (name, was) in was {
        match is.get(name) {
            None if release.lets_go(was.deprecated) => {}
            None => said.push(gone(&place(name))),
            // What is taken may ask for less than it did.
            Some(is) if !fits(&was.ty, &is.ty) => said.push(changed(&place(name), &was.ty, &is.ty)),
            Some(_) => {}
        }
    }
    let new = is.iter().filter(|(name, input)| !was.contains_key(*name) && !input.ty.nullable && !input.has_default);
    said.extend(new.map(|(name, _)| format!("{} has to be given now, and no client gives it: let it be null, or give it a default", place(name))));
}

/// Whether each value of the one type is one of the other.
fn fits(value: &Type, place: &Type) -> bool {
    let is_of_base = match (&value.base, &place.base) {
        (BaseType::Named(value), BaseType::Named(place)) => value == place,
        (BaseType::List(value), BaseType::List(place)) => fits(value, place),
        _ => false,
    };
    is_of_base && (place.nullable || !value.nullable)
}

fn changed(place: &str, was: &Type, is: &Type) -> String {
    format!("{place} was {was} and is {is}: leave it as it was, mark it @deprecated, and put the new one beside it under another name")
}

/// Deprecations that do not say what to ask instead.
fn mute(name: &str, kind: &Kind) -> Vec<String> {
    let mark =
        |is_mute: bool, place: String| is_mute.then(|| format!("{place} is deprecated and does not say what takes its place: give a `reason`"));
    match kind {
        Kind::Object(fields) => fields.iter().filter_map(|(field, of)| mark(of.is_mute, format!("{name}.{field}"))).collect(),
        Kind::Input(fields) => fields.iter().filter_map(|(field, of)| mark(of.is_mute, format!("{name}.{field}"))).collect(),
        Kind::Enum(words) => words.iter().filter_map(|(word, of)| mark(of.is_mute, format!("{name}.{word}"))).collect(),
        Kind::Union(_) | Kind::Scalar => vec![],
    }
}
