//! Headless Chromium, driven by its own `DevTools` protocol: a page is looked at and clicked as a person would.

#![expect(clippy::disallowed_methods, reason = "a browser lives in the machine's time")]

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::BASE64;
use masa_tests::tools::{self, Server};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// How long anything on a page may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// A running browser and the connection to it.
pub(crate) struct Chrome {
    socket: WebSocket<TcpStream>,
    calls: u64,
    events: Vec<Value>,
    /// Dropped last, so that the connection closes first.
    _server: Server,
}

/// A tab, or a frame in a process of its own: the id of the session that is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page(String);

/// A point of a tab, in CSS pixels from its upper left corner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    x: f64,
    y: f64,
}

impl Point {
    /// The point as seen from where `corner` is measured.
    pub(crate) fn moved(self, corner: Self) -> Self {
        Self { x: self.x + corner.x, y: self.y + corner.y }
    }
}

impl Chrome {
    /// Starts Chromium with an empty profile below `folder`. It can reach this machine and nothing else.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let program = tools::chromium()?;
        let profile = folder.join("profile");
        let command = |_| {
            let mut command = Command::new(program);
            command
                .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
                .args(["--no-first-run", "--disable-background-networking"])
                .args(["--disable-component-update", "--disable-sync", "--lang=en-GB"])
                .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
                .arg(format!("--user-data-dir={}", profile.display()))
                .args(["--remote-debugging-port=0", "about:blank"]);
            command
        };
        // The port that it chose and the path of its own target: the file is there when both are.
        let chosen = || fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        let log = folder.join("chromium.log");
        let server = Server::start(&log, Duration::from_secs(60), command, |_| {
            chosen().contains("/devtools/")
        })?;
        let chosen = chosen();
        let (port, path) = chosen.split_once('\n').context("Chromium names no path")?;
        let address = format!("ws://127.0.0.1:{port}{}", path.trim_end());
        let stream = TcpStream::connect(("127.0.0.1", port.parse()?))?;
        stream.set_read_timeout(Some(PATIENCE + Duration::from_secs(10)))?;
        let (socket, _) = tungstenite::client(address, stream).context("no DevTools connection")?;
        Ok(Self { socket, calls: 0, events: Vec::new(), _server: server })
    }

    /// Opens `url` in a new tab of `width` × `height` CSS pixels.
    pub(crate) fn open(&mut self, url: &str, width: u32, height: u32) -> Result<Page> {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }))?;
        let page = self.attach(text(&target, "targetId")?)?;
        self.resize(&page, width, height)?;
        self.call(Some(&page), "Page.navigate", json!({ "url": url }))?;
        self.wait(&page, "document.readyState === 'complete' && location.href !== 'about:blank'")?;
        Ok(page)
    }

    /// The tab that a link opened, whose address contains `part`.
    pub(crate) fn opened(&mut self, part: &str) -> Result<Page> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let targets = self.call(None, "Target.getTargets", json!({}))?;
            let infos = targets["targetInfos"].as_array().cloned().unwrap_or_default();
            let there = |info: &&Value| info["url"].as_str().is_some_and(|url| url.contains(part));
            if let Some(info) = infos.iter().filter(|info| info["type"] == "page").find(there) {
                let page = self.attach(text(info, "targetId")?)?;
                self.wait(&page, "document.readyState === 'complete'")?;
                return Ok(page);
            }
            sleep(PAUSE);
        }
        bail!("no tab was opened whose address has {part}")
    }

    fn attach(&mut self, target: &str) -> Result<Page> {
        let attached = self.call(
            None,
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
        )?;
        let page = Page(text(&attached, "sessionId")?.to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            self.call(Some(&page), domain, json!({}))?;
        }
        let frames =
            json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        self.call(Some(&page), "Target.setAutoAttach", frames)?;
        Ok(page)
    }

    /// Gives the tab another size.
    pub(crate) fn resize(&mut self, page: &Page, width: u32, height: u32) -> Result<()> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call(Some(page), "Emulation.setDeviceMetricsOverride", size)?;
        Ok(())
    }

    /// Light or dark, as the reader's system asks for it; without motion, so that a picture shows what stays.
    pub(crate) fn scheme(&mut self, page: &Page, scheme: &str) -> Result<()> {
        let colours = json!({ "name": "prefers-color-scheme", "value": scheme });
        let motion = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let features = json!({ "features": [colours, motion] });
        self.call(Some(page), "Emulation.setEmulatedMedia", features)?;
        Ok(())
    }

    /// The value of a JavaScript expression.
    pub(crate) fn evaluate(&mut self, page: &Page, expression: &str) -> Result<Value> {
        let asked =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let done = self.call(Some(page), "Runtime.evaluate", asked)?;
        if let Some(failed) = done.get("exceptionDetails") {
            bail!(
                "{expression}\n{}",
                failed["exception"]["description"].as_str().unwrap_or("threw")
            );
        }
        Ok(done["result"]["value"].clone())
    }

    /// Waits until an expression is true, and returns its value. Asked again and again from here: a frame without
    /// scripts has no timers, and a page that is just being replaced has no answer.
    pub(crate) fn wait(&mut self, page: &Page, expression: &str) -> Result<Value> {
        let start = Instant::now();
        loop {
            let answer = self.evaluate(
                page,
                &format!("(() => {{ try {{ return {expression}; }} catch {{ }} }})()"),
            );
            match answer {
                Ok(value) if !is_false(&value) => return Ok(value),
                Err(error) if start.elapsed() > PATIENCE => {
                    return Err(error.context(format!("waited for: {expression}")));
                }
                Ok(_) if start.elapsed() > PATIENCE => bail!("never came true: {expression}"),
                Ok(_) | Err(_) => sleep(PAUSE),
            }
        }
    }

    /// Waits for an element, scrolls to it, and clicks into its middle with the mouse.
    pub(crate) fn click(&mut self, page: &Page, selector: &str) -> Result<()> {
        let point = self.middle(page, selector)?;
        self.click_at(page, point)
    }

    /// Where the middle of an element is, once it is there and can be clicked.
    pub(crate) fn middle(&mut self, page: &Page, selector: &str) -> Result<Point> {
        let selector = json!(selector);
        self.wait(page, &format!("(() => {{ const node = document.querySelector({selector}); \
             if (!node || node.disabled) return false; node.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             return node.getClientRects().length > 0; }})()"))?;
        let place = "[box.x + box.width / 2, box.y + box.height / 2]";
        let node = format!("document.querySelector({selector})");
        self.point(page, &format!("((box) => {place})({node}.getClientRects()[0])"))
    }

    /// Where the inside of a frame begins.
    pub(crate) fn corner(&mut self, page: &Page, selector: &str) -> Result<Point> {
        let node = format!("document.querySelector({})", json!(selector));
        let place = "[box.x + node.clientLeft, box.y + node.clientTop]";
        self.point(
            page,
            &format!("((node, box) => {place})({node}, {node}.getBoundingClientRect())"),
        )
    }

    fn point(&mut self, page: &Page, expression: &str) -> Result<Point> {
        let place = self.evaluate(page, expression)?;
        let axis = |index: usize| {
            place.get(index).and_then(Value::as_f64).context("an element without a place")
        };
        Ok(Point { x: axis(0)?, y: axis(1)? })
    }

    /// Brings a tab before the others: one behind another takes no mouse.
    pub(crate) fn front(&mut self, page: &Page) -> Result<()> {
        self.call(Some(page), "Page.bringToFront", json!({}))?;
        Ok(())
    }

    /// Waits until the tab has been drawn as it is now.
    pub(crate) fn drawn(&mut self, page: &Page) -> Result<()> {
        let drawn =
            "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))";
        self.evaluate(page, drawn).map(drop)
    }

    /// A click with the left button.
    pub(crate) fn click_at(&mut self, page: &Page, point: Point) -> Result<()> {
        self.front(page)?;
        for (kind, button, count) in
            [("mouseMoved", "none", 0), ("mousePressed", "left", 1), ("mouseReleased", "left", 1)]
        {
            let (x, y) = (point.x, point.y);
            let event =
                json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": count });
            self.call(Some(page), "Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// The frame in a process of its own, as a sandboxed one is, whose document contains `part` of a text.
    pub(crate) fn frame(&mut self, part: &str) -> Result<Page> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            // Any call reads the events that came meanwhile.
            self.call(None, "Target.getTargets", json!({}))?;
            let attached = self.events.iter().rfind(|event| {
                event["method"] == "Target.attachedToTarget"
                    && event["params"]["targetInfo"]["type"] == "iframe"
            });
            if let Some(session) = attached.and_then(|event| event["params"]["sessionId"].as_str())
            {
                let frame = Page(session.to_owned());
                let there = self.evaluate(
                    &frame,
                    &format!("document.body.innerText.includes({})", json!(part)),
                );
                // A frame that was just replaced can't answer.
                if there.is_ok_and(|there| there == true) {
                    return Ok(frame);
                }
            }
            sleep(PAUSE);
        }
        bail!("no frame shows {part}")
    }

    /// A picture of what the tab shows, as PNG at `path`.
    pub(crate) fn screenshot(&mut self, page: &Page, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let picture =
            self.call(Some(page), "Page.captureScreenshot", json!({ "format": "png" }))?;
        fs::write(path, BASE64.decode(text(&picture, "data")?.as_bytes())?)?;
        Ok(())
    }

    /// The addresses that `page` asked for so far.
    pub(crate) fn requests(&self, page: &Page) -> Vec<String> {
        let sent = self.of(page, "Network.requestWillBeSent");
        sent.filter_map(|event| event["params"]["request"]["url"].as_str())
            .map(str::to_owned)
            .collect()
    }

    /// What went wrong on `page` so far: exceptions, and errors that its console shows.
    pub(crate) fn complaints(&self, page: &Page) -> Vec<String> {
        let thrown =
            self.of(page, "Runtime.exceptionThrown").map(|event| event["params"].to_string());
        let logged = self
            .of(page, "Log.entryAdded")
            .filter(|event| event["params"]["entry"]["level"] == "error");
        let called = self
            .of(page, "Runtime.consoleAPICalled")
            .filter(|event| event["params"]["type"] == "error");
        thrown.chain(logged.chain(called).map(|event| event["params"].to_string())).collect()
    }

    fn of<'a>(&'a self, page: &'a Page, method: &'static str) -> impl Iterator<Item = &'a Value> {
        self.events
            .iter()
            .filter(move |event| event["method"] == method && event["sessionId"] == page.0.as_str())
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
                self.events.push(answer);
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

/// As JavaScript has it.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().with_context(|| format!("the browser told no {name}"))
}
