//! What stands in the box of a node, and how large it is.

use masa_domain::{Again, Flow};

use crate::{
    action::{self, Look},
    condition,
    graph::Node,
    happening,
    text::{Direction, Font, clean, fit, shorten, wrap},
    words::Tongue,
};

/// The width of steps, in pixels.
pub(crate) const STEP_WIDTH: i32 = 264;
/// The room between a box's edge and its icon, and its texts at the other side.
pub(crate) const PAD: i32 = 14;
/// The room that an icon takes, with what is left free beside it.
pub(crate) const ICON_ROOM: i32 = 34;
/// The most lines of a text.
const LINES_MAX: usize = 3;
/// The most letters that are shown when the pointer rests on a node.
const TIP_CHARS: usize = 1_000;
/// The most letters of an id that are looked at.
const ID_CHARS: usize = 200;

/// Which part of a box a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The word for its kind.
    Kind,
    /// The step's id.
    Id,
    /// What it does.
    Does,
}

impl Part {
    pub(crate) fn font(self) -> Font {
        match self {
            Self::Kind => Font { size: 11, bold: true },
            Self::Id => Font { size: 14, bold: true },
            Self::Does => Font { size: 12, bold: false },
        }
    }

    /// How far its base line stands below the line before, in pixels.
    pub(crate) fn leading(self) -> i32 {
        match self {
            Self::Kind => 13,
            Self::Id => 18,
            Self::Does => 17,
        }
    }
}

/// A line of a box.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub part: Part,
    pub text: String,
    /// That of the whole text, of which this may be a part.
    pub direction: Direction,
}

/// A box before it has its place.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub look: Look,
    /// The id of the step that it shows.
    pub step: Option<String>,
    pub width: i32,
    pub height: i32,
    pub lines: Vec<Line>,
    /// All that it says, uncut.
    pub tip: String,
}

impl Sheet {
    fn new(tongue: Tongue, look: Look, kind: &str, id: &str, does: &[String]) -> Self {
        let room = STEP_WIDTH - PAD - ICON_ROOM - PAD;
        let id = clean(&shorten(id, ID_CHARS));
        let mut shown = Vec::new();
        let does_lines = does.iter().map(|text| (Part::Does, clean(text), LINES_MAX));
        let texts = [(Part::Kind, clean(kind), 1), (Part::Id, id.clone(), 1)];
        for (part, text, lines) in texts.into_iter().chain(does_lines) {
            if part == Part::Does && text == id {
                continue;
            }
            let direction = tongue.direction(&text);
            let wrapped = wrap(&text, part.font(), room, lines);
            shown.extend(wrapped.into_iter().map(|text| Line { part, text, direction }));
        }
        let all: Vec<String> =
            [kind, &id].into_iter().map(str::to_owned).chain(does.iter().cloned()).collect();
        let all: Vec<&str> =
            all.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        Self {
            look,
            step: None,
            width: STEP_WIDTH,
            height: shown.iter().map(|line| line.part.leading()).sum::<i32>() + 20,
            tip: shorten(&clean(&all.join(" · ")), TIP_CHARS),
            lines: shown,
        }
    }

    /// A small one: a word without an icon.
    fn pill(tongue: Tongue, look: Look, word: &str) -> Self {
        let room = STEP_WIDTH - 2 * PAD;
        let font = Part::Does.font();
        let tip = shorten(&clean(word), TIP_CHARS);
        let word = fit(&tip, font, room);
        Self {
            look,
            step: None,
            width: font.width(&word) + 2 * PAD,
            height: 26,
            lines: vec![Line { part: Part::Does, direction: tongue.direction(&word), text: word }],
            tip,
        }
    }

    /// The box of a node.
    pub(crate) fn of(flow: &Flow, node: &Node<'_>, tongue: Tongue) -> Self {
        if let Some(step) = node.step {
            let mut kind = action::kind(&step.action, tongue).to_owned();
            if let Some(other) = action::other_kind(flow, &step.action, tongue) {
                kind = format!("{kind} · {other}");
            }
            let does = [action::does(flow, &step.action, tongue)];
            let mut sheet = Self::new(tongue, node.look, &kind, node.id, &does);
            sheet.step = Some(node.id.to_owned());
            return sheet;
        }
        let named = shorten(node.id, ID_CHARS);
        match node.look {
            Look::Elsewhere => Self::pill(tongue, node.look, &format!("→ {named}")),
            Look::Missing => Self::pill(tongue, node.look, &format!("? {named}")),
            Look::End => Self::pill(tongue, node.look, tongue.pick("end", "סוף")),
            _ => entry(flow, tongue),
        }
    }
}

/// What lets in, and who may enter.
fn entry(flow: &Flow, tongue: Tongue) -> Sheet {
    let mut does = happenings(&flow.triggers, tongue);
    if let Some(when) = &flow.entry_if {
        let when = condition::condition(when, tongue);
        does.push(format!("{} {when}", tongue.pick("only if:", "רק אם:")));
    }
    Sheet::new(tongue, Look::Trigger, tongue.pick("Trigger", "טריגר"), "", &does)
}

/// What ends a run at once; nothing when nothing does.
pub(crate) fn exits(flow: &Flow, tongue: Tongue) -> Option<Sheet> {
    let does = happenings(&flow.exits, tongue);
    let kind = tongue.pick("Leaves at once on", "יציאה מיד כאשר");
    (!does.is_empty()).then(|| Sheet::new(tongue, Look::Exits, kind, "", &does))
}

/// What the journey is for.
pub(crate) fn goal(flow: &Flow, tongue: Tongue) -> Option<Sheet> {
    let goal = flow.goal.as_ref()?;
    let mut does = happenings(&goal.reached_by, tongue);
    does.push(format!("{} {}", tongue.pick("within", "תוך"), tongue.span(goal.within)));
    Some(Sheet::new(tongue, Look::Goal, tongue.pick("Goal", "מטרה"), "", &does))
}

/// The most happenings that stand one below the other.
const HAPPENINGS_MAX: usize = 6;

fn happenings(all: &[masa_domain::Trigger], tongue: Tongue) -> Vec<String> {
    let shown = all.iter().take(HAPPENINGS_MAX).map(|one| happening::trigger(one, tongue));
    let mut shown: Vec<String> = shown.collect();
    if let Some(more) = all.len().checked_sub(HAPPENINGS_MAX).filter(|more| *more > 0) {
        shown.push(format!("+ {more}"));
    }
    shown
}

/// The line below the journey's name: of what kind it is, and whether one may enter again.
pub(crate) fn about(flow: &Flow, tongue: Tongue) -> String {
    let again = match flow.again {
        Again::Never => tongue.pick("once per contact", "פעם אחת לכל איש קשר").to_owned(),
        Again::Always => tongue.pick("at every trigger", "בכל טריגר").to_owned(),
        Again::After(span) => match tongue {
            Tongue::English => format!("again after {}", tongue.span(span)),
            Tongue::Hebrew => format!("שוב אחרי {}", tongue.span(span)),
        },
    };
    format!("{} · {again}", action::flow_kind(flow.kind, tongue))
}
