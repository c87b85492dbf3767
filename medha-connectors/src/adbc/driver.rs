//! Finding and loading the library of a driver, and saying what to do where there is none.

use adbc_core::LOAD_FLAG_DEFAULT;
use adbc_core::error::{Error, Status};
use adbc_core::options::AdbcVersion;
use adbc_driver_manager::ManagedDriver;

/// The library to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Driver {
    /// Paths or names, tried in this order; a name is looked up as every ADBC driver manager does: as a manifest in
    /// `ADBC_DRIVER_PATH` and in the folders of the user and the system, then as a library of the system.
    pub(super) names: Vec<String>,
    /// The function that begins; the driver's own if not said.
    pub(super) entrypoint: Option<String>,
    /// How people get it.
    pub(super) install: &'static str,
}

impl Driver {
    /// Loads it, or says what was tried and what to do.
    pub(super) fn load(&self) -> Result<ManagedDriver, String> {
        let mut failures = Vec::new();
        for name in &self.names {
            match self.load_as(name) {
                Ok(driver) => return Ok(driver),
                Err(error) => failures.push(format!("{name:?}: {}", first_line(&error.message))),
            }
        }
        Err(format!(
            "its ADBC driver cannot be loaded ({}); {}, and say where the library is with the option \"driver\"",
            failures.join("; "),
            self.install
        ))
    }

    fn load_as(&self, name: &str) -> Result<ManagedDriver, Error> {
        let entrypoint = self.entrypoint.as_deref().map(str::as_bytes);
        let load =
            |version| ManagedDriver::load_from_name(name, entrypoint, version, LOAD_FLAG_DEFAULT, None);
        match load(AdbcVersion::V110) {
            // Older drivers know only the first version of the interface.
            Err(error) if error.status == Status::NotImplemented => load(AdbcVersion::V100),
            outcome => outcome,
        }
    }
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
