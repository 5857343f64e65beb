//! How the program looks at its own page: with a browser that is installed here, and at the door with a pass for that look and that site alone.

use crate::settings::{Http, Settings};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    ids::SiteId,
    ports::{
        clock::Clock,
        page_view::{NotSeen, PageSeen, PageView},
    },
};
use millwright_graphql::access::Admission;
use millwright_infra::{
    browser::{Chromium, Pass, Visit},
    pictures::PictureFolder,
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
};
use tokio::sync::Mutex;

/// Longer than any look takes.
const PASS_GOOD_FOR: TimeDelta = TimeDelta::minutes(2);

pub struct Looking {
    browser: String,
    http: Http,
    clock: Arc<dyn Clock>,
    /// Known once the page is served.
    served: OnceLock<(SocketAddr, Admission)>,
    /// A browser is a heavy guest: sites are looked at one after the other.
    one_at_a_time: Mutex<()>,
}

impl Looking {
    pub fn of(settings: &Settings, clock: &Arc<dyn Clock>) -> Self {
        let (browser, http) = (settings.inspection.browser.clone(), settings.http.clone());
        Self { browser, http, clock: clock.clone(), served: OnceLock::new(), one_at_a_time: Mutex::default() }
    }

    pub fn served(&self, at: SocketAddr, admission: &Admission) {
        // Only the first counts, and there is only one.
        drop(self.served.set((at, admission.clone())));
    }
}

/// Where this machine reaches itself.
fn here(at: SocketAddr) -> SocketAddr {
    if at.ip().is_unspecified() { SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), at.port()) } else { at }
}

#[async_trait]
impl PageView for Looking {
    async fn look(&self, site: &SiteId) -> Result<PageSeen, NotSeen> {
        let chromium = Chromium::find(&self.browser)?;
        let (at, admission) = self.served.get().ok_or(NotSeen::NotUp)?;
        let _turn = self.one_at_a_time.lock().await;
        let here = here(*at);
        let (page, at) = (self.http.url(here), here.ip());
        let Admission::SignIn(door) = admission else {
            return chromium.look(&Visit { page: &page, at, site, pass: None }).await;
        };
        let pass = door.pass(site, self.clock.now().wall + PASS_GOOD_FOR);
        let seen = chromium.look(&Visit { page: &page, at, site, pass: Some(Pass { shown: &pass, cookie: door.cookie_name() }) }).await;
        door.take_back(&pass);
        seen
    }
}

/// Where the pictures lie.
pub fn pictures(settings: &Settings) -> PictureFolder {
    let kept = &settings.inspection;
    let most = usize::try_from(kept.keep_pictures).unwrap_or(usize::MAX);
    PictureFolder::at(settings.data.join("pictures"), most, TimeDelta::days(kept.keep_days.into()))
}
