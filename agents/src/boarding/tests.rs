//! What the desk of a board wishes for: one card a task, as the task is now, and a word where a move was refused.

use super::*;
use crate::testing::recorded;
use millwright_domain::{
    board::CardTouched,
    effect::EffectDone,
    envelope::StreamId,
    plant::Source,
    priority::Priority,
    site::PlantDescribed,
    task::{Origin, Stage, TaskFiled, TaskQueued, TaskReverted, TaskSpec},
};
use millwright_projections::testing::road;
use uuid::Uuid;

struct Bench {
    desk: BoardDesk,
    seq: u64,
}

fn task(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

impl Bench {
    fn open() -> Self {
        let mut bench = Self { desk: BoardDesk::new(&"demo".parse().unwrap()), seq: 0 };
        let mut plant = road::plant();
        plant.source = Source::Live;
        bench.happens(PlantDescribed { plant });
        bench
    }
    fn happens(&mut self, event: impl Into<Event>) -> &mut Self {
        let at = Timestamp::from_secs(1_700_000_000 + self.seq as i64);
        self.desk.take(&recorded(self.seq, at, StreamId::task(task(1)), event));
        self.seq += 1;
        self
    }
    fn filed(&mut self, number: u128) -> &mut Self {
        let spec = TaskSpec {
            title: format!("look at pump-{number}"),
            details: None,
            needs: "any_work".parse().unwrap(),
            case: None,
            priority: Priority::High,
            deadline: None,
            estimated_tokens: 10,
            autonomous: false,
            labels: vec!["pumps".into()],
            depends_on: vec![],
            origin: Origin::Person,
            checks: vec![],
        };
        self.happens(TaskFiled { task: task(number), spec, by: "ann".parse().unwrap(), at: None })
    }
    fn queued(&mut self, number: u128) -> &mut Self {
        self.happens(TaskQueued { task: task(number), at: Timestamp::from_secs(1_700_000_000), why: None })
    }
    fn touched(&mut self, number: u128, refused: Option<&str>) -> &mut Self {
        let (card, delivery, by) = ("c1".into(), "trello:action:1".into(), Some("ann".parse().unwrap()));
        self.happens(CardTouched { task: task(number), card, delivery, by, to: Some(Stage::Done), refused: refused.map(str::to_string) })
    }
    /// What is wished for next, granted.
    fn granted(&mut self) -> Option<(EffectWanted, CardWork)> {
        let due = self.desk.next(Timestamp::from_secs(1_800_000_000))?;
        let wanted = futures::executor::block_on(self.desk.write(due.effect, due.at))?;
        self.happens(wanted.clone());
        let work = serde_json::from_str(&wanted.body).unwrap();
        Some((wanted, work))
    }
}

#[test]
fn a_card_shows_how_its_task_is_now_and_nothing_of_how_it_came_there() {
    let mut bench = Bench::open();
    bench.filed(1).queued(1);
    let (wanted, work) = bench.granted().unwrap();
    assert_eq!((wanted.target, work.stage, work.card), (format!("boards/demo:{}", task(1)), Stage::Pending, None));
    assert_eq!(work.text.labels, ["pumps", "priority-high"]);
    assert!(bench.granted().is_none(), "once");
    bench.happens(EffectDone { effect: wanted.effect, attempt: 1, receipt: "c1".into() });
    bench.happens(TaskReverted { task: task(1), by: "ann".parse().unwrap(), note: None });
    let (_, work) = bench.granted().unwrap();
    assert_eq!((work.stage, work.card.as_deref()), (Stage::Reverted, Some("c1")), "known by the receipt");
}

#[test]
fn a_refused_move_is_put_back_and_said() {
    let mut bench = Bench::open();
    bench.filed(1).granted().unwrap();
    bench.touched(1, Some("a card cannot go there"));
    let (_, work) = bench.granted().unwrap();
    assert_eq!((work.stage, work.card.as_deref()), (Stage::Backlog, Some("c1")));
    assert_eq!(work.says, ["Millwright put it back: a card cannot go there."]);
}

#[test]
fn what_was_over_before_there_was_a_board_gets_no_card() {
    let mut bench = Bench::open();
    bench.filed(1).happens(TaskReverted { task: task(1), by: "ann".parse().unwrap(), note: None });
    assert!(bench.granted().is_none());
}

#[test]
fn after_a_restart_the_same_is_wished_for_under_the_same_name() {
    let (mut one, mut other) = (Bench::open(), Bench::open());
    one.filed(1).filed(2).queued(2);
    other.filed(1).filed(2).queued(2);
    let all = |bench: &mut Bench| std::iter::from_fn(|| bench.granted().map(|(wanted, _)| wanted)).collect::<Vec<_>>();
    let wished = all(&mut one);
    assert_eq!((wished.len(), wished), (2, all(&mut other)));
}
