//! The units for systemd and the proxy as shipped: judged by their own checkers, and the proxy tried in front of a running demo.

use crate::{
    compose::read,
    judges::{judged, place_of},
    program::{Program, millwright, text},
};
use reqwest::{Client, Response, StatusCode, header};
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const UNITS: [&str; 3] = ["millwright.service", "millwright-backup.service", "millwright-backup.timer"];

/// The units, with this build in place of the installed program.
fn units(folder: &Path) {
    for unit in UNITS {
        let here = read(&format!("deploy/systemd/{unit}")).replace("/usr/local/bin/millwright", env!("CARGO_BIN_EXE_millwright"));
        fs::write(folder.join(unit), here).expect("written");
    }
}

#[test]
fn systemd_accepts_the_units_and_finds_them_well_fenced_in() {
    let folder = tempfile::tempdir().expect("a folder");
    units(folder.path());
    let paths: Vec<String> = UNITS.iter().map(|unit| format!("./{unit}")).collect();
    let arguments: Vec<&str> = ["verify"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let Some(verified) = judged("systemd-analyze", &arguments, folder.path()) else { return };
    assert!(verified.status.success() && verified.stderr.is_empty(), "{}", text(&verified.stderr));
    for unit in &UNITS[..2] {
        // Tenths: below 2 is what systemd calls OK; most of what is left is the network, which it is there for.
        let fenced = judged("systemd-analyze", &["security", "--offline=true", "--threshold=15", &format!("./{unit}")], folder.path());
        let fenced = fenced.expect("it was there before");
        assert!(fenced.status.success(), "{unit}: {}", text(&fenced.stdout));
    }
}

#[test]
fn the_unit_runs_commands_that_the_program_knows() {
    let unit = read("deploy/systemd/millwright.service");
    let commands: Vec<&str> = unit.lines().filter_map(|line| line.split_once("=/usr/local/bin/millwright ")).map(|(_, command)| command).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let help = millwright().args(command.split(' ')).arg("--help").output().expect("the program starts");
        assert!(help.status.success(), "{command}: {}", text(&help.stderr));
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A certificate for nobody, where the configurations look for theirs.
fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "privkey.pem",
            "-out",
            "fullchain.pem",
        ])
        .current_dir(folder)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", text(&made.stderr));
}

/// A main configuration around a file, all of whose places are in a folder. One process, so that none outlives the test.
fn around(folder: &Path, file: &str) -> String {
    let here = folder.display();
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {here}/{kind}; ")).concat();
    let user = if fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0) { "user root; " } else { "" };
    format!(
        "{user}worker_processes 1; daemon off; master_process off; pid {here}/pid; error_log stderr; events {{}} http {{ access_log off; {places} include {here}/{file}; }}"
    )
}

#[test]
fn nginx_accepts_the_configuration_for_a_host_and_the_one_for_a_pod() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().to_str().expect("a plain path");
    certificate(folder.path());
    let host = read("deploy/nginx/millwright.conf").replace("/etc/ssl/millwright", here);
    fs::write(folder.path().join("millwright.conf"), host).expect("written");
    fs::write(folder.path().join("host.conf"), around(folder.path(), "millwright.conf")).expect("written");
    // Its places for temporary files first: the certificate's may lie below the same folder.
    let pod = read("deploy/k8s/base/nginx.conf").replace("/tmp/", &format!("{here}/"));
    let pod = pod.replace("/tls/tls.crt", &format!("{here}/fullchain.pem")).replace("/tls/tls.key", &format!("{here}/privkey.pem"));
    fs::write(folder.path().join("pod.conf"), pod).expect("written");
    for file in ["host.conf", "pod.conf"] {
        let Some(tested) = judged("nginx", &["-t", "-e", "stderr", "-p", here, "-c", file], folder.path()) else { return };
        assert!(tested.status.success(), "{file}: {}", text(&tested.stderr));
    }
}

