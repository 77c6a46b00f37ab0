//! An exploration for people.

use std::fmt;

use crate::{
    clock::length,
    outcome::{Ending, Exploration, Fate, Outcome, Path, Told},
};

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.outcomes.iter().map(|found| found.paths).fold(0, u64::saturating_add);
        writeln!(
            f,
            "{}: {}, {} from {} ({} refused entry), {} walked",
            self.flow,
            count(self.outcomes.len() as u64, "outcome"),
            count(paths, "path"),
            match self.entries {
                1 => "1 entry".to_owned(),
                entries => format!("{entries} entries"),
            },
            self.refused,
            count(self.states as u64, "point"),
        )?;
        for (number, found) in (1_usize..).zip(&self.outcomes) {
            writeln!(f, "\n{number}. {}: {}", count(found.paths, "path"), found.outcome)?;
            write!(f, "{}", found.shortest)?;
        }
        let missing = &self.unreached;
        let branches = missing.branches.iter().map(|one| format!("{} ({})", one.step, one.way));
        let branches: Vec<String> = branches.collect();
        for (what, all) in [
            ("Steps that no path reached", missing.steps.iter().cloned().collect()),
            ("Ways that no path took", branches),
            ("Exits that no path used", missing.exits.iter().cloned().collect()),
        ] {
            if !all.is_empty() {
                writeln!(f, "\n{what}: {}", all.join("; "))?;
            }
        }
        if missing.goal {
            writeln!(f, "\nNo path reached the goal.")?;
        }
        if !self.bounds.is_empty() {
            let bounds = self.bounds.iter().map(|one| format!("{}: {}", one.bound, one.limit));
            let bounds: Vec<String> = bounds.collect();
            writeln!(f, "\nNot everything was walked. Bounds reached: {}", bounds.join("; "))?;
        }
        for finding in &self.findings {
            writeln!(f, "\nTo be mended: {}", finding.what)?;
            write!(f, "{}", finding.path)?;
        }
        Ok(())
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "   {}", self.contact)?;
        for event in &self.events {
            writeln!(f, "   {:>9}  {}", length(event.after), event.what)?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<String> = self.messages.iter().map(Told::to_string).collect();
        let mut parts = match messages.is_empty() {
            true => vec!["no message".to_owned()],
            false => vec![messages.join(", ")],
        };
        parts.extend(self.joined.iter().map(|list| format!("joins {list}")));
        parts.extend(self.left.iter().map(|list| format!("leaves {list}")));
        parts.extend(self.fields.iter().map(|(name, value)| format!("{name} = {value}")));
        parts.extend(self.started.iter().map(|flow| format!("starts {flow}")));
        parts.push(match &self.end {
            Ending::Finished => "finished".to_owned(),
            Ending::Left => "left by an exit step".to_owned(),
            Ending::Exited { rule } => format!("left by `{rule}`"),
            Ending::Failed { reason } => format!("failed: {reason}"),
            Ending::Waiting { step } => format!("still at `{step}` at the bound"),
        });
        f.write_str(&parts.join("; "))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.fate {
            Fate::Sent => return f.write_str(&self.step),
            Fate::Bounced => "bounced",
            Fate::Skipped => "skipped",
            Fate::Dropped => "dropped",
        };
        write!(f, "{} ({fate})", self.step)
    }
}
