//! A browser driven from outside: chromedriver, spoken to in W3C WebDriver, as far as these tests need it. It waits by itself for
//! what is looked for, so nothing here sleeps.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// How long the driver looks for something before it is not there; long, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What runs chromedriver. The end of its input is the end of the test, however that comes; then the whole group ends, the
/// browsers with it.
const KEEPER: &str = r#"
trap 'true' TERM
chromedriver --port=0 2>&1 &
cat > /dev/null
kill -TERM 0
wait
"#;

/// chromedriver, running.
struct Driver {
    _keeper: Child,
    port: u16,
}

impl Driver {
    /// The one of this test program. It is never dropped: it ends with the program.
    fn shared() -> &'static Self {
        static DRIVER: OnceLock<Driver> = OnceLock::new();
        DRIVER.get_or_init(|| {
            let mut command = Command::new("sh");
            command.args(["-c", KEEPER]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut keeper = command.spawn().unwrap();
            let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
            let started = "started successfully on port ";
            let port = lines.find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once(started)?;
                port.trim_end_matches('.').parse().ok()
            });
            let port = port.expect(
                "chromedriver does not start: `cargo xtask setup`, or `apt-get install chromium-driver`",
            );
            // It goes on to write: somebody has to read.
            std::thread::spawn(move || lines.for_each(drop));
            Self { _keeper: keeper, port }
        })
    }
}

/// A browser with a profile of its own.
pub(crate) struct Browser {
    agent: ureq::Agent,
    session: String,
    _profile: TempDir,
}

/// An element on the page that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Element(String);

/// A WebDriver command that failed: its error's name, and what it said.
#[derive(Debug)]
struct Wrong {
    error: String,
    message: String,
}

