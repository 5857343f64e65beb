//! A look at a page by Chromium without a window: figures from the document, and a picture. One process for one look, in a profile that is thrown away.

mod devtools;
#[cfg(test)]
mod tests;

use devtools::{DevTools, HUNG_UP};
use millwright_domain::{
    ids::SiteId,
    ports::page_view::{NotSeen, PageSeen},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    net::IpAddr,
    path::{Path, PathBuf},
    pin::pin,
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// What it is called on the systems that have it.
const NAMES: [&str; 6] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "chrome-headless-shell"];
/// One look at most, the start of the browser included.
const WITHIN: Duration = Duration::from_secs(60);
/// A shell hands on its two pipes as the descriptors 3 and 4, where Chromium looks for them, and becomes the browser.
const WITH_PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;
/// From the navigation to the figures.
const FIGURES_WITHIN: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(200);
/// A plant at work changes its figures; so often a picture is tried that shows the very ones that were read.
const TRIES: usize = 5;

/// What is installed.
#[derive(Debug, Clone)]
pub struct Chromium {
    program: PathBuf,
}

/// Where to look, and what to show at the door.
pub struct Visit<'a> {
    /// Such as `http://127.0.0.1:7410`.
    pub page: &'a str,
    /// Where that is, whatever name it has.
    pub at: IpAddr,
    pub site: &'a SiteId,
    pub pass: Option<Pass<'a>>,
}

/// Goes with each request as `authorization: Bearer …`, and as a cookie, since a WebSocket is begun without headers of ours.
pub struct Pass<'a> {
    pub shown: &'a str,
    pub cookie: &'a str,
}

#[derive(Deserialize)]
struct Shown {
    position: String,
    figures: BTreeMap<String, String>,
}

impl Chromium {
    /// `wanted` is a path or a name; empty for whatever is there; `none` for no browser at all.
    ///
    /// # Errors
    /// If there is none, with what to do about it.
    pub fn find(wanted: &str) -> Result<Self, NotSeen> {
        let none = |why: &str| Err(NotSeen::NoBrowser(why.into()));
        match wanted {
            "none" => none("`inspection.browser` says that no browser looks at the page"),
            "" => match NAMES.iter().find_map(|name| in_path(name)) {
                Some(program) => Ok(Self { program }),
                None => none("no Chromium is installed here; install the package `chromium`, or name one in `inspection.browser`"),
            },
            named => match in_path(named) {
                Some(program) => Ok(Self { program }),
                None => none(&format!("`inspection.browser` names {named}, which is not there")),
            },
        }
    }

    /// # Errors
    /// If the page could not be seen, and why.
    pub async fn look(&self, visit: &Visit<'_>) -> Result<PageSeen, NotSeen> {
        let profile = tempfile::Builder::new().prefix("millwright-look-").tempdir().map_err(broken)?;
        let mut child = self.start(profile.path(), visit.at)?;
        let seen = match timeout(WITHIN, looked(&mut child, visit)).await {
            Ok(seen) => seen,
            Err(_) => Err(NotSeen::Broken(format!("it did not answer within {} s", WITHIN.as_secs()))),
        };
        // It is only a process of ours with a profile of ours: nothing in it is worth a goodbye.
        if let Err(error) = child.kill().await {
            tracing::debug!(%error, "the browser had ended already");
        }
        seen
    }

