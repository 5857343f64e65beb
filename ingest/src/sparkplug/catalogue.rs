//! What a birth says that there is: the metrics of an edge node or of a device behind it, their aliases and their types. Pure.

use super::{
    kind::Kind,
    payload::{Metric, Payload, name_of},
};
use crate::protocol::{Answer, PointNo, Refusal, Told, Value};
use millwright_domain::{Timestamp, reading::Quality};
use std::collections::HashMap;

/// A point as far as its device is concerned: its metric's name, and the type that is configured, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub point: PointNo,
    pub metric: String,
    pub kind: Option<Kind>,
}

/// Of one birth.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    born: Vec<Born>,
    by_alias: HashMap<u64, usize>,
    by_name: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
struct Born {
    /// As the specification numbers them; not all hold one value.
    kind: u32,
    points: Vec<(PointNo, Option<Kind>)>,
}

impl Catalogue {
    pub fn of(birth: &Payload, wanted: &[Wanted]) -> Self {
        let mut catalogue = Self::default();
        for metric in &birth.metrics {
            let (Some(name), Some(kind)) = (&metric.name, metric.kind) else { continue };
            let points = wanted.iter().filter(|wanted| wanted.metric == *name).map(|wanted| (wanted.point, wanted.kind)).collect();
            let place = catalogue.born.len();
            catalogue.born.push(Born { kind, points });
            catalogue.by_name.insert(name.clone(), place);
            if let Some(alias) = metric.alias {
                catalogue.by_alias.insert(alias, place);
            }
        }
        catalogue
    }

    /// What the message tells, and whether it speaks of something that was never born.
    pub fn tell(&self, payload: &Payload, doubted: bool) -> (Vec<Told>, bool) {
        let (mut told, mut unknown) = (vec![], false);
        for metric in &payload.metrics {
            let Some(born) = self.find(metric) else {
                unknown = true;
                continue;
            };
            for (point, wanted) in &born.points {
                told.push(Told { point: *point, answer: born.answer(*wanted, metric, payload.time, doubted) });
            }
        }
        (told, unknown)
    }

    fn find(&self, metric: &Metric) -> Option<&Born> {
        let by_alias = metric.alias.and_then(|alias| self.by_alias.get(&alias));
        let by_name = metric.name.as_ref().and_then(|name| self.by_name.get(name));
        let place = match (metric.alias, &metric.name) {
            // An alias that means another metric than its name is of another birth.
            (Some(_), Some(_)) => by_name.filter(|place| by_alias.is_none_or(|alias| alias == *place)),
            (Some(_), None) => by_alias,
            (None, _) => by_name,
        };
        self.born.get(*place?)
    }

    /// The type of a metric that can be commanded.
    pub fn kind_of(&self, metric: &str) -> Option<Kind> {
        self.born.get(*self.by_name.get(metric)?).and_then(|born| Kind::of_number(born.kind))
    }

    /// Points whose metric was not born, with a few that were.
    pub fn missing(&self, wanted: &[Wanted]) -> Vec<Told> {
        let mut there: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        there.sort_unstable();
        let some: String = there.iter().take(5).map(|name| name.chars().take(40).collect::<String>()).collect::<Vec<_>>().join(", ");
        let absent = wanted.iter().filter(|wanted| !self.by_name.contains_key(&wanted.metric));
        let why = |metric: &str| format!("the birth has no metric {metric:?}; check the name, it has {} as {some}", there.len());
        absent.map(|wanted| Told { point: wanted.point, answer: Err(Refusal::Address(why(&wanted.metric))) }).collect()
    }
}

impl Born {
    fn answer(&self, wanted: Option<Kind>, metric: &Metric, sent: Option<Timestamp>, doubted: bool) -> Answer {
        let structure = || Refusal::Address(format!("is a {}, which is no single value", name_of(self.kind)));
        let kind = Kind::of_number(self.kind).ok_or_else(structure)?;
        if let Some(wanted) = wanted
            && wanted != kind
        {
            return Err(Refusal::Address(format!("was born as {kind}, but the type of the point is {wanted}")));
        }
        if let Some(said) = metric.kind
            && said != self.kind
        {
            return Err(Refusal::NotANumber(format!("was born as {kind}, but came as {}", name_of(said))));
        }
        let raw = kind.raw(&metric.content)?;
        let source_time = metric.time.or(sent);
        let is_doubtful = doubted || (metric.historical && source_time.is_none());
        let quality = match metric.quality {
            Some(0) => return Err(Refusal::Fault("the source itself calls it bad".into())),
            Some(192) | None if !is_doubtful => Quality::Good,
            _ => Quality::UncertainStale,
        };
        Ok(Value { raw, quality, source_time, historical: metric.historical })
    }
}

