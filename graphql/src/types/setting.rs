//! The program's settings, for people who look why it does what it does.

use crate::state::{self, ShownSetting};
use async_graphql::{Enum, SimpleObject};

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "state::Origin")]
pub enum SettingOrigin {
    Default,
    File,
    Environment,
    Flag,
}

#[derive(SimpleObject)]
pub struct Setting {
    /// `log.seal_every_s`
    key: String,
    /// As TOML writes it. Secrets, and where they are, are shown as `(kept elsewhere)`.
    value: String,
    origin: SettingOrigin,
    doc: String,
    default: String,
}

impl From<&ShownSetting> for Setting {
    fn from(shown: &ShownSetting) -> Self {
        let ShownSetting { key, value, origin, doc, default } = shown.clone();
        Self { key, value, origin: origin.into(), doc, default }
    }
}
