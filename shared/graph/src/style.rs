//! The colours and icons of each kind of node.

use std::fmt::Write as _;

use crate::action::Look;

/// A fill and the colour of frame, icon and kind.
type Pair = (&'static str, &'static str);

const LOOKS: [Look; 17] = [
    Look::Trigger,
    Look::Exits,
    Look::Goal,
    Look::Mail,
    Look::Text,
    Look::Wait,
    Look::Condition,
    Look::Split,
    Look::Set,
    Look::Coupon,
    Look::List,
    Look::Start,
    Look::Jump,
    Look::Exit,
    Look::End,
    Look::Elsewhere,
    Look::Missing,
];

/// The colours by day and by night. All texts are readable on them (WCAG AA).
pub(crate) fn colours(look: Look) -> (Pair, Pair) {
    match look {
        Look::Trigger | Look::Start => (("#e4f5ea", "#177340"), ("#12301f", "#5fd08f")),
        Look::Exits | Look::Exit | Look::Missing => {
            (("#fcebea", "#b3261e"), ("#381917", "#ff958c"))
        }
        Look::Goal => (("#fdf6e0", "#8a6100"), ("#30260d", "#edc264")),
        Look::Mail => (("#e8f0fe", "#1a5fc4"), ("#14263f", "#85b5ff")),
        Look::Text => (("#dff4f4", "#0a6f6f"), ("#0f2e2e", "#5fd0cc")),
        Look::Wait => (("#fff3d9", "#8a5c00"), ("#33270c", "#f0c060")),
        Look::Condition => (("#f2e9fd", "#6d2fc0"), ("#2a1c40", "#c8a4ff")),
        Look::Split => (("#fde8f3", "#ab1d69"), ("#3b1629", "#ff96c8")),
        Look::Set => (("#eef0f3", "#485464"), ("#23282f", "#b4bfcd")),
        Look::Coupon => (("#fdeee3", "#a04708"), ("#3a2312", "#ffb07a")),
        Look::List => (("#eaf4e1", "#41700e"), ("#22300f", "#a9d66b")),
        Look::Jump | Look::Elsewhere => (("#eceafc", "#4741b3"), ("#211f44", "#b0abff")),
        Look::End => (("#eef0f3", "#596474"), ("#23282f", "#a3afbf")),
    }
}

/// An icon's path within 24 pixels in the square.
pub(crate) fn icon(look: Look) -> &'static str {
    match look {
        Look::Trigger => "M13 3L5 14h6l-1 7 8-11h-6z",
        Look::Goal => "M6 21V4h12l-3 4 3 4H6",
        Look::Mail => "M3 6h18v12H3zM3 7l9 6 9-6",
        Look::Text => "M4 5h16v11h-9l-5 4v-4H4zM8 9h8M8 12h5",
        Look::Wait => "M12 3.5a8.5 8.5 0 1 0 .01 0zM12 7.5V12l3 2",
        Look::Condition => {
            "M12 2.5l9.5 9.5-9.5 9.5L2.5 12zM9.8 10a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.5M12 16.2v.01"
        }
        Look::Split => "M12 21v-7L5 7M12 14l7-7M5 12V7h5M14 7h5v5",
        Look::Set => "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
        Look::Coupon => {
            "M3 7h18v3.5a1.5 1.5 0 0 0 0 3V17H3v-3.5a1.5 1.5 0 0 0 0-3zM14 7v2M14 11v2M14 15v2"
        }
        Look::List => "M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01",
        Look::Start => "M7 4l12 8-12 8z",
        Look::Jump => "M4 19v-5a4 4 0 0 1 4-4h11M15 6l4 4-4 4",
        Look::Exit | Look::Exits => "M10 4H5v16h5M10 12h10M16 8l4 4-4 4",
        Look::End | Look::Elsewhere | Look::Missing => "",
    }
}

/// The style sheet of a picture. It holds within the picture alone, also where one stands in a page.
pub(crate) fn sheet() -> String {
    let mut css = String::from(
        ".masa-graph text{font-family:system-ui,-apple-system,'Segoe UI',Arial,'Noto Sans Hebrew',sans-serif;fill:#1c2430}\
         .masa-graph .paper{fill:#fff}\
         .masa-graph .way path{fill:none;stroke:#8791a1;stroke-width:1.6}\
         .masa-graph .way .head{fill:#8791a1;stroke:none}\
         .masa-graph .way.back path{stroke-dasharray:6 4}\
         .masa-graph .word rect{fill:#fff}\
         .masa-graph .word text{fill:#454f5e}\
         .masa-graph .about{fill:#566171}\
         .masa-graph .box{stroke-width:1.4}\
         .masa-graph .icon{fill:none;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}\
         .masa-graph .exits .box,.masa-graph .goal .box,.masa-graph .elsewhere .box,.masa-graph .lost .box{stroke-dasharray:5 4}",
    );
    for look in LOOKS {
        rules(&mut css, look, colours(look).0);
    }
    css.push_str(
        "@media (prefers-color-scheme:dark){\
         .masa-graph text{fill:#e8ecf2}\
         .masa-graph .paper,.masa-graph .word rect{fill:#14181f}\
         .masa-graph .way path{stroke:#748093}\
         .masa-graph .way .head{fill:#748093}\
         .masa-graph .word text{fill:#bcc6d4}\
         .masa-graph .about{fill:#a3afbf}",
    );
    for look in LOOKS {
        rules(&mut css, look, colours(look).1);
    }
    css.push('}');
    css
}

fn rules(css: &mut String, look: Look, (fill, line): Pair) {
    let class = look.class();
    let _ = write!(
        css,
        ".masa-graph .{class} .box{{fill:{fill};stroke:{line}}}\
         .masa-graph .{class} .icon{{stroke:{line}}}\
         .masa-graph .{class} .kind{{fill:{line}}}"
    );
}
