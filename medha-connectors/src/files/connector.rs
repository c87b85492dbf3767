//! [`FilesConnector`]: the trait over files that are no databases.

use std::path::Path;

use async_trait::async_trait;

use super::cache::Hold;
use super::import::find_or_make;
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::sqlite::SqliteConnector;

/// A CSV, TSV, JSON or JSON lines file, or a folder of them, asked in SQLite's dialect.
///
/// Each file is a table with the name of the file. They are imported into a SQLite file in a folder of the program's own,
/// once for each state of the files: an import is used again until path, size or time of writing of a file differ. What is
/// asked are the files as they were when they were opened. Imports of files that were changed or removed are removed with
/// the next import, and one that is interrupted leaves nothing that would be used. Only the owner can read the folder.
///
/// Types come from all rows: whole numbers, decimals that SQLite keeps exactly, booleans, dates and times, else text. Numbers
/// with leading zeros or with more digits than SQLite keeps stay text. Empty fields are `NULL`. In JSON, the fields of an
/// object in an object become columns (`customer.name` as `customer_name`); lists and what is deeper are kept as JSON text.
/// A file that is not UTF-8, has rows of different lengths or is no JSON is refused with the line. What was mended is said
/// by [`remarks`](Connector::remarks).
///
/// ```
/// use medha_connectors::{Connector, FilesConnector, Guard, QueryOptions, Value};
/// use std::sync::Arc;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let folder = tempfile::tempdir()?;
/// let orders = folder.path().join("orders.csv");
/// std::fs::write(&orders, "id,ordered on,total\n1,31.12.2024,20\n2,02.01.2025,22.5\n")?;
///
/// let shop = FilesConnector::open(&orders, folder.path().join("imports")).await?;
/// let guard = Guard::new(shop.dialect(), Arc::new(shop.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders WHERE ordered_on >= '2025-01-01'", 10)?;
/// let answer = shop.query(&sql, QueryOptions::default()).await?.collect().await?;
/// assert_eq!(answer.rows, [[Value::Float(22.5)]]);
/// assert_eq!(shop.remarks()[0], r#"columns: "ordered on" is called ordered_on"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FilesConnector {
    import: SqliteConnector,
    remarks: Vec<String>,
    #[allow(dead_code, reason = "it keeps other processes from removing the import")]
    hold: Hold,
}

impl FilesConnector {
    /// Opens a file or a folder of files; `cache_folder` is where their imports are, and belongs to nothing else.
    ///
    /// Dropping the future stops an import.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if something is missing, cannot be understood or changes all the time, with the line where
    /// there is one, or if the folder cannot be used.
    pub async fn open(
        path: impl AsRef<Path>,
        cache_folder: impl AsRef<Path>,
    ) -> Result<Self, ConnectorError> {
        let found = find_or_make(path.as_ref(), cache_folder.as_ref()).await?;
        let import = SqliteConnector::open_as(&found.database, &found.shown).await?;
        Ok(Self { import, remarks: found.remarks, hold: found.hold })
    }
}

#[async_trait]
impl Connector for FilesConnector {
    fn dialect(&self) -> Dialect {
        self.import.dialect()
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        self.import.schema().await
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        self.import.explain(sql).await
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        self.import.query(sql, options).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        self.import.ping().await
    }

    fn remarks(&self) -> &[String] {
        &self.remarks
    }
}
