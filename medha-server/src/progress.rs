//! Steps as they happen, on a terminal.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use medha_agents::analyst::{AnalystEvent, EventPayload};

use crate::render::text::{harmless, pad_right};
use crate::terminal::Paint;

/// Shows the steps of a run, a line each, and what is going on below them.
#[derive(Debug)]
pub(crate) struct Progress {
    spinner: Option<Spinner>,
}

#[derive(Debug)]
struct Spinner {
    bar: ProgressBar,
    paint: Paint,
    titles: HashMap<String, String>,
}

const TITLE_WIDTH: usize = 28;

impl Progress {
    /// Shows nothing.
    pub(crate) fn hidden() -> Self {
        Self { spinner: None }
    }

    /// Draws on standard error.
    pub(crate) fn on_terminal(paint: Paint) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { spinner: Some(Spinner { bar, paint, titles: HashMap::new() }) }
    }

    /// Takes note of what happened.
    pub(crate) fn see(&mut self, event: &AnalystEvent) {
        let Some(spinner) = &mut self.spinner else { return };
        match &event.payload {
            EventPayload::StepStarted { step, title, .. } => {
                let title = harmless(title);
                spinner.bar.set_message(format!("{title}…"));
                spinner.titles.insert(step.clone(), title);
            }
            EventPayload::StepFinished { step, detail, ok, .. } => {
                let title = spinner.titles.get(step).unwrap_or(step);
                spinner.bar.println(line(title, detail, *ok, spinner.paint));
            }
            EventPayload::Correction { from, to } => {
                let text = format!("  read “{}” as “{}”", harmless(from), harmless(to));
                spinner.bar.println(spinner.paint.dim(&text));
            }
            // The rest is shown with the answer.
            _ => {}
        }
    }

    /// Makes room for the answer.
    pub(crate) fn clear(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(title: &str, detail: &str, ok: bool, paint: Paint) -> String {
    let mark = if ok { paint.green("✔") } else { paint.red("✖") };
    let line = format!("{mark} {} {}", pad_right(title, TITLE_WIDTH), harmless(detail));
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_step_says_what_came_of_it() {
        let shown = line("Running query", "3 rows, 12 ms", true, Paint::Plain);
        assert_eq!(shown, "✔ Running query                3 rows, 12 ms");
        assert_eq!(line("Running query", "", false, Paint::Plain), "✖ Running query");
        let painted = line("Plan", "x", true, Paint::Ansi);
        assert!(painted.starts_with("\u{1b}[32m✔\u{1b}[0m Plan  "), "{painted}");
    }
}
