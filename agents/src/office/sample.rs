//! The prepared case that test tasks are about: a pump with a worn bearing, on no plant.

use crate::cast::briefing::Briefing;
use millwright_domain::{
    Now,
    case::{DiagnosisRecorded, Severity},
    crew::posts::TEST_ASSET,
    ids::CaseId,
    plant::{Asset, Plant, Source},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) fn briefing(now: Now) -> Briefing {
    let asset = Asset {
        id: TEST_ASSET.parse().expect("a literal that is a name"),
        name: TEST_ASSET.into(),
        area: "test".into(),
        line: "test-line".into(),
        cell: None,
        class: "centrifugal_pump".into(),
        vendor: String::new(),
        signals: vec![],
    };
    let site = "prepared".parse().expect("a literal that is a name");
    let plant = Plant { site, name: "Prepared for tests".into(), source: Source::Imported, assets: vec![asset.clone()] };
    let diagnosis = DiagnosisRecorded {
        asset: asset.id.clone(),
        cause: "bearing_wear".parse().expect("a literal that is a name"),
        confidence: 0.8,
        by: "test".into(),
        explanation: "The vibration grows while speed and load stay the same.".into(),
        evidence_for: vec![],
        evidence_against: vec![],
        suggests: vec![],
        branched_from: None,
    };
    Briefing {
        case: CaseId(Uuid::nil()),
        asset,
        plant,
        opened_at: now.plant,
        alerts: 1,
        severity: Some(Severity::Low),
        diagnosis: Some(diagnosis),
        evidence: vec![],
        says: None,
        detectors: vec!["drift".into()],
        others: vec![],
        quiet: vec![],
        failing: vec![],
        chosen: BTreeMap::default(),
        on_crew: BTreeSet::default(),
        now,
    }
}
