//! Pictures of the page, in a folder, by the hash of their bytes. The newest stay, and none for ever.

use chrono::TimeDelta;
use millwright_domain::{Timestamp, chain::Hash, ports::page_view::Pictures};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

#[derive(Debug, Clone)]
pub struct PictureFolder {
    dir: PathBuf,
    most: usize,
    longest: TimeDelta,
}

impl PictureFolder {
    /// The folder is made with the first picture.
    pub fn at(dir: PathBuf, most: usize, longest: TimeDelta) -> Self {
        Self { dir, most: most.max(1), longest }
    }

    fn place(&self, picture: Hash) -> PathBuf {
        self.dir.join(format!("{picture}.png"))
    }

    /// Oldest first, with when each was made.
    fn all(&self) -> io::Result<Vec<(Timestamp, PathBuf)>> {
        let mut all = vec![];
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "png") {
                all.push((made_at(&path)?, path));
            }
        }
        all.sort();
        Ok(all)
    }

    fn make_room(&self, now: Timestamp) -> io::Result<()> {
        let all = self.all()?;
        let too_many = all.len().saturating_sub(self.most);
        for (number, (made, path)) in all.iter().enumerate() {
            if number < too_many || now.since(*made) > self.longest {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

impl Pictures for PictureFolder {
    fn keep(&self, png: &[u8], now: Timestamp) -> io::Result<Hash> {
        fs::create_dir_all(&self.dir)?;
        let picture = Hash(Sha256::digest(png).into());
        let (place, half) = (self.place(picture), self.dir.join(format!("{picture}.half")));
        fs::write(&half, png)?;
        let file = fs::File::options().append(true).open(&half)?;
        file.set_modified(UNIX_EPOCH + Duration::from_micros(now.micros().unsigned_abs()))?;
        fs::rename(half, place)?;
        self.make_room(now)?;
        Ok(picture)
    }

    fn find(&self, picture: Hash) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.place(picture)) {
            // What was changed on the disk is no evidence any more.
            Ok(png) => Ok((Hash(Sha256::digest(&png).into()) == picture).then_some(png)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn made_at(path: &Path) -> io::Result<Timestamp> {
    let since = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pictures_stay_and_a_changed_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PictureFolder::at(dir.path().join("pictures"), 2, TimeDelta::days(1));
        let at = |hour: i64| Timestamp::from_secs(1_700_000_000 + hour * 3_600);
        let kept: Vec<Hash> = (0..3).map(|number| folder.keep(&[number; 9], at(number.into())).unwrap()).collect();
        assert_eq!(kept.iter().map(|one| folder.find(*one).unwrap().is_some()).collect::<Vec<_>>(), [false, true, true]);
        fs::write(folder.place(kept[2]), b"another").unwrap();
        assert_eq!(folder.find(kept[2]).unwrap(), None);
        folder.keep(b"much later", at(40)).unwrap();
        assert_eq!(folder.find(kept[1]).unwrap(), None, "older than a day");
    }
}
