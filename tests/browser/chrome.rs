//! Headless Chromium, driven by its own DevTools protocol: a page is looked at and clicked as a person would.

use std::{collections::VecDeque, fs, net::TcpStream, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::BASE64;
use masa_tests::{
    http,
    tools::{self, Server},
};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// How long anything on a page may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running browser and the connection to it.
pub struct Chrome {
    socket: WebSocket<TcpStream>,
    calls: u64,
    events: VecDeque<Value>,
    /// Dropped last, so that the connection closes first.
    _server: Server,
}

/// A tab, or a frame in a process of its own: the id of the session that is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page(String);

/// A point of a tab, in CSS pixels from its upper left corner.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    x: f64,
    y: f64,
}

impl Point {
    /// The point that lies this much further to the right and below.
    pub fn moved(self, right: f64, down: f64) -> Self {
        Self { x: self.x + right, y: self.y + down }
    }
}

impl Chrome {
    /// Starts Chromium with an empty profile below `folder`. It can reach this machine and nothing else.
    pub fn start(folder: &Path) -> Result<Self> {
        let program = tools::chromium()?;
        let command = |port: u16| {
            let mut command = Command::new(program);
            command
                .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
                .args(["--no-first-run", "--disable-background-networking"])
                .args(["--disable-component-update", "--disable-sync", "--lang=en-GB"])
                .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
                .arg(format!("--user-data-dir={}", folder.join("profile").display()))
                .arg(format!("--remote-debugging-port={port}"))
                .arg("about:blank");
            command
        };
        let ready = |port| http::get(port, "/json/version").is_ok_and(|answer| answer.status == 200);
        let log = folder.join("chromium.log");
        let server = Server::start(&log, Duration::from_secs(60), command, ready)?;
        let version: Value = serde_json::from_slice(&http::get(server.port(), "/json/version")?.body)?;
        let address = text(&version, "webSocketDebuggerUrl")?;
        let stream = TcpStream::connect(("127.0.0.1", server.port()))?;
        stream.set_read_timeout(Some(PATIENCE + Duration::from_secs(10)))?;
        let (socket, _) = tungstenite::client(address, stream).context("no DevTools connection")?;
        let mut chrome = Self { socket, calls: 0, events: VecDeque::new(), _server: server };
        chrome.call(None, "Target.setDiscoverTargets", json!({ "discover": true }))?;
        Ok(chrome)
    }

