//! `--audit` and `medha audit`: statements are noted, and the notes looked at.

use std::sync::Arc;

use medha_agents::analyst::AuditTrail;
use medha_connectors::audit::{AuditError, AuditLog, verify};

use crate::cli::AuditVerifyArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::source::Source;
use crate::terminal::print;

/// Notes what this process asks of a source, in the name of whoever asks.
pub(crate) fn trail(source: &Source) -> Result<Option<AuditTrail>, AuditError> {
    let Some(place) = &source.audit else { return Ok(None) };
    Ok(Some(AuditTrail::new(Arc::new(AuditLog::open(place)?), &source.user, &source.name)))
}

/// Reads a whole record, and says whether it is as it was written.
pub(crate) fn check(args: &AuditVerifyArgs) -> Result<Exit, CommandError> {
    let file = &args.place;
    let text = match verify(&args.place, args.seal.as_ref())? {
        None => format!("{file}: nothing is noted yet\n"),
        Some(seal) => format!("{file}: {} lines, all as they were written\nseal {seal}\n", seal.number),
    };
    print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}
