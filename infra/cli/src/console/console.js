// The developer console: everything that `masa dev` shows a person. Whatever comes from outside is
// set as text, never as markup; a mail's own markup lives in a sandboxed frame.

const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const POLL_MS = 2500;
const $ = (id) => document.getElementById(id);

const PEOPLE = [
  { first_name: "נועה", email: "noa@example.com", phone: "+972505550101", language: "he" },
  { first_name: "Daniel", email: "daniel@example.com", phone: "+972505550102", language: "en" },
  { first_name: "תמר", email: "tamar@example.com", phone: "+972505550103", language: "he" },
  { first_name: "Ruth", email: "ruth@example.com", phone: "+972505550104", language: "en" },
  { first_name: "עומר", email: "omer@example.com", phone: "+972505550105", language: "he" },
  { first_name: "", email: "someone@example.com", phone: "", language: "he" },
];

const PRODUCTS = {
  verbena: { he: "לואיזה מהשדה", en: "Field Verbena", price: "38.00" },
  jacqueline: { he: "הטעות של ז׳קלין", en: "Jacqueline’s Mistake", price: "46.00" },
  savory: { he: "זוטא לבנה", en: "White Savory", price: "34.00" },
};

const view = { language: "en", overview: null, outbox: [], contacts: [], story: null, mail: null, person: null, drawn: {} };

// ---- words

function t(key, values = {}) {
  const text = TEXTS[view.language][key] ?? key;
  // What is put in stands in an isolate of its own direction.
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? `\u2068${values[name]}\u2069` : whole));
}

/** A line of a story in the reader's language; what isn't known stays as it was told. */
function told(what) {
  const words = TEXTS[view.language].story;
  if (words[what]) return words[what];
  const start = Object.keys(words).find((key) => key.endsWith(": ") && what.startsWith(key));
  if (!start) return what;
  const rest = what.slice(start.length);
  return words[start] + (words[rest] ?? rest);
}

function remembered(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* A browser that keeps nothing still shows everything. */ }
}

function speak(language) {
  view.language = language;
  remember("masa.language", language);
  document.documentElement.lang = language;
  document.documentElement.dir = language === "he" ? "rtl" : "ltr";
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const name of ["en", "he"]) $(`lang-${name}`).setAttribute("aria-pressed", String(name === language));
  document.title = t("brand");
  $("status").textContent = "";
  drawPeopleChoice();
  draw();
}

function moment(at) {
  const options = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(view.language === "he" ? "he-IL" : "en-GB", options).format(new Date(at));
}

function away(at) {
  const seconds = (new Date(at) - new Date(view.overview.now)) / 1000;
  const [unit, size] = Math.abs(seconds) < 5400 ? ["minute", 60] : Math.abs(seconds) < 172800 ? ["hour", 3600] : ["day", 86400];
  return new Intl.RelativeTimeFormat(view.language, { numeric: "always" }).format(Math.round(seconds / size), unit);
}

// ---- nodes

