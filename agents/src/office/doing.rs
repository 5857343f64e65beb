//! Which task is worked on, for whatever asks a model meanwhile: what that uses counts in the task's budget, too.

use millwright_domain::ids::TaskId;
use std::future::Future;

tokio::task_local! {
    static TASK: TaskId;
}

/// The task that is worked on here, if one is.
pub fn task() -> Option<TaskId> {
    TASK.try_with(|task| *task).ok()
}

pub(super) async fn on<F: Future>(task: TaskId, work: F) -> F::Output {
    TASK.scope(task, work).await
}
