//! `--audit` and `medha audit`: statements are noted, and the notes looked at.

use std::path::Path;
use std::sync::Arc;

use medha_agents::analyst::AuditTrail;
use medha_connectors::audit::{AuditError, AuditLog, verify};

use crate::cli::AuditVerifyArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::terminal::print;

/// Notes what this process asks of `connection`, in the name of whoever runs it.
pub(crate) fn trail(file: Option<&Path>, connection: &str) -> Result<Option<AuditTrail>, AuditError> {
    let Some(file) = file else { return Ok(None) };
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.unwrap_or_else(|| "unknown".to_owned());
    Ok(Some(AuditTrail::new(Arc::new(AuditLog::open(file)?), user, connection)))
}

/// Reads a whole record, and says whether it is as it was written.
pub(crate) fn check(args: &AuditVerifyArgs) -> Result<Exit, CommandError> {
    let file = args.file.display();
    let text = match verify(&args.file, args.seal.as_ref())? {
        None => format!("{file}: nothing is noted yet\n"),
        Some(seal) => format!("{file}: {} lines, all as they were written\nseal {seal}\n", seal.number),
    };
    print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}