function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "on") node.addEventListener("click", value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Text in a paragraph whose direction is its own. */
function auto(text, tag = "span", properties = {}) {
  return el(tag, { dir: "auto", ...properties }, text);
}

function ltr(text, properties = {}) {
  return el("span", { dir: "ltr", ...properties }, text);
}

/** Plain text whose web addresses can be followed. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, part) : part);
}

// ---- the server

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", ...options });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

async function refresh() {
  const person = view.person;
  const [overview, outbox, contacts, story] = await Promise.all([
    ask("/dev/overview.json"),
    ask("/dev/outbox.json"),
    ask("/dev/contacts.json"),
    person ? ask(`/dev/contacts/${encodeURIComponent(person)}.json`).catch(() => null) : null,
  ]);
  // Somebody else was chosen meanwhile, and a younger refresh is under way.
  if (person !== view.person) return;
  Object.assign(view, { overview, story, outbox: outbox.messages, contacts: contacts.contacts });
  draw();
}

/** Whether a part changed since it was drawn: a redrawn row loses the click that is on its way. */
function changed(part, ...inputs) {
  const drawn = JSON.stringify([view.language, ...inputs]);
  if (view.drawn[part] === drawn) return false;
  view.drawn[part] = drawn;
  return true;
}

/** Does something on a person's request: one at a time, with its outcome in the status line. */
async function act(work) {
  if (document.body.dataset.busy === "yes") return;
  document.body.dataset.busy = "yes";
  try {
    const outcome = await work();
    await refresh();
    if (outcome) $("status").textContent = outcome;
  } catch (error) {
    console.error(error);
    $("status").textContent = t("no_server");
  } finally {
    document.body.dataset.busy = "no";
  }
}

// ---- the demo shop

const value = (id) => $(id).value.trim();

function whoIsIt() {
  const who = {};
  for (const name of ["email", "phone", "first_name", "language"]) if (value(name)) who[name] = value(name);
  return who;
}

function show(request, status, response) {
  const headers = Object.entries(request.headers ?? {}).map(([name, text]) => `${name}: ${text}`).join("\n");
  const pretty = (body) => (typeof body === "string" ? body : JSON.stringify(body, null, 2));
  $("exchange").hidden = false;
  $("answer").textContent = `POST ${request.path} → ${status}`;
  $("answer").dataset.ok = status === 200 ? "yes" : "no";
  $("request").textContent = `POST ${request.path}\n${headers}\n\n${pretty(request.body)}`;
  $("response").textContent = `${status}\n\n${pretty(response)}`;
  if (status !== 200) return t("turned_down", { status });
  return t(response?.duplicate ? "duplicate" : "accepted");
}

/** A webhook, signed and sent by the server as a store's own server would. */
async function hook(what, body) {
  const done = await post("/dev/shop", { do: what, body });
  if (done.status === 200) view.person = body.email ?? body.contact?.email ?? body.phone ?? view.person;
  return show(done.request, done.status, done.response);
}

function signUp() {
  const consent = { email: $("consent_email").checked, sms: $("consent_sms").checked, text: t("words") };
  const lists = value("list").split(/[\s,]+/).filter(Boolean);
  return hook("signup", { ...whoIsIt(), lists, consent });
}

function buy() {
  const { email, phone, language } = whoIsIt();
  const product = value("product");
  const known = PRODUCTS[product];
  const price = known?.price ?? "10.00";
  const quantity = Number(value("quantity")) || 1;
  return hook("purchase", {
    order_id: `D${Date.now().toString(36).toUpperCase()}`,
    email, phone, currency: "ILS",
    total: (Number(price) * quantity).toFixed(2),
    items: [{ product_id: product, name: known?.[language] ?? product, quantity, price }],
  });
}

/** A public form, posted from this page as from any other. */
async function fillForm() {
  const fields = whoIsIt();
  if (!$("form-consent").hidden && $("form_consent").checked) Object.assign(fields, { consent: "yes", consent_sms: "yes" });
  const path = `/forms/${encodeURIComponent(value("form"))}`;
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  const body = new URLSearchParams(fields).toString();
  const answer = await fetch(path, { method: "POST", headers, body, credentials: "omit" });
  const text = await answer.text();
  let response = text;
  try { response = JSON.parse(text); } catch { /* Shown as it came. */ }
  if (answer.ok) view.person = fields.email ?? fields.phone ?? view.person;
  return show({ path, headers, body }, answer.status, response);
}

function drawPeopleChoice() {
  const chosen = $("person").selectedIndex;
  $("person").replaceChildren(...PEOPLE.map((one) => el("option", {}, one.first_name || t("unnamed"))));
  $("person").selectedIndex = Math.max(chosen, 0);
}

function choosePerson() {
  for (const [name, text] of Object.entries(PEOPLE[$("person").selectedIndex])) $(name).value = text;
}

function drawForms() {
  const names = Object.keys(view.overview.forms ?? {});
  if ([...$("form").options].map((option) => option.value).join() !== names.join()) {
    $("form").replaceChildren(...names.map((name) => el("option", { value: name }, name)));
  }
  $("fill").hidden = names.length === 0;
  const consent = view.overview.forms?.[$("form").value]?.consent ?? {};
  const words = consent[view.language] ?? Object.values(consent)[0];
  $("words").textContent = words ?? "";
  $("form-consent").hidden = Boolean(words);
}

// ---- the clock

async function advance(body) {
  if (body.next && !view.overview?.next_due) return t("nothing_due");
  const { fired } = await post("/dev/clock", body);
  return t("ran", { n: Array.isArray(fired) ? fired.length : (fired ?? 0) });
}

function nameOf(contact) {
  const one = view.contacts.find((other) => other.id === contact || other.email === contact);
  return one?.first_name || one?.email || one?.phone || contact;
}

function drawClock() {
  const { now, waiting, shop } = view.overview;
  $("now").textContent = moment(now);
  $("now").dateTime = now;
  $("next").disabled = !view.overview.next_due;
  const name = typeof shop?.name === "string" ? shop.name : (shop?.name?.[view.language] ?? Object.values(shop?.name ?? {})[0] ?? "");
  $("of").textContent = name;
  const due = [...waiting].sort((a, b) => new Date(a.until) - new Date(b.until));
  $("waiting").replaceChildren(...due.map((one) =>
    el("li", { title: moment(one.until) },
      el("b", {}, away(one.until)), auto(nameOf(one.contact)), ltr(t("until", one), { class: "soft" }))));
  if (due.length === 0) $("waiting").append(el("li", { class: "none" }, t("nobody_waits")));
}

// ---- the outbox

function drawOutbox() {
  $("mail-count").textContent = view.outbox.length || "";
  $("no-mail").hidden = view.outbox.length > 0;
  const focused = document.activeElement?.dataset?.mail;
  $("mails").replaceChildren(...[...view.outbox].reverse().map(mailRow));
  if (focused) $("mails").querySelector(`[data-mail="${CSS.escape(focused)}"]`)?.focus();
  const mail = view.outbox.find((one) => one.id === view.mail);
  $("reader").hidden = !mail;
  if (mail) drawReader(mail);
}

function mailRow(mail) {
  const open = () => { view.mail = mail.id; choose(mail.to); };
  const row = el("button", {
    type: "button", on: open, "aria-pressed": String(mail.id === view.mail), "data-mail": mail.id, "data-testid": "mail",
    "data-channel": mail.channel, "data-to": mail.to, "data-flow": mail.flow, "data-step": mail.step,
  },
    el("span", { class: `icon ${mail.channel}`, "aria-hidden": "true" }),
    auto(mail.subject ?? mail.text ?? "", "span", { class: "title" }),
    el("span", { class: "soft line" }, ltr(mail.to), " · ", ltr(`${mail.flow ?? ""} · ${mail.step ?? ""}`), " · ", moment(mail.sent_at)));
  return el("li", {}, row);
}

function drawReader(mail) {
  const reader = $("reader");
  const shown = `${mail.id} ${view.language}`;
  if (reader.dataset.shown === shown) return;
  const same = reader.dataset.mail === mail.id;
  Object.assign(reader.dataset, { shown, mail: mail.id });
  if (same) {
    // A frame that is drawn or moved again fetches its pixel again: an open that nobody made.
    reader.querySelector("header").replaceWith(readerHead(mail));
    reader.querySelector("footer").replaceWith(readerFoot(mail));
    return;
  }
  reader.replaceChildren(readerHead(mail), mail.channel === "sms" ? bubble(mail) : frame(mail), readerFoot(mail));
}

function readerHead(mail) {
  const title = mail.channel === "sms" ? t("sms_to", { to: `\u2066${mail.to}\u2069` }) : mail.subject;
  return el("header", {}, el("h3", { id: "subject", "data-testid": "subject" }, el("bdi", {}, title)),
    el("p", { class: "soft" }, `${t("from")} `, ltr(mail.from ?? ""), ` · ${t("to")} `, ltr(mail.to), ` · ${moment(mail.sent_at)}`));
}

function readerFoot(mail) {
  const headers = Object.entries(mail.headers ?? {}).map(([name, text]) => `${name}: ${text}`).join("\n");
  return el("footer", {},
    mail.channel === "email" ? el("p", { class: "soft" }, t("opens_count")) : null,
    headers ? el("details", {}, el("summary", {}, t("headers")), el("pre", { dir: "ltr", tabindex: "0" }, headers)) : null,
    mail.channel === "email" && mail.text ? el("details", {}, el("summary", {}, t("text_part")), el("pre", { dir: "auto", tabindex: "0" }, ...linked(mail.text))) : null);
}

function bubble(mail) {
  const text = auto("", "p", { class: "bubble", "data-testid": "sms" });
  text.append(...linked(mail.text ?? ""));
  return el("div", { class: "phone" }, text);
}

function frame(mail) {
  const node = el("iframe", {
    title: t("mail_frame"), "data-testid": "mail-frame", referrerpolicy: "no-referrer",
    sandbox: "allow-popups allow-popups-to-escape-sandbox",
  });
  // Links leave the frame, as they leave a mail program.
  const target = '<base target="_blank">';
  const html = mail.html ?? "";
  node.srcdoc = /<head[^>]*>/i.test(html) ? html.replace(/<head[^>]*>/i, (head) => head + target) : target + html;
  node.addEventListener("load", () => refresh().catch(() => {}));
  return node;
}

// ---- people

/** Shows the story of the person with this address. */
function choose(address) {
  const one = view.contacts.find((other) => other.email === address || other.phone === address);
  view.person = one?.email ?? one?.phone ?? address;
  draw();
  act(async () => "");
}

function drawPeople() {
  $("no-people").hidden = view.contacts.length > 0;
  const focused = document.activeElement?.dataset?.person;
  $("contacts").replaceChildren(...view.contacts.map(personRow));
  if (focused) $("contacts").querySelector(`[data-person="${CSS.escape(focused)}"]`)?.focus();
  drawStory();
}

function personRow(one) {
  const address = one.email ?? one.phone ?? one.id;
  const chosen = view.person === one.email || view.person === one.phone;
  const row = el("button", { type: "button", on: () => choose(address), "aria-pressed": String(chosen), "data-person": address, "data-testid": "contact" },
    auto(one.first_name || t("unnamed"), "span", { class: "title" }),
    el("span", { class: "soft line" }, ltr(address), " · ", one.live ? t("live", { n: one.live }) : t("idle")));
  return el("li", {}, row);
}

function drawStory() {
  const { contact, runs, messages, facts } = view.story ?? {};
  if (!contact) { $("story").replaceChildren(); return; }
  const profile = contact.profile ?? {};
  const consent = ["email", "sms"].filter((channel) => lastWord(contact, channel)).map((channel) =>
    `${t(`channel_${channel}`)}: ${t(lastWord(contact, channel))}`);
  const lists = Object.keys(contact.lists ?? {});
  const fields = Object.entries(contact.fields ?? {}).map(([name, told]) => `${name} = ${JSON.stringify(told)}`);
  const pair = (name, all) => [el("dt", {}, t(name)), el("dd", {}, auto(all.length ? all.join(", ") : t("none")))];
  const journeys = [...(runs ?? [])].sort((a, b) => new Date(b.entered_at) - new Date(a.entered_at));
  $("story").dataset.email = lastWord(contact, "email") ?? "";
  $("story").dataset.person = profile.email ?? profile.phone ?? "";
  $("story").replaceChildren(
    el("h3", {}, auto(profile.first_name || profile.email || profile.phone || t("unnamed"))),
    el("dl", {}, ...pair("lists", lists), ...pair("consent", consent), ...(fields.length ? pair("fields", fields) : [])),
    el("h4", {}, t("runs")),
    ...(journeys.length ? journeys.map((run) => journey(run, messages ?? [])) : [el("p", { class: "empty" }, t("no_runs"))]),
    el("h4", {}, t("facts")),
    el("ul", { class: "facts", "data-testid": "facts" }, ...[...(facts ?? [])].reverse().map((fact) =>
      el("li", {}, el("time", { class: "soft", datetime: fact.at }, moment(fact.at)), el("span", {}, happening(fact.what))))));
}

/** What a contact said last about a channel: a refusal as young as a consent wins. */
function lastWord(contact, channel) {
  const [said, refused] = [contact.consent?.[channel], contact.refusals?.[channel]];
  if (refused && (!said || new Date(refused) >= new Date(said.at))) return "refused";
  return said?.answer;
}

function happening(what) {
  if (what.kind === "signup") return what.form ? t("fact_form", what) : t("fact_signup");
  if (what.kind === "event") return t("fact_event", what);
  return t("fact_purchase", { items: (what.items ?? []).map((item) => (item.quantity > 1 ? `${item.quantity} × ` : "") + `\u2068${item.name ?? item.product_id}\u2069`).join(", ") });
}

function journey(run, messages) {
  const { state, step, until } = run.state;
  const lines = run.story.map((entry) => storyLine(run, entry, messages));
  if (state === "waiting") lines.push(waypoint("ahead", step, t("waits", { until: moment(until) }), null, []));
  if (state === "sending") lines.push(waypoint("ahead", step, t("state_sending"), null, []));
  return el("section", { class: "run", "data-testid": "run", "data-flow": run.flow, "data-state": state, "data-how": run.state.end?.how },
    el("h5", {}, ltr(run.flow), " ", el("span", { class: `pill ${state}` }, t(`state_${state}`))),
    el("ol", { class: "road" }, ...lines));
}

function storyLine(run, entry, messages) {
  const message = messages.find((one) => one.id.run === run.id && one.step === entry.step);
  const marks = [];
  if (entry.what === "sent" && message?.opens) marks.push(el("span", { class: "pill opened", "data-testid": "opened" }, t("opened", { n: message.opens })));
  if (entry.what === "sent" && message?.clicks) marks.push(el("span", { class: "pill clicked", "data-testid": "clicked" }, t("clicked", { n: message.clicks })));
  const kind = entry.what === "sent" ? "sent" : /^(not sent|could not|failed|outcome)/.test(entry.what) ? "stopped" : /^(finished|left)/.test(entry.what) ? "end" : "";
  return waypoint(kind, entry.step, told(entry.what), entry.at, marks, entry.what);
}

function waypoint(kind, step, what, at, marks, raw) {
  return el("li", { class: kind, "data-testid": "entry", "data-step": step, "data-what": raw },
    step ? ltr(step, { class: "step" }) : null, el("span", {}, what), ...marks,
    at ? el("time", { class: "soft", datetime: at }, moment(at)) : null);
}

// ---- everything

function draw() {
  const { overview, outbox, contacts, story, mail, person } = view;
  if (!overview) return;
  if (changed("clock", overview, contacts)) { drawClock(); drawForms(); }
  if (changed("outbox", outbox, mail)) drawOutbox();
  if (changed("people", contacts, story, person)) drawPeople();
}

function submits(form, work) {
  $(form).addEventListener("submit", (event) => { event.preventDefault(); act(work); });
}

$("lang-en").addEventListener("click", () => speak("en"));
$("lang-he").addEventListener("click", () => speak("he"));
$("person").addEventListener("change", choosePerson);
$("form").addEventListener("change", drawForms);
$("hour").addEventListener("click", () => act(() => advance({ advance: "1h" })));
$("day").addEventListener("click", () => act(() => advance({ advance: "1d" })));
$("next").addEventListener("click", () => act(() => advance({ next: true })));
submits("signup", signUp);
submits("buy", buy);
submits("fill", fillForm);
submits("happen", () => hook("event", { type: value("event_type"), contact: whoIsIt(), data: {} }));
for (const [id, product] of Object.entries(PRODUCTS)) $("products").append(el("option", { value: id }, product.en));
addEventListener("focus", () => refresh().catch(() => {}));
setInterval(() => { if (!document.hidden && document.body.dataset.busy === "no") refresh().catch(() => {}); }, POLL_MS);

speak(remembered("masa.language") ?? (navigator.language.startsWith("he") ? "he" : "en"));
choosePerson();
document.body.dataset.busy = "no";
act(async () => "");
