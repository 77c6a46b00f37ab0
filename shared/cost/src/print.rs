//! A cost for people.

use std::fmt;

use crate::model::{Cost, PathCost};

/// How many steps are told of.
const STEPS: usize = 8;
/// How many steps of a path.
const PATH: usize = 20;

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: ${:.4} for 1,000 runs\n", self.flow, self.usd)?;
        writeln!(f, "{:<22} {:<15} {:>12} {:>11}", "service", "unit", "amount", "dollars")?;
        for line in &self.services {
            let (service, unit) = (line.service, line.unit);
            writeln!(f, "{service:<22} {unit:<15} {:>12} {:>11.6}", amount(line.amount), line.usd)?;
        }
        writeln!(f, "\n{:<22} {:<27} {:>12}", "calls by", "operation", "times")?;
        for call in &self.calls {
            let by = if call.metered {
                call.service.to_owned()
            } else {
                format!("{} itself", call.service)
            };
            writeln!(f, "{by:<22} {:<27} {:>12}", call.operation, amount(call.times))?;
        }
        writeln!(f, "\nThe steps that cost most (visits a run, dollars of 1,000 runs):")?;
        writeln!(f, "  {:<30} {:>8.3} {:>11.6}", "the entry", 1.0, self.entry_usd)?;
        for step in self.steps.iter().take(STEPS).filter(|step| step.usd > 0.0) {
            writeln!(f, "  {:<30} {:>8.3} {:>11.6}", step.step, step.visits, step.usd)?;
        }
        writeln!(f, "\nThe cheapest path: {}", self.cheapest)?;
        writeln!(f, "The dearest path: {}", self.dearest)?;
        if self.cut_off > 0.0 {
            let share = self.cut_off * 100.0;
            writeln!(
                f,
                "\nA circle: {share:.1} % of runs were still inside where counting ended."
            )?;
        }
        writeln!(f, "\nAssumed:")?;
        for line in &self.assumptions {
            writeln!(f, "  {line}")?;
        }
        let (read, oldest) = &self.prices;
        writeln!(
            f,
            "Prices of {}, texts to {}, gathered on {read} (the oldest is of {oldest}); free tiers are not \
             counted.",
            self.region, self.country
        )
    }
}

/// A number with as many digits as it needs.
fn amount(amount: f64) -> String {
    if amount >= 100.0 { format!("{amount:.0}") } else { format!("{amount:.4}") }
}

impl fmt::Display for PathCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.4}: ", self.usd)?;
        let steps = self.steps.iter().take(PATH).map(|(step, way)| match way.is_empty() {
            true => step.clone(),
            false => format!("{step} ({way})"),
        });
        let mut steps: Vec<String> = steps.collect();
        if self.steps.len() > PATH {
            steps.push(format!("and {} more", self.steps.len() - PATH));
        }
        f.write_str(&steps.join(", "))
    }
}