    /// Opens `url` in a new tab of `width` × `height` CSS pixels.
    pub fn open(&mut self, url: &str, width: u32, height: u32) -> Result<Page> {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }))?;
        let page = self.attach(text(&target, "targetId")?)?;
        self.resize(&page, width, height)?;
        self.call(Some(&page), "Page.navigate", json!({ "url": url }))?;
        self.wait(&page, "document.readyState === 'complete' && location.href !== 'about:blank'")?;
        Ok(page)
    }

    /// The tab that a link opened, whose address contains `part`.
    pub fn opened(&mut self, part: &str) -> Result<Page> {
        let matches = |info: &Value| info["type"] == "page" && info["url"].as_str().is_some_and(|url| url.contains(part));
        loop {
            let targets = self.call(None, "Target.getTargets", json!({}))?;
            let infos = targets["targetInfos"].as_array().cloned().unwrap_or_default();
            if let Some(info) = infos.iter().find(|info| matches(info)) {
                let page = self.attach(text(info, "targetId")?)?;
                self.wait(&page, "document.readyState === 'complete'")?;
                return Ok(page);
            }
            // A change of any tab is told; without one in time, reading ends with an error.
            self.event(|event| event["method"].as_str().is_some_and(|name| name.starts_with("Target.target")))
                .with_context(|| format!("no tab was opened whose address has {part}"))?;
        }
    }

    fn attach(&mut self, target: &str) -> Result<Page> {
        let attached = self.call(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true }))?;
        let page = Page(text(&attached, "sessionId")?.to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            self.call(Some(&page), domain, json!({}))?;
        }
        let frames = json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        self.call(Some(&page), "Target.setAutoAttach", frames)?;
        Ok(page)
    }

    /// Gives the tab another size.
    pub fn resize(&mut self, page: &Page, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call(Some(page), "Emulation.setDeviceMetricsOverride", size)?;
        Ok(())
    }

    /// Light or dark, as the reader's system asks for it.
    pub fn scheme(&mut self, page: &Page, scheme: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call(Some(page), "Emulation.setEmulatedMedia", features)?;
        Ok(())
    }

    /// The value of a JavaScript expression.
    pub fn evaluate(&mut self, page: &Page, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let done = self.call(Some(page), "Runtime.evaluate", asked)?;
        if let Some(failed) = done.get("exceptionDetails") {
            bail!("{expression}\n{}", failed["exception"]["description"].as_str().unwrap_or("threw"));
        }
        Ok(done["result"]["value"].clone())
    }

    /// Waits until an expression is true, and returns its value.
    pub fn wait(&mut self, page: &Page, expression: &str) -> Result<Value> {
        let limit = PATIENCE.as_millis();
        let look = format!(
            "new Promise((yes, no) => {{ const end = Date.now() + {limit}; (function look() {{ let value = null; \
             try {{ value = ({expression}); }} catch {{ }} \
             if (value) yes(value); else if (Date.now() > end) no(new Error('never came true')); \
             else setTimeout(look, 40); }})(); }})"
        );
        self.evaluate(page, &look).with_context(|| format!("waited for: {expression}"))
    }

    /// Waits for an element, scrolls to it, and clicks into its middle with the mouse.
    pub fn click(&mut self, page: &Page, selector: &str) -> Result<()> {
        let point = self.middle(page, selector)?;
        self.click_at(page, point)
    }

    /// Where the middle of an element is, once it is there and can be clicked.
    pub fn middle(&mut self, page: &Page, selector: &str) -> Result<Point> {
        let selector = json!(selector);
        self.wait(page, &format!("(() => {{ const node = document.querySelector({selector}); \
             if (!node || node.disabled) return false; node.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             return node.getClientRects().length > 0; }})()"))?;
        let place = self.evaluate(page, &format!("(() => {{ const box = document.querySelector({selector}).getClientRects()[0]; \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"))?;
        let axis = |index: usize| place.get(index).and_then(Value::as_f64).context("an element without a place");
        Ok(Point { x: axis(0)?, y: axis(1)? })
    }

    /// A click with the left button.
    pub fn click_at(&mut self, page: &Page, point: Point) -> Result<()> {
        for (kind, button, count) in [("mouseMoved", "none", 0), ("mousePressed", "left", 1), ("mouseReleased", "left", 1)] {
            let (x, y) = (point.x, point.y);
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": count });
            self.call(Some(page), "Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// The session of the frame in its own process whose document contains `part` of a text.
    pub fn frame(&mut self, part: &str) -> Result<Page> {
        loop {
            let attached: Vec<Page> = self
                .events
                .iter()
                .filter(|event| event["method"] == "Target.attachedToTarget")
                .filter(|event| event["params"]["targetInfo"]["type"] == "iframe")
                .filter_map(|event| Some(Page(event["params"]["sessionId"].as_str()?.to_owned())))
                .collect();
            for frame in attached.into_iter().rev() {
                // A frame that was replaced meanwhile can't answer.
                let there = self.evaluate(&frame, &format!("document.body.innerText.includes({})", json!(part)));
                if there.is_ok_and(|there| there == true) {
                    return Ok(frame);
                }
            }
            self.event(|event| event["method"] == "Target.attachedToTarget" || event["method"] == "Page.frameStoppedLoading")
                .with_context(|| format!("no frame shows {part}"))?;
        }
    }

    /// A picture of what the tab shows, as PNG at `path`.
    pub fn screenshot(&mut self, page: &Page, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let picture = self.call(Some(page), "Page.captureScreenshot", json!({ "format": "png" }))?;
        fs::write(path, BASE64.decode(text(&picture, "data")?.as_bytes())?)?;
        Ok(())
    }

    /// The addresses that `page` asked for so far.
    pub fn requests(&self, page: &Page) -> Vec<String> {
        let sent = self.of(page, "Network.requestWillBeSent");
        sent.filter_map(|event| event["params"]["request"]["url"].as_str()).map(str::to_owned).collect()
    }

    /// What went wrong on `page` so far: exceptions, and errors that its console shows.
    pub fn complaints(&self, page: &Page) -> Vec<String> {
        let thrown = self.of(page, "Runtime.exceptionThrown").map(|event| event["params"].to_string());
        let logged = self.of(page, "Log.entryAdded").filter(|event| event["params"]["entry"]["level"] == "error");
        let called = self.of(page, "Runtime.consoleAPICalled").filter(|event| event["params"]["type"] == "error");
        thrown.chain(logged.chain(called).map(|event| event["params"].to_string())).collect()
    }

    fn of<'a>(&'a self, page: &'a Page, method: &'static str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["method"] == method && event["sessionId"] == page.0.as_str())
    }

    /// Reads on until an event comes that is `wanted`.
    fn event(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        loop {
            let event = self.read()?;
            let found = wanted(&event);
            self.events.push_back(event);
            if found {
                return Ok(());
            }
        }
    }

    fn call(&mut self, page: Option<&Page>, method: &str, params: Value) -> Result<Value> {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": params });
        if let Some(page) = page {
            call["sessionId"] = json!(page.0);
        }
        self.socket.send(Message::text(call.to_string()))?;
        loop {
            let answer = self.read().with_context(|| format!("{method} got no answer"))?;
            if answer["id"] != id {
                self.events.push_back(answer);
                continue;
            }
            ensure!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
            return Ok(answer["result"].clone());
        }
    }

    fn read(&mut self) -> Result<Value> {
        loop {
            if let Message::Text(message) = self.socket.read()? {
                return Ok(serde_json::from_str(&message)?);
            }
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().with_context(|| format!("the browser told no {name}"))
}
