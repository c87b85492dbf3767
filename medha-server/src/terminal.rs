//! What is at the other end of standard input, output and error: looked at once, at the edge.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

/// The three standard streams as they were when the command began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Somebody can type.
    pub(crate) can_ask: bool,
    /// Progress can be drawn on standard error.
    pub(crate) shows_progress: bool,
    /// How lines on standard output are painted.
    pub(crate) paint: Paint,
    /// How lines on standard error are painted.
    pub(crate) paint_errors: Paint,
    /// Columns of standard output.
    pub(crate) width: usize,
}

/// Whether text may carry colours and weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// A terminal that shows them.
    Ansi,
    /// A file, a pipe, or `NO_COLOR`.
    Plain,
}

/// The width where there is no terminal.
const DEFAULT_WIDTH: usize = 100;
/// Narrower than this, nothing can be drawn.
const LEAST_WIDTH: usize = 40;

impl Terminal {
    /// Looks at the streams and at `NO_COLOR`, `TERM` and `COLUMNS`.
    pub(crate) fn detect() -> Self {
        let wants_colour = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && env::var_os("TERM").is_none_or(|value| value != "dumb");
        let paint = |is_terminal: bool| if wants_colour && is_terminal { Paint::Ansi } else { Paint::Plain };
        let (input, output, errors) =
            (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal());
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let size = output.then(|| console::Term::stdout().size_checked()).flatten();
        let width = size.map(|(_, columns)| usize::from(columns)).or(columns).unwrap_or(DEFAULT_WIDTH);
        Self {
            can_ask: input && errors,
            shows_progress: errors,
            paint: paint(output),
            paint_errors: paint(errors),
            width: width.max(LEAST_WIDTH),
        }
    }
}

impl Paint {
    pub(crate) fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.code("31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.code("32", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.code("36", text)
    }

    fn code(self, code: &str, text: &str) -> String {
        match self {
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// Writes to standard output.
///
/// # Errors
/// If it cannot be written to; [`is_closed`] tells whether that is only because the reader has gone.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes a line to standard error; where that is closed there is nobody left to tell.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether writing failed because the reader has gone, as `head` does.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