    fn start(&self, profile: &Path, at: IpAddr) -> Result<Child, NotSeen> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WITH_PIPES, "sh"]).arg(&self.program);
        // Secrets may be in our environment, and a browser needs none of it but this.
        command.env_clear().envs(["PATH", "HOME", "TMPDIR", "LANG"].into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
        let at = if at.is_ipv6() { format!("[{at}]") } else { at.to_string() };
        command
            .args(["--headless=new", "--remote-debugging-pipe", "--window-size=1400,1000", "--hide-scrollbars"])
            .args(["--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-sync", "--disable-extensions"])
            .args(["--disable-component-update", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--no-proxy-server"])
            // It reaches nothing but our own page at this machine, whatever name that has and whoever signed its certificate.
            .args(["--ignore-certificate-errors".to_string(), format!("--host-resolver-rules=MAP * {at}")])
            .arg(format!("--user-data-dir={}", profile.display()));
        if rustix::process::geteuid().is_root() {
            // Chromium refuses its sandbox to root; it opens one page, and that is ours.
            command.arg("--no-sandbox");
        }
        command.arg("about:blank").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().map_err(|error| NotSeen::Broken(format!("{} does not start: {error}", self.program.display())))
    }
}

async fn looked(child: &mut Child, visit: &Visit<'_>) -> Result<PageSeen, NotSeen> {
    let (Some(asks), Some(answers), Some(said)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(broken("it has no pipes"));
    };
    let (mut said, mut line, mut last, mut speaks) = (BufReader::new(said), vec![], String::new(), true);
    let mut seen = pin!(over(DevTools::over(asks, answers), visit));
    loop {
        tokio::select! {
            biased;
            // Whoever does not read what it says stops it once the pipe is full.
            read = said.read_until(b'\n', &mut line), if speaks => {
                speaks = read.is_ok_and(|bytes| bytes > 0);
                if speaks {
                    last = String::from_utf8_lossy(&line).trim().to_string();
                }
                line.clear();
            }
            seen = &mut seen => return seen.map_err(|why| with_last_words(why, &last)),
        }
    }
}

/// Of a browser that ended by itself, why.
fn with_last_words(why: NotSeen, last: &str) -> NotSeen {
    match why {
        NotSeen::Broken(why) if why == HUNG_UP && !last.is_empty() => NotSeen::Broken(format!("{why}: {last}")),
        other => other,
    }
}

async fn over(mut browser: DevTools, visit: &Visit<'_>) -> Result<PageSeen, NotSeen> {
    browser.open_tab().await?;
    browser.call("Network.enable", json!({})).await?;
    if let Some(Pass { shown, cookie }) = &visit.pass {
        let headers = json!({ "headers": { "authorization": format!("Bearer {shown}") } });
        browser.call("Network.setExtraHTTPHeaders", headers).await?;
        let secure = cookie.starts_with("__Host-");
        let kept =
            json!({ "name": cookie, "value": shown, "url": visit.page, "path": "/", "secure": secure, "httpOnly": true, "sameSite": "Strict" });
        if let Err(error) = browser.call("Network.setCookie", kept).await {
            // Behind a proxy the cookie is for TLS alone; the page then shows what it asked for, and nothing is pushed to it.
            tracing::debug!(%error, "the page is looked at without pushes");
        }
    }
    browser.call("Page.enable", json!({})).await?;
    browser.call("Page.navigate", json!({ "url": format!("{}/#/plant", visit.page) })).await?;
    let until = Instant::now() + FIGURES_WITHIN;
    let mut before = loop {
        if let Some(shown) = shown(&mut browser, visit.site).await? {
            break shown;
        }
        if Instant::now() >= until {
            return Err(NotSeen::NoFigures { site: visit.site.clone(), seconds: FIGURES_WITHIN.as_secs() });
        }
        sleep(ASK_EVERY).await;
    };
    for attempt in 1.. {
        let picture = browser.picture().await?;
        let Some(after) = shown(&mut browser, visit.site).await? else {
            return Err(NotSeen::Broken("the figures went away while the page was looked at".into()));
        };
        if after.position == before.position || attempt == TRIES {
            return Ok(PageSeen { position: after.position, figures: after.figures, picture });
        }
        before = after;
    }
    unreachable!("the last try returns")
}

/// `None` while the page has none yet.
async fn shown(browser: &mut DevTools, site: &SiteId) -> Result<Option<Shown>, NotSeen> {
    // The name of a site has no letters that mean anything in a selector or a text.
    let script = format!(
        "(() => {{ const at = document.querySelector('[data-figures=\"{site}\"][data-position]'); if (!at) return null;
           const all = [...at.querySelectorAll('[data-figure]')].map((one) => [one.dataset.figure, one.textContent.trim()]);
           return JSON.stringify({{ position: at.dataset.position, figures: Object.fromEntries(all) }}); }})()"
    );
    let answer = browser.call("Runtime.evaluate", json!({ "expression": script, "returnByValue": true })).await?;
    let Some(text) = answer.pointer("/result/value").and_then(Value::as_str) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(broken)
}

fn broken(cause: impl std::fmt::Display) -> NotSeen {
    NotSeen::Broken(cause.to_string())
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_path_buf());
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|place| place.is_file())
}
