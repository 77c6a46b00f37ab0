//! Playing a test: its lines, one after the other.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::SignedDuration;
use masa_domain::{
    End, Happening, Medium, State,
    link::{Link, link_key},
};
use masa_language::{Line, Test};
use serde_json::{Map, Value, json};

use super::world::{Sent, World};

/// Why a test failed.
pub(crate) struct Failure {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What was expected, and what is.
    pub(crate) problem: String,
    /// What happened until then.
    pub(crate) timeline: Vec<String>,
}

/// How far a test has come.
struct Reader<'w> {
    world: &'w World,
    /// How many messages were expected.
    expected: usize,
}

/// What does not hold; nothing when all does.
type Problem = Option<String>;

/// Plays a test.
///
/// # Errors
/// What has nothing to do with the journey: the box.
pub(crate) async fn play(world: &World, test: &Test) -> Result<Option<Failure>> {
    let mut reader = Reader { world, expected: 0 };
    for step in &test.steps {
        let problem = match reader.line(&step.what).await {
            Ok(problem) => problem,
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(problem) = problem {
            return Ok(Some(Failure {
                line: step.line,
                problem,
                timeline: timeline(world).await?,
            }));
        }
    }
    let last = test.steps.last().map_or(test.line, |step| step.line);
    let left = reader.nothing().await?;
    Ok(match left {
        Some(problem) => Some(Failure { line: last, problem, timeline: timeline(world).await? }),
        None => None,
    })
}

impl Reader<'_> {
    async fn line(&mut self, line: &Line) -> Result<Problem> {
        let world = self.world;
        match line {
            Line::Email(step) => return self.next(step, Medium::Email).await,
            Line::Sms(step) => return self.next(step, Medium::Sms).await,
            Line::Tell(step) => return self.next(step, Medium::Tell).await,
            Line::Call(step) => return self.next(step, Medium::Call).await,
            Line::Subject(part) => return self.contains("subject", part).await,
            Line::Body(part) => {
                let html = self.contains("html", part).await?;
                return Ok(match html {
                    Some(problem) => self.contains("text", part).await?.map(|_| problem),
                    None => None,
                });
            }
            Line::Nothing => return self.nothing().await,
            Line::At(_) | Line::Ended(_) | Line::Outside => return self.stands(line).await,
            Line::OnList(_) | Line::NotOnList(_) | Line::Field(_) => return self.holds(line).await,
            Line::Open(step) => {
                let sent = self.of(step).await?;
                let link = Link::Open { contact: world.contact, message: sent.message.id };
                world.visit("GET", &link).await?;
            }
            Line::Click { step, link } => self.click(step, link.as_deref()).await?,
            Line::Unsubscribe(step) => {
                let sent = self.of(step).await?;
                let channel = sent.message.medium.channel();
                let channel = channel.context("what goes to the shop has no way out")?;
                let link = Link::Unsubscribe {
                    contact: world.contact,
                    channel,
                    language: "en".to_owned(),
                };
                world.visit("POST", &link).await?;
            }
            Line::Answer { question, answer } => {
                // What another journey's mail asks is answered there.
                if !world.answer(question, answer).await? {
                    let (question, answer) = (question.clone(), answer.clone());
                    world.happens(Happening::Answered { question, answer }).await?;
                }
            }
            Line::System { name, status, answers } => world.system(name, *status, answers)?,
            Line::Due(trigger) => {
                world.happens(Happening::Due { trigger: trigger.in_words() }).await?;
            }
            Line::Reads(mails) => {
                for _ in 0..*mails {
                    let (flow, step) = ("another".to_owned(), format!("mail-{}", world.number()));
                    world.happens(Happening::Opened { flow, step }).await?;
                }
            }
            Line::Referred(did) => world.happens(Happening::Referred(*did)).await?,
            Line::Advance(span) => {
                let span = SignedDuration::from_secs(i64::from(span.as_seconds()));
                // At the end of time it stands still.
                world.advance_to(world.now().saturating_add(span)?).await?;
            }
            Line::AdvanceTo(target) => {
                if *target < world.now() {
                    return Ok(Some(format!("it is {} already", world.now())));
                }
                world.advance_to(*target).await?;
            }
            Line::Signup(_) | Line::Form { .. } | Line::Buy { .. } | Line::Event { .. } => {
                self.tell(line).await?;
            }
        }
        Ok(None)
    }

    /// What the store or a form tells.
    async fn tell(&self, line: &Line) -> Result<()> {
        let world = self.world;
        match line {
            Line::Signup(more) => {
                let mut body = world.who();
                body.extend(more.as_object().cloned().unwrap_or_default());
                world.hook("/hooks/signup", &Value::Object(body)).await
            }
            Line::Form { name, fields } => {
                world.form(name, fields.clone().into_iter().collect()).await
            }
            Line::Buy { product, quantity, total } => {
                let mut body = world.who();
                let order = format!("A-{}", world.number());
                let product = product.as_deref().unwrap_or("anything");
                let total = match total {
                    Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                let item = json!({
                    "product_id": product, "name": product, "quantity": quantity, "price": "10",
                });
                let order = json!({
                    "order_id": order, "currency": "ILS", "total": total, "items": [item],
                });
                body.extend(order.as_object().cloned().unwrap_or_default());
                world.hook("/hooks/purchase", &Value::Object(body)).await
            }
            Line::Event { name, data } => {
                let mut body = Map::new();
                body.insert("type".to_owned(), json!(name));
                body.insert("contact".to_owned(), Value::Object(world.who()));
                if !data.is_null() {
                    body.insert("data".to_owned(), data.clone());
                }
                world.hook("/hooks/event", &Value::Object(body)).await
            }
            _ => Ok(()),
        }
    }

    async fn of(&self, step: &str) -> Result<Sent> {
        let sent = self.world.last(step).await?;
        sent.with_context(|| format!("the step `{step}` has sent nothing yet"))
    }

    async fn click(&self, step: &str, name: Option<&str>) -> Result<()> {
        let sent = self.of(step).await?;
        let links = self.world.links(&sent);
        let is_meant = |link: &&Link| match (link, name) {
            (Link::Click { key, .. }, Some(name)) => key == name || *key == link_key(None, name),
            _ => true,
        };
        let found = links.iter().find(is_meant);
        let name = name.unwrap_or("of any name");
        let link = found.with_context(|| format!("the step `{step}` sent no link `{name}`"))?;
        self.world.visit("GET", link).await
    }

    /// The next message is of this step.
    async fn next(&mut self, step: &str, medium: Medium) -> Result<Problem> {
        let sent = self.world.sent().await?;
        let Some(next) = sent.get(self.expected) else {
            return Ok(Some(format!("`{step}` was expected, and nothing was sent")));
        };
        self.expected += 1;
        let (is, by) = (&next.message.step, next.message.medium);
        if is == step && by == medium {
            return Ok(None);
        }
        Ok(Some(format!("`{step}` was expected, and `{is}` was sent ({})", by.as_str())))
    }

    async fn contains(&self, member: &str, part: &str) -> Result<Problem> {
        let sent = self.world.sent().await?;
        let last = self.expected.checked_sub(1).and_then(|last| sent.get(last));
        let Some(last) = last else {
            return Ok(Some("no message was expected before this line".to_owned()));
        };
        let is = last.told.get(member).and_then(Value::as_str).unwrap_or_default();
        Ok((!is.contains(part)).then(|| format!("the {member} does not contain `{part}`: {is}")))
    }

    async fn nothing(&self) -> Result<Problem> {
        let sent = self.world.sent().await?;
        let left: Vec<&str> =
            sent.iter().skip(self.expected).map(|sent| sent.message.step.as_str()).collect();
        Ok((!left.is_empty()).then(|| {
            format!("nothing more was expected, and these were sent: {}", left.join(", "))
        }))
    }

    /// Where the run stands.
    async fn stands(&self, line: &Line) -> Result<Problem> {
        let runs = self.world.runs().await?;
        let live: Vec<_> = runs.iter().filter(|run| run.is_live()).collect();
        let places: Vec<&str> = live
            .iter()
            .filter_map(|run| match &run.state {
                State::Sending { step } | State::Waiting { step, .. } => Some(step.as_str()),
                State::Ended { .. } => None,
            })
            .collect();
        let is = || match places.as_slice() {
            [] => "is not inside".to_owned(),
            places => format!("stands at {}", places.join(" and at ")),
        };
        Ok(match line {
            Line::At(step) => (!places.contains(&step.as_str()))
                .then(|| format!("the contact {}, not at `{step}`", is())),
            Line::Outside => (!live.is_empty()).then(|| format!("the contact {}", is())),
            Line::Ended(how) => {
                let ended = runs.iter().rev().find_map(|run| match &run.state {
                    State::Ended { end, .. } => Some(end),
                    _ => None,
                });
                match ended {
                    None => Some(format!("no run has ended; the contact {}", is())),
                    Some(end) => {
                        let ended = match end {
                            End::Finished => "finished",
                            End::Left | End::Exited { .. } => "left",
                            End::Failed { reason } => reason,
                        };
                        (ended != how).then(|| format!("the run ended as {ended}, not as {how}"))
                    }
                }
            }
            _ => None,
        })
    }

    /// What is known of the contact.
    async fn holds(&self, line: &Line) -> Result<Problem> {
        let contact = self.world.known().await?.loaded.contact;
        let contact = contact.context("nothing is known of the contact")?;
        let lists = contact.all_lists();
        Ok(match line {
            Line::OnList(list) => (!lists.contains(list.as_str()))
                .then(|| format!("the contact is not on `{list}`, but on {lists:?}")),
            Line::NotOnList(list) => {
                lists.contains(list.as_str()).then(|| format!("the contact is on `{list}`"))
            }
            Line::Field(wanted) => unlike(wanted, |name| contact.field(name)),
            _ => None,
        })
    }
}

fn unlike(wanted: &BTreeMap<String, Value>, is: impl Fn(&str) -> Option<Value>) -> Problem {
    wanted.iter().find_map(|(name, wanted)| {
        let value = is(name).unwrap_or(Value::Null);
        let same = match (value.as_f64(), wanted.as_f64()) {
            (Some(value), Some(wanted)) => value == wanted,
            _ => value == *wanted,
        };
        (!same).then(|| format!("the field `{name}` holds {value}, not {wanted}"))
    })
}

/// What happened, in order.
async fn timeline(world: &World) -> Result<Vec<String>> {
    let known = world.known().await?;
    let runs = known.loaded.contact.map(|contact| contact.runs).unwrap_or_default();
    let mut lines = Vec::new();
    for run in runs.values() {
        for entry in &run.story {
            let place = match entry.step.as_str() {
                "" => run.flow.clone(),
                step => format!("{}/{step}", run.flow),
            };
            let words = match &entry.what {
                masa_domain::What::Waiting(until) => Some(format!("waits until {until}")),
                what => what.in_words(),
            };
            lines.extend(words.map(|words| (entry.at, format!("{place}: {words}"))));
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    Ok(lines.into_iter().map(|(at, line)| format!("{at:.0}  {line}")).collect())
}
