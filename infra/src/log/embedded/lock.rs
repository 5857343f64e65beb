//! The writer's lock: one process writes a log, readers need none.

use super::failure;
use millwright_domain::ports::event_log::LogError;
use std::{
    fs::{File, TryLockError},
    io::Write,
    path::Path,
};

/// Held as long as it lives. The kernel lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub(super) struct WriterLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl WriterLock {
    pub(super) fn take(dir: &Path) -> Result<Self, LogError> {
        let path = dir.join("writer.lock");
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|cause| failure::storage("open the lock file", &path, cause))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::Locked { place: dir.display().to_string() }),
            Err(TryLockError::Error(cause)) => return Err(failure::storage("lock the log", &path, cause)),
        }
        // For a person who wonders who holds it; nothing reads it.
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|cause| failure::storage("write the lock file", &path, cause))?;
        Ok(Self(file))
    }
}