struct Proxy {
    child: Child,
    inside: String,
    outside: String,
    plain: String,
    http: Client,
    _folder: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Proxy {
    /// The names as shipped lead here; a demo only answers to this machine's own, so that the plant's name is `localhost`.
    async fn before(program: &Program) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        certificate(folder.path());
        let [plain, tls] = [free_port(), free_port()];
        let configured = read("deploy/nginx/millwright.conf")
            .replace("/etc/ssl/millwright", folder.path().to_str().expect("a plain path"))
            .replace("listen 80;", &format!("listen 127.0.0.1:{plain};"))
            .replace("listen 443 ", &format!("listen 127.0.0.1:{tls} "))
            .replace("127.0.0.1:7410", program.url.strip_prefix("http://").expect("an address"))
            .replace("server_name millwright.plant.example;", "server_name localhost;");
        fs::write(folder.path().join("millwright.conf"), configured).expect("written");
        fs::write(folder.path().join("main.conf"), around(folder.path(), "millwright.conf")).expect("written");
        let child = Command::new(place_of("nginx")?[0].as_str())
            .args(["-e", "stderr", "-c", "main.conf", "-p"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let here = std::net::SocketAddr::from(([127, 0, 0, 1], tls));
        // Its certificate is nobody's.
        let http = Client::builder().danger_accept_invalid_certs(true).resolve("localhost", here).resolve("hooks.plant.example", here);
        let http = http.http1_only().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let proxy = Self {
            child,
            inside: format!("https://localhost:{tls}"),
            outside: format!("https://hooks.plant.example:{tls}"),
            plain: format!("http://127.0.0.1:{plain}"),
            http,
            _folder: folder,
        };
        let limit = Instant::now() + Duration::from_secs(30);
        while proxy.http.get(&proxy.plain).send().await.is_err() {
            assert!(Instant::now() < limit, "nginx did not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(proxy)
    }
    async fn get(&self, url: String) -> Response {
        self.http.get(url).send().await.expect("an answer")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_proxy_the_plant_reaches_everything_and_the_outside_webhooks_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::demo(folder.path(), &["--speed", "10"]).await;
    let Some(proxy) = Proxy::before(&program).await else { return };
    let page = proxy.get(format!("{}/", proxy.inside)).await;
    assert_eq!(page.status(), StatusCode::OK);
    for once in
        ["strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options", "referrer-policy", "cache-control"]
    {
        assert_eq!(page.headers().get_all(once).iter().count(), 1, "{once}: {:?}", page.headers());
    }
    let asked = proxy.http.post(format!("{}/graphql", proxy.inside)).header(header::ORIGIN, &proxy.inside).header("x-millwright", "page");
    let asked = asked.json(&serde_json::json!({"query": "{ plants { name } }"})).send().await.expect("an answer");
    assert!(asked.text().await.expect("a text").contains("Demo plant"));

    let subscription =
        proxy.http.get(format!("{}/graphql/ws", proxy.inside)).header(header::UPGRADE, "websocket").header(header::CONNECTION, "Upgrade");
    let subscription = subscription.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let subscription = subscription.header("sec-websocket-protocol", "graphql-transport-ws").header(header::ORIGIN, &proxy.inside);
    assert_eq!(subscription.send().await.expect("an answer").status(), StatusCode::SWITCHING_PROTOCOLS);

    for hidden in ["/metrics", "/webhooks/github"] {
        assert_eq!(proxy.get(format!("{}{hidden}", proxy.inside)).await.status(), StatusCode::NOT_FOUND, "{hidden}");
    }
    for hidden in ["/", "/graphql", "/health", "/metrics", "/webhooks/../graphql"] {
        assert_eq!(proxy.get(format!("{}{hidden}", proxy.outside)).await.status(), StatusCode::NOT_FOUND, "{hidden}");
    }
    // The program's own word: nobody listens for GitHub in a demo, and it says so in JSON.
    let delivery = proxy.http.post(format!("{}/webhooks/github", proxy.outside)).body("{}").send().await.expect("an answer");
    assert!(delivery.headers()[header::CONTENT_TYPE].to_str().is_ok_and(|kind| kind.contains("json")), "{delivery:?}");
    assert_eq!(proxy.get(proxy.plain.clone()).await.status(), StatusCode::MOVED_PERMANENTLY);
}
