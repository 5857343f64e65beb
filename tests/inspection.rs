//! Inspections of the whole program: one for each stretch of the clock whatever is restarted, a day reported once, and a real browser that sees what was planted.

use crate::{
    access::house_with,
    house::{House, demo_plant},
    program::Program,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_agents::inspector::{Inspector, Look};
use millwright_domain::{
    Event, Now, Timestamp,
    ids::SiteId,
    inspection::InspectionMade,
    ports::page_view::{NotSeen, PageSeen, PageView},
};
use millwright_infra::{browser::Chromium, clock::ManualClock, pictures::PictureFolder};
use millwright_projections::Projections;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

struct NoBrowser;

#[async_trait]
impl PageView for NoBrowser {
    async fn look(&self, _: &SiteId) -> Result<PageSeen, NotSeen> {
        Err(NotSeen::NoBrowser("no Chromium is installed here".into()))
    }
}

/// Its tables follow the log until it is told to stop.
async fn inspecting(house: &House, folder: &Path, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
    let projections = Projections::open(&folder.join("projections")).await.unwrap();
    let following = (projections.clone(), house.log.clone(), stop.clone());
    let followed = tokio::spawn(async move { following.0.run(following.1, following.2).await });
    let look = Look {
        log: house.log.clone(),
        clock: house.clock.clone(),
        site: "demo".parse().unwrap(),
        projections,
        view: Arc::new(NoBrowser),
        pictures: Arc::new(PictureFolder::at(folder.join("pictures"), 10, TimeDelta::days(1))),
        patience: Duration::from_secs(20),
    };
    let inspector = Inspector { look, commands: house.commands.clone(), every_s: 900 };
    let stop = stop.clone();
    tokio::spawn(async move {
        inspector.run(stop).await.unwrap();
        followed.await.unwrap().unwrap();
    })
}

async fn made(house: &House) -> Vec<InspectionMade> {
    let facts = house.facts().await.into_iter();
    facts.filter_map(|fact| if let Event::InspectionMade(made) = fact.event { Some(made) } else { None }).collect()
}

/// Moves the clock on in small steps until there are so many.
async fn until_made(house: &House, many: usize) {
    for _step in 0..2_000 {
        if made(house).await.len() >= many {
            return;
        }
        house.later(TimeDelta::seconds(20));
        tokio::task::yield_now().await;
    }
    panic!("it did not come to pass: {:#?}", made(house).await);
}

async fn described(folder: &Path, at: &str) -> House {
    let at: Timestamp = at.parse().unwrap();
    let house = House::open_at(folder, Arc::new(ManualClock::at(Now::both(at)))).await;
    house.ask("svc-settings", millwright_commands::DescribePlant { plant: demo_plant() }).await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_repeats_no_inspection_and_a_clean_plant_has_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let house = described(folder.path(), "2026-09-21T10:01:00Z").await;
    for life in 1..=3 {
        let stop = CancellationToken::new();
        let running = inspecting(&house, folder.path(), &stop).await;
        until_made(&house, 2 * life).await;
        stop.cancel();
        running.await.unwrap();
    }
    let made = made(&house).await;
    let mut slots: Vec<Timestamp> = made.iter().map(|made| made.slot).collect();
    let many = slots.len();
    slots.dedup();
    assert_eq!(slots.len(), many, "one for each quarter of an hour: {made:#?}");
    assert!(slots.iter().all(|slot| slot.floor_to(900) == *slot));
    assert!(made.iter().all(|made| made.findings.is_empty() && made.compared > 0), "{made:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_inspections_is_reported_once_as_a_fact_and_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let house = described(folder.path(), "2026-09-22T05:40:00Z").await;
    for life in 1..=2 {
        let stop = CancellationToken::new();
        let running = inspecting(&house, folder.path(), &stop).await;
        house.later_until(TimeDelta::seconds(20), "InspectionsReported").await;
        let before = made(&house).await.len();
        until_made(&house, before + life).await;
        stop.cancel();
        running.await.unwrap();
    }
    let facts = house.facts().await;
    let days: Vec<_> =
        facts.iter().filter_map(|fact| if let Event::InspectionsReported(day) = &fact.event { Some(day.clone()) } else { None }).collect();
    assert_eq!((days.len(), days[0].to), (1, "2026-09-22T06:00:00Z".parse().unwrap()), "{days:#?}");
    let told = facts.iter().filter(|fact| matches!(&fact.event, Event::EffectWanted(wanted) if wanted.subject.contains("inspections of")));
    assert_eq!(told.count(), 1);
}

const INSPECTED: &str = "{ inspections(site: \"demo\", first: 50) { compared picture notSeen findings { kind urgent what expected shown } } }";

fn seen(answer: &Value) -> Option<Vec<Value>> {
    let made = answer["inspections"].as_array()?;
    made.first().filter(|latest| latest["picture"].is_string() && latest["compared"].as_u64() > Some(0))?;
    Some(made.clone())
}

/// As nobody should: a question that nobody asked.
fn plant_a_question(data: &Path) {
    let folder = std::fs::read_dir(data.join("projections")).unwrap();
    let ledger = folder.map(|entry| entry.unwrap().path()).find(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("ledger") && name.ends_with(".db")
    });
    let db = rusqlite::Connection::open(ledger.expect("the tables")).unwrap();
    db.busy_timeout(Duration::from_secs(20)).unwrap();
    let planted = "INSERT INTO pending_approvals (action, site, case_id, name, expires_at) VALUES ('nobody', 'demo', 'none', 'planted', 0)";
    assert_eq!(db.execute(planted, []).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sees_the_page_and_finds_what_was_planted_and_people_are_told_once() {
    if Chromium::find("").is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::demo_with(&data, &[], &[("MILLWRIGHT_INSPECTION__EVERY_S", "5")]).await;
    let clean = program.until(INSPECTED, seen).await;
    assert!(clean.iter().all(|made| made["findings"] == json!([])), "under way, and nothing is wrong: {clean:#?}");
    let picture = clean[0]["picture"].as_str().unwrap();
    let png = reqwest::get(format!("{}{picture}", program.url)).await.unwrap().bytes().await.unwrap();
    let hash = picture.trim_start_matches("/inspections/").trim_end_matches(".png");
    assert!(png.starts_with(b"\x89PNG") && hex::encode(Sha256::digest(&png)) == hash, "{} bytes", png.len());
    if let Ok(artefacts) = std::env::var("MILLWRIGHT_ARTEFACTS") {
        std::fs::write(Path::new(&artefacts).join("inspection.png"), &png).unwrap();
    }
    plant_a_question(&data);
    let kinds = |made: &Value| {
        made["findings"].as_array().into_iter().flatten().map(|finding| finding["kind"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    let twice = |answer: &Value| {
        let found = answer["inspections"].as_array()?.iter().filter(|made| kinds(made).iter().any(|kind| kind == "WRONG_ON_PAGE")).count();
        (found >= 2).then(|| answer["inspections"][0].clone())
    };
    let found = program.until(INSPECTED, twice).await;
    assert!(kinds(&found).contains(&"WRONG_FIGURE".to_string()), "{found:#}");
    let on_page = found["findings"].as_array().unwrap().iter().find(|finding| finding["kind"] == "WRONG_ON_PAGE").unwrap();
    let number = |of: &str| on_page[of].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!((&on_page["what"], number("shown")), (&json!("waiting_approvals"), number("expected") + 1));
    let notices = program.ask("{ notices(site: \"demo\", first: 200) { nodes { subject } } }", json!({})).await;
    let told =
        notices["notices"]["nodes"].as_array().unwrap().iter().filter(|notice| notice["subject"].as_str().unwrap().contains("approval nobody"));
    assert_eq!(told.count(), 1, "once until it clears: {notices:#}");
    assert!(program.terminate());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_people_sign_in_the_browser_comes_in_with_a_pass_for_that_look_alone() {
    if Chromium::find("").is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house_with(folder.path(), &[("MILLWRIGHT_INSPECTION__EVERY_S", "5")]).await;
    let limit = std::time::Instant::now() + Duration::from_secs(90);
    let made = loop {
        let answer = admin.ask(INSPECTED).await.unwrap();
        if let Some(made) = seen(&answer) {
            break made;
        }
        assert!(std::time::Instant::now() < limit, "the page was not seen: {answer:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(made.iter().all(|made| made["findings"] == json!([])), "{made:#?}");
    let picture = format!("{}{}", program.url, made[0]["picture"].as_str().unwrap());
    let stranger = reqwest::get(picture).await.unwrap();
    assert_eq!(stranger.status(), reqwest::StatusCode::UNAUTHORIZED, "only whoever may see the site sees its pictures");
    assert!(program.terminate());
}

/// Processes whose command line names this folder, as a browser's names its profile.
fn browsers_in(folder: &Path) -> usize {
    let named = folder.to_string_lossy().into_owned();
    let lines = std::fs::read_dir("/proc").unwrap().filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&named)).count()
}

async fn until_browsers(folder: &Path, will_do: impl Fn(usize) -> bool) {
    let limit = std::time::Instant::now() + Duration::from_secs(60);
    while !will_do(browsers_in(folder)) {
        assert!(std::time::Instant::now() < limit, "{} processes of the browser", browsers_in(folder));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_it_looks_leaves_no_browser_behind() {
    if Chromium::find("").is_err() || !Path::new("/proc/self/cmdline").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let looks = folder.path().join("looks");
    std::fs::create_dir(&looks).unwrap();
    let environment = [("MILLWRIGHT_INSPECTION__EVERY_S", "5"), ("TMPDIR", looks.to_str().unwrap())];
    let program = Program::demo_with(&folder.path().join("data"), &[], &environment).await;
    // The browser and the first of its own children.
    until_browsers(&looks, |many| many >= 2).await;
    program.kill();
    until_browsers(&looks, |many| many == 0).await;
}