impl Browser {
    pub(crate) fn open() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let folder = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--lang=en-GB",
            "--window-size=1280,900",
            "--force-prefers-reduced-motion",
            &folder,
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "implicit": PATIENCE.as_millis(), "pageLoad": PATIENCE.as_millis(), "script": PATIENCE.as_millis() },
            "webauthn:virtualAuthenticators": true,
        } } });
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(3 * PATIENCE))
            .build()
            .into();
        let base = format!("http://127.0.0.1:{}/session", Driver::shared().port);
        let mut browser = Self { agent, session: base, _profile: profile };
        let made =
            browser.call("POST", "", Some(&wanted)).unwrap_or_else(|wrong| panic!("no browser: {wrong:?}"));
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap());
        browser
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Wrong> {
        let address = format!("{}{path}", self.session);
        let answer = match (method, body) {
            ("GET", _) => self.agent.get(&address).call(),
            ("DELETE", _) => self.agent.delete(&address).call(),
            (_, body) => self.agent.post(&address).send(body.unwrap_or(&json!({})).to_string()),
        };
        let text = answer.unwrap().body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let value = value["value"].take();
        match value.get("error").and_then(Value::as_str) {
            Some(error) => Err(Wrong {
                error: error.to_owned(),
                message: value["message"].as_str().unwrap_or_default().to_owned(),
            }),
            None => Ok(value),
        }
    }

    fn get(&self, path: &str) -> Value {
        self.call("GET", path, None).unwrap_or_else(|wrong| panic!("{path}: {wrong:?}"))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, Some(body))
            .unwrap_or_else(|wrong| panic!("{path}: {wrong:?} at {}", self.address()))
    }

    pub(crate) fn go(&self, address: &str) {
        self.post("/url", &json!({ "url": address }));
    }

    pub(crate) fn address(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    /// Looks for an element until it is there.
    pub(crate) fn find(&self, css: &str) -> Element {
        self.found("", css)
    }

    fn found(&self, within: &str, css: &str) -> Element {
        let by = json!({ "using": "css selector", "value": css });
        match self.call("POST", &format!("{within}/element"), Some(&by)) {
            Ok(found) => Element(found[ELEMENT].as_str().unwrap().to_owned()),
            Err(wrong) => {
                panic!("no `{css}` at {}: {} {}\n{}", self.address(), wrong.error, wrong.message, self.text())
            }
        }
    }

    /// Whether it is there now.
    pub(crate) fn has(&self, css: &str) -> bool {
        self.run("return document.querySelector(arguments[0]) !== null", &[json!(css)]) == json!(true)
    }

    pub(crate) fn click(&self, element: &Element) {
        self.post(&format!("/element/{}/click", element.0), &json!({}));
    }

    /// Clicks on what leads to another page, and waits until that one is there.
    pub(crate) fn follow(&self, element: &Element) {
        self.mark();
        self.click(element);
        self.arrived();
    }

    /// Marks the page that is shown, so that the next one can be told from it.
    pub(crate) fn mark(&self) {
        self.run("document.documentElement.setAttribute('data-before', '')", &[]);
    }

    /// Waits for a page without the mark, and for all of it.
    pub(crate) fn arrived(&self) {
        self.find("html:not([data-before]) body");
        let loaded = "const done = arguments[0]; \
            document.readyState === 'complete' ? done() : addEventListener('load', () => done())";
        self.run_async(loaded);
    }

    /// Types, or chooses a file by its path.
    pub(crate) fn type_in(&self, element: &Element, text: &str) {
        self.post(&format!("/element/{}/value", element.0), &json!({ "text": text }));
    }

    pub(crate) fn clear(&self, element: &Element) {
        self.post(&format!("/element/{}/clear", element.0), &json!({}));
    }

    /// A key, wherever the focus is.
    pub(crate) fn press(&self, keys: &str) {
        let each = keys.chars().flat_map(|key| {
            [
                json!({ "type": "keyDown", "value": key.to_string() }),
                json!({ "type": "keyUp", "value": key.to_string() }),
            ]
        });
        let actions: Vec<Value> = each.collect();
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        );
    }

    /// Runs a script in the page.
    pub(crate) fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Runs a script that calls its first argument when it is done.
    pub(crate) fn run_async(&self, script: &str) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// What a person sees of the page.
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText", &[]).as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn property(&self, element: &Element, name: &str) -> Value {
        self.get(&format!("/element/{}/property/{name}", element.0))
    }

    /// Opens another tab of the same browser, and goes there. Gives the one that was left.
    pub(crate) fn another_tab(&self) -> String {
        let old = self.get("/window").as_str().unwrap().to_owned();
        let new = self.post("/window/new", &json!({ "type": "tab" }));
        self.turn_to(new["handle"].as_str().unwrap());
        old
    }

    pub(crate) fn turn_to(&self, tab: &str) {
        self.post("/window", &json!({ "handle": tab }));
    }

    pub(crate) fn resize(&self, width: u32, height: u32) {
        // A window cannot be as narrow as a telephone; what it emulates can.
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Whether it is dark, and whether it is paper.
    pub(crate) fn media(&self, scheme: &str, medium: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "media": medium, "features": features }));
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// A picture of the whole page.
    pub(crate) fn picture(&self, to: &Path) {
        let shot = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        std::fs::write(to, base64(shot["data"].as_str().unwrap())).unwrap();
    }

    /// A passkey that lies in this browser and asks nobody.
    pub(crate) fn authenticator(&self) {
        let wanted = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        });
        self.post("/webauthn/authenticator", &wanted);
    }

    /// What the browser complained of since it was asked last: errors of scripts, violations of the policy, what did not load.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let said = self.post("/se/log", &json!({ "type": "browser" }));
        let said = said.as_array().unwrap().iter();
        said.map(|one| format!("{}: {}", one["level"].as_str().unwrap(), one["message"].as_str().unwrap()))
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.call("DELETE", "", None);
    }
}

/// The bytes of a picture.
fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.bytes().filter(|byte| *byte != b'=').map(value).collect();
    let group = |four: &[u32]| {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
        bits.to_be_bytes()[1..four.len()].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}
