//! A plant whose tables are right gives no finding, whatever happens meanwhile; what is planted in them is found.

use super::{LedgerSide, Look, silent};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::RecordInspection;
use millwright_domain::{
    Now, Timestamp,
    agent::AgentJoined,
    case::Outcome,
    chain::Hash,
    envelope::StreamId,
    ids::SiteId,
    inspection::{FindingKind, PageLook},
    ports::{
        clock::Clock,
        page_view::{NotSeen, PageSeen, PageView, Pictures},
    },
    position::{PartitionId, Position},
    site::Site,
};
use millwright_projections::{
    Projections, standing,
    testing::{MemoryLog, Recorder, road},
};
use std::{io, sync::Arc, time::Duration};

struct StandingClock(Timestamp);

#[async_trait]
impl Clock for StandingClock {
    fn now(&self) -> Now {
        Now::both(self.0)
    }
    async fn plant_reaches(&self, _: Timestamp) {}
    async fn wall_reaches(&self, _: Timestamp) {}
}

struct NoBrowser;

#[async_trait]
impl PageView for NoBrowser {
    async fn look(&self, _: &SiteId) -> Result<PageSeen, NotSeen> {
        Err(NotSeen::NoBrowser("no Chromium is installed here".into()))
    }
}

/// Shows what the tables say, but for the open cases.
struct Page(Projections, Option<&'static str>);

#[async_trait]
impl PageView for Page {
    async fn look(&self, site: &SiteId) -> Result<PageSeen, NotSeen> {
        let standing = standing::of_tables(&self.0.ledger(), site, Timestamp::default()).await.map_err(|why| NotSeen::Broken(why.to_string()))?;
        let mut figures: std::collections::BTreeMap<String, String> =
            standing.counts.named().into_iter().map(|(name, count)| (name.into(), count.to_string())).collect();
        if let Some(planted) = self.1 {
            figures.insert("open_cases".into(), planted.into());
        }
        let position = Position::at(PartitionId::site(site), standing.next).to_string();
        Ok(PageSeen { position, figures, picture: b"png".to_vec() })
    }
}

struct Album;

impl Pictures for Album {
    fn keep(&self, _: &[u8], _: Timestamp) -> io::Result<Hash> {
        Ok(Hash([7; 32]))
    }
    fn find(&self, _: Hash) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

struct Bench {
    log: MemoryLog,
    recorder: Recorder,
    projections: Projections,
    dir: tempfile::TempDir,
}

impl Bench {
    /// One closed case, one that waits, twenty scans.
    async fn open() -> Self {
        let log = MemoryLog::default();
        let mut recorder = Recorder::on(&log, &road::site());
        road::described(&mut recorder);
        let proposal = road::awaiting(&mut recorder, road::case(1));
        road::finished(&mut recorder, road::case(1), &proposal, Outcome::Repaired);
        road::awaiting(&mut recorder, road::case(2));
        let scans = (0..20).map(|number| road::scan(number, recorder.now() + TimeDelta::seconds(number as i64), number as f64));
        millwright_domain::ports::event_log::EventLog::append_readings(&log, scans.collect()).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let projections = Projections::open(dir.path()).await.unwrap();
        projections.catch_up(&log).await.unwrap();
        Self { log, recorder, projections, dir }
    }

    fn look(&self, view: impl PageView + 'static) -> Look {
        Look {
            log: Arc::new(self.log.clone()),
            clock: Arc::new(StandingClock(self.recorder.now())),
            site: road::site(),
            projections: self.projections.clone(),
            view: Arc::new(view),
            pictures: Arc::new(Album),
            patience: Duration::from_millis(50),
        }
    }

    async fn inspected(&self, view: impl PageView + 'static) -> RecordInspection {
        let mut ledger = LedgerSide::new(Arc::new(self.log.clone()), PartitionId::site(&road::site()));
        self.look(view).inspect(&mut ledger, self.recorder.now(), self.recorder.now()).await.unwrap()
    }

    /// Changes a table by hand, as nobody should.
    async fn plant(&self, lane: &str, sql: &'static str) {
        let mut changed = 0;
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let is_database = path.extension().is_some_and(|ending| ending == "db");
            if is_database && path.file_name().unwrap().to_string_lossy().starts_with(lane) {
                changed += millwright_projections::testing::by_hand(&path, sql).await;
            }
        }
        assert_eq!(changed, 1, "{sql}");
    }
}

fn kinds(made: &RecordInspection) -> Vec<(FindingKind, &str)> {
    made.findings.iter().map(|finding| (finding.kind, finding.what.as_str())).collect()
}

#[tokio::test]
async fn a_plant_that_is_shown_as_it_is_gives_no_finding() {
    let bench = Bench::open().await;
    let made = bench.inspected(NoBrowser).await;
    assert_eq!(made.findings, []);
    assert!(made.compared > 8, "{made:?}");
    assert!(matches!(&made.page, PageLook::NotSeen { why } if why.contains("no Chromium")), "{made:?}");
    let made = bench.inspected(Page(bench.projections.clone(), None)).await;
    assert_eq!(made.findings, []);
    assert!(matches!(made.page, PageLook::Seen { position, figures: 4, .. } if position == made.position), "{made:?}");
}

#[tokio::test]
async fn a_planted_wrong_figure_is_found() {
    let bench = Bench::open().await;
    bench.plant("ledger", "UPDATE cases SET stage = 'acting' WHERE open = 1").await;
    let case = format!("case {} in the list", road::case(2));
    assert_eq!(kinds(&bench.inspected(NoBrowser).await), [(FindingKind::WrongFigure, case.as_str())]);
    bench.plant("ledger", "DELETE FROM pending_approvals").await;
    let found = bench.inspected(NoBrowser).await;
    assert!(found.findings.iter().any(|finding| finding.what.starts_with("approval ") && finding.shown == "(none)"), "{found:?}");
}

#[tokio::test]
async fn a_planted_stale_value_is_found() {
    let bench = Bench::open().await;
    let old = "UPDATE readings_latest SET at = at - 3000000, doc = replace(doc, '19.0', '16.0') WHERE signal = 'pump-1/flow'";
    bench.plant("readings", old).await;
    let found = bench.inspected(NoBrowser).await;
    assert_eq!(kinds(&found), [(FindingKind::StaleValue, "pump-1/flow")]);
    assert!(found.findings[0].expected.starts_with("19 at") && found.findings[0].shown.starts_with("16 at"), "{found:?}");
}

#[tokio::test]
async fn a_wrong_figure_on_the_page_is_found_and_its_picture_named() {
    let bench = Bench::open().await;
    let found = bench.inspected(Page(bench.projections.clone(), Some("7"))).await;
    assert_eq!(kinds(&found), [(FindingKind::WrongOnPage, "open_cases")]);
    assert_eq!((found.findings[0].expected.as_str(), found.findings[0].shown.as_str()), ("1", "7"));
    assert!(matches!(&found.page, PageLook::Seen { picture, .. } if *picture == Hash([7; 32]).to_string()));
}

#[tokio::test]
async fn tables_that_do_not_move_while_the_log_does_are_found_and_late_ones_are_not() {
    let mut bench = Bench::open().await;
    road::awaiting(&mut bench.recorder, road::case(3));
    let stuck = bench.inspected(NoBrowser).await;
    assert_eq!(kinds(&stuck), [(FindingKind::Stalled, "the tables of ledger/demo")], "nobody follows the log here");
    bench.projections.catch_up(&bench.log).await.unwrap();
    assert_eq!(bench.inspected(NoBrowser).await.findings, []);
}

#[tokio::test]
async fn under_load_both_sides_are_compared_at_one_place_and_nothing_is_found() {
    let bench = Bench::open().await;
    let (projections, log) = (bench.projections.clone(), bench.log.clone());
    let stop = tokio_util::sync::CancellationToken::new();
    let following = tokio::spawn({
        let (projections, log, stop) = (projections.clone(), log.clone(), stop.clone());
        async move { projections.run(Arc::new(log), stop).await }
    });
    let look = Look { patience: Duration::from_secs(20), ..bench.look(Page(projections.clone(), None)) };
    let Bench { mut recorder, dir: _kept, .. } = bench;
    let mut ledger = LedgerSide::new(Arc::new(log.clone()), PartitionId::site(&road::site()));
    let loading = tokio::spawn(async move {
        for number in 10..200 {
            let proposal = road::awaiting(&mut recorder, road::case(number));
            if number % 3 == 0 {
                road::finished(&mut recorder, road::case(number), &proposal, Outcome::FalseAlarm);
            }
            tokio::task::yield_now().await;
        }
    });
    let mut compared = 0;
    for number in 0..20 {
        let slot = Timestamp::from_secs(1_700_000_000 + number * 900);
        let made = look.inspect(&mut ledger, slot, slot).await.unwrap();
        assert_eq!(made.findings, []);
        compared += made.compared;
        tokio::task::yield_now().await;
    }
    loading.await.unwrap();
    assert!(compared > 100, "{compared}");
    stop.cancel();
    following.await.unwrap().unwrap();
}

#[test]
fn nobody_is_overdue_who_could_not_have_been_heard() {
    let at = Timestamp::from_secs(1_700_000_000);
    let mut site = Site::default();
    let (agent, role) = ("agent-coder".parse().unwrap(), "coder".parse().unwrap());
    let joined = AgentJoined { agent, role, capabilities: ["write_code".parse().unwrap()].into(), at_once: 1, at, reports_every_s: None };
    site.evolve(&StreamId::parts(), at, &joined.clone().into());
    let much_later = at + TimeDelta::hours(9);
    assert_eq!(silent(&site, much_later, much_later - TimeDelta::minutes(14)), [], "the program has only just come up");
    assert_eq!(silent(&site, at + TimeDelta::minutes(14), at), []);
    let overdue = silent(&site, much_later, at);
    assert_eq!((overdue.len(), overdue[0].kind, overdue[0].what.as_str()), (1, FindingKind::SilentAgent, "agent-coder"));
    let hourly = AgentJoined { reports_every_s: Some(3_600), ..joined };
    site.evolve(&StreamId::parts(), at, &hourly.clone().into());
    assert_eq!(silent(&site, at + TimeDelta::minutes(74), at), [], "it says a word every hour");
    assert_eq!(silent(&site, at + TimeDelta::minutes(75), at).len(), 1);
    let joined = AgentJoined { reports_every_s: None, ..hourly };
    site.evolve(&StreamId::parts(), at, &joined.into());
    let just_woken = silent(&site, much_later, much_later - TimeDelta::minutes(16));
    assert_eq!(just_woken.len(), 1, "it had a quarter of an hour to say a word since we listen again");
}