/// Nothing of these counts any more.
pub fn gone(wanted: &[Wanted], why: &str) -> Vec<Told> {
    wanted.iter().map(|wanted| Told { point: wanted.point, answer: Err(Refusal::Unreachable(why.into())) }).collect()
}

/// These were spoken of in bytes that nobody understands.
pub fn garbled(wanted: &[Wanted]) -> Vec<Told> {
    let why = "the payload is no Sparkplug B payload";
    wanted.iter().map(|wanted| Told { point: wanted.point, answer: Err(Refusal::NotANumber(why.into())) }).collect()
}

/// A name and a value, for tests.
#[cfg(test)]
pub(super) fn named(name: &str, alias: Option<u64>, kind: Kind, content: super::kind::Content) -> Metric {
    Metric { name: Some(name.into()), alias, time: None, kind: Some(kind.number()), historical: false, content, quality: None }
}

#[cfg(test)]
mod tests {
    use super::{super::kind::Content, *};
    use crate::protocol::Raw;

    fn payload(metrics: Vec<Metric>) -> Payload {
        Payload { time: Some(Timestamp::from_secs(1_700_000_000)), sequence: Some(0), metrics }
    }
    fn by_alias(alias: u64, content: Content) -> Metric {
        Metric { name: None, kind: None, ..named("", Some(alias), Kind::Int32, content) }
    }
    fn born() -> Catalogue {
        let wanted = [wanted("Torque", None), Wanted { point: 1, ..wanted("Mode", Some(Kind::Int32)) }];
        let metrics = vec![
            named("Torque", Some(7), Kind::Int32, Content::Int(0)),
            named("Mode", Some(8), Kind::String, Content::Text("RUN".into())),
            Metric { kind: Some(16), ..named("Table", Some(9), Kind::Int32, Content::Structure) },
        ];
        Catalogue::of(&payload(metrics), &wanted)
    }
    fn wanted(metric: &str, kind: Option<Kind>) -> Wanted {
        Wanted { point: 0, metric: metric.into(), kind }
    }
    fn answer(metric: Metric) -> Answer {
        let (mut told, unknown) = born().tell(&payload(vec![metric]), false);
        assert!(!unknown && told.len() == 1, "{told:?}");
        told.remove(0).answer
    }

    #[test]
    fn an_alias_has_the_type_of_its_birth() {
        let value = answer(by_alias(7, Content::Int(4_294_967_284))).unwrap();
        assert_eq!((value.raw, value.quality), (Raw::Number(-12.0), Quality::Good));
        assert_eq!(value.source_time, Some(Timestamp::from_secs(1_700_000_000)), "of the message, where the metric has none");
    }

    #[test]
    fn what_was_never_born_is_unknown_and_no_value() {
        for metric in
            [by_alias(99, Content::Int(1)), named("Torque", Some(8), Kind::Int32, Content::Int(1)), named("Else", None, Kind::Int32, Content::Int(1))]
        {
            assert_eq!(born().tell(&payload(vec![metric]), false), (vec![], true));
        }
    }

    #[test]
    fn a_type_that_differs_from_the_configuration_or_from_the_birth_is_bad() {
        assert!(matches!(answer(by_alias(8, Content::Text("RUN".into()))), Err(Refusal::Address(why)) if why.contains("born as String")));
        assert!(matches!(answer(named("Torque", None, Kind::Float, Content::Float(1.0))), Err(Refusal::NotANumber(_))));
        assert!(matches!(answer(by_alias(7, Content::Float(1.0))), Err(Refusal::NotANumber(_))));
    }

    #[test]
    fn what_the_source_says_of_a_value_is_kept() {
        let said = |quality, historical| answer(Metric { quality, historical, ..by_alias(7, Content::Int(1)) });
        assert_eq!(said(Some(192), false).unwrap().quality, Quality::Good);
        assert_eq!(said(Some(500), false).unwrap().quality, Quality::UncertainStale);
        assert!(matches!(said(Some(0), false), Err(Refusal::Fault(_))));
        assert!(said(None, true).unwrap().historical);
        assert!(matches!(answer(by_alias(7, Content::Null)), Err(Refusal::NotANumber(_))));
        let (doubted, _) = born().tell(&payload(vec![by_alias(7, Content::Int(1))]), true);
        assert_eq!(doubted[0].answer.as_ref().unwrap().quality, Quality::UncertainStale);
    }

    #[test]
    fn a_metric_that_was_not_born_is_named_with_those_that_were() {
        let missing = born().missing(&[wanted("Torqe", None)]);
        let why = missing[0].answer.clone().unwrap_err().to_string();
        assert!(why.contains("\"Torqe\"") && why.contains("Mode, Table, Torque"), "{why}");
    }
}
