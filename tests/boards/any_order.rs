//! Whatever is moved on both sides in any order, both agree in the end, and no task made a move that the table does not have.

use super::{AGENT, LISTS, Plant};
use millwright_commands::{AcceptTask, BlockTask, ClaimTask, Command, DeliverTask, FailTask, QueueTask, RevertTask, SendBackTask, UnblockTask};
use millwright_domain::{
    ids::TaskId,
    task::{BlockReason, FailureClass},
};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Move {
    Person(usize),
    Archive,
    House(u8),
    Wait,
}

fn a_move() -> impl Strategy<Value = (u32, Move)> {
    let moved = prop_oneof![
        4 => (0..LISTS.len()).prop_map(Move::Person),
        1 => Just(Move::Archive),
        5 => (0..8u8).prop_map(Move::House),
        2 => Just(Move::Wait),
    ];
    (1..3u32, moved)
}

fn of_the_house(task: TaskId, number: u8, fence: u64) -> (&'static str, Command) {
    match number {
        0 => ("ann", QueueTask { task, why: None }.into()),
        1 => (AGENT, ClaimTask { task: Some(task), lease_s: 3_600 }.into()),
        2 => (AGENT, DeliverTask { task, fence, result: "done".into() }.into()),
        3 => (AGENT, FailTask { task, fence, class: FailureClass::Tool, retryable: false, reason: "no compiler".into() }.into()),
        4 => ("ann", BlockTask { task, reason: BlockReason::Input, fence: None, note: None }.into()),
        5 => ("ann", UnblockTask { task }.into()),
        6 => ("ann", AcceptTask { task, fence }.into()),
        _ if fence % 2 == 1 => ("ann", SendBackTask { task, fence, note: None }.into()),
        _ => ("ann", RevertTask { task, note: None }.into()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]
    #[test]
    fn after_any_order_of_moves_on_both_sides_both_agree(moves in prop::collection::vec(a_move(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut plant = Plant::open(folder.path()).await;
            plant.run_with(plant.messenger(), folder.path());
            let tasks = [plant.file(1).await, plant.file(2).await];
            plant.agree(|_| true).await;
            for (number, moved) in moves {
                let task = tasks[number as usize - 1];
                match moved {
                    Move::Person(list) => plant.moves(task, LISTS[list].1),
                    Move::Archive => {
                        if let Some(card) = plant.card(task) {
                            plant.server.person_archives(&card, "ann", true);
                        }
                    }
                    Move::House(step) => {
                        let fence = plant.site().await.crew.tasks[&task].fence;
                        let (by, command) = of_the_house(task, step, fence);
                        plant.house.ask(by, command).await;
                    }
                    Move::Wait => plant.reads_the_board().await,
                }
            }
            plant.agree(|_| true).await;
            plant.stops().await;
        });
    }
}
