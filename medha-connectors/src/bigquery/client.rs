//! Every request that is sent to BigQuery.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use google_cloud_bigquery_v2::client::{JobService, TableService};
use google_cloud_bigquery_v2::model::{
    DataFormatOptions, DatasetReference, GetQueryResultsResponse, Job, JobConfiguration,
    JobConfigurationQuery, JobReference, Table, TableFieldSchema, get_table_request::TableMetadataView,
};
use google_cloud_gax::error::Error;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use tokio::sync::OnceCell;

use super::failure;
use super::open::Settings;
use crate::error::ConnectorError;
use crate::server::Work;

/// A request is tried so often where the way there may be the trouble.
const TRIES: u32 = 3;
/// One try takes no longer, since BigQuery answers for work that takes time after `WAIT` at the latest.
const TRY_TIME: Duration = Duration::from_secs(40);
/// So long BigQuery holds an answer back until the rows are there.
const WAIT: Duration = Duration::from_secs(10);
/// So many tables are asked about at once.
const AT_ONCE: usize = 16;

/// A dataset and the way to it, which is found at the first request.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) settings: Settings,
    services: OnceCell<Services>,
}

#[derive(Debug)]
struct Services {
    jobs: JobService,
    tables: TableService,
}

/// What BigQuery says of a statement without running it.
#[derive(Debug)]
pub(super) struct DryRun {
    pub(super) bytes: u64,
    pub(super) fields: Vec<TableFieldSchema>,
}

/// A job, by the name we gave it.
#[derive(Debug, Clone)]
pub(super) struct JobName {
    pub(super) id: String,
    /// Known at the latest when the job was accepted.
    pub(super) location: Option<String>,
}

impl Client {
    /// Asks for nothing yet.
    pub(super) fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self { settings, services: OnceCell::new() })
    }

    /// What the statement would read and answer, for nothing.
    pub(super) async fn dry_run(&self, sql: &str, work: &Work) -> Result<DryRun, ConnectorError> {
        let configuration = JobConfiguration::new().set_dry_run(true).set_query(self.query(sql));
        let mut reference = JobReference::new().set_project_id(&self.settings.project);
        reference.location = self.settings.location.clone();
        let job = Job::new().set_configuration(configuration).set_job_reference(reference);
        let request =
            self.services(work).await?.jobs.insert_job().set_project_id(&self.settings.project).set_job(job);
        let job = work
            .wait_for(request.with_idempotency(true).send())
            .await?
            .map_err(|error| self.of(&error, work))?;
        if let Some(error) = job.status.and_then(|status| status.error_result) {
            return Err(failure::of_job(&error, work));
        }
        let statistics = job.statistics.unwrap_or_default();
        let query = statistics.query.unwrap_or_default();
        // BigQuery has no transaction that only reads; what is behind the guard is refused here once more.
        if query.statement_type != "SELECT" {
            let reason = format!("only reading is allowed, and this is {:?}", query.statement_type);
            return Err(ConnectorError::Query { reason });
        }
        let bytes = query.total_bytes_processed.or(statistics.total_bytes_processed);
        let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
        Ok(DryRun {
            bytes: bytes.ok_or_else(|| failure::unexpected("no bytes in a dry run"))?,
            fields: query.schema.unwrap_or_default().fields,
        })
    }

    /// Begins the statement as the job of this name, which may cost so much and take so long as the work has time.
    pub(super) async fn insert(
        &self,
        name: &mut JobName,
        sql: &str,
        maximum_bytes_billed: u64,
        work: &Work,
    ) -> Result<(), ConnectorError> {
        let query =
            self.query(sql).set_maximum_bytes_billed(i64::try_from(maximum_bytes_billed).unwrap_or(i64::MAX));
        let time = i64::try_from(work.limit().as_millis()).unwrap_or(i64::MAX);
        let configuration = JobConfiguration::new().set_query(query).set_job_timeout_ms(time);
        let mut reference = JobReference::new().set_project_id(&self.settings.project).set_job_id(&name.id);
        reference.location = name.location.clone();
        let job = Job::new().set_configuration(configuration).set_job_reference(reference);
        let request =
            self.services(work).await?.jobs.insert_job().set_project_id(&self.settings.project).set_job(job);
        // The name makes a second attempt harmless.
        let job = match request.with_idempotency(true).send().await {
            Ok(job) => job,
            Err(error) if failure::is_there_already(&error) => return Ok(()),
            Err(error) => return Err(self.of(&error, work)),
        };
        if let Some(location) = job.job_reference.and_then(|reference| reference.location) {
            name.location = Some(location);
        }
        match job.status.and_then(|status| status.error_result) {
            Some(error) => Err(failure::of_job(&error, work)),
            None => Ok(()),
        }
    }

    /// The next rows of a job, or word that it is still at work.
    pub(super) async fn page(
        &self,
        name: &JobName,
        token: &str,
        rows: u32,
        work: &Work,
    ) -> Result<GetQueryResultsResponse, ConnectorError> {
        let wait = u32::try_from(WAIT.min(work.limit()).as_millis()).unwrap_or(u32::MAX);
        let request = self.services(work).await?.jobs.get_query_results();
        let request = request
            .set_project_id(&self.settings.project)
            .set_job_id(&name.id)
            .set_location(name.location.clone().unwrap_or_default())
            .set_page_token(token)
            .set_max_results(rows)
            .set_timeout_ms(wait)
            // As floats, moments would lose their microseconds.
            .set_format_options(DataFormatOptions::new().set_use_int64_timestamp(true));
        let answer = request.send().await.map_err(|error| self.of(&error, work))?;
        // A statement that failed may come with no more than this; where rows come, too, these are warnings.
        let has_columns = answer.schema.as_ref().is_some_and(|schema| !schema.fields.is_empty());
        match answer.errors.first() {
            Some(error) if answer.job_complete == Some(true) && !has_columns => {
                Err(failure::of_job(error, work))
            }
            _ => Ok(answer),
        }
    }

    /// Stops the job. `Ok(false)` if there is none of this name, or not yet.
    pub(super) async fn cancel(&self, name: &JobName) -> Result<bool, Error> {
        let Some(services) = self.services.get() else { return Ok(false) };
        let request = services.jobs.cancel_job().set_project_id(&self.settings.project).set_job_id(&name.id);
        let request = request.set_location(name.location.clone().unwrap_or_default()).with_idempotency(true);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if failure::is_not_found(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the dataset is there and may be looked at.
    pub(super) async fn ping(&self, work: &Work) -> Result<(), ConnectorError> {
        let request = self.services(work).await?.tables.list_tables().set_project_id(&self.settings.project);
        let request = request.set_dataset_id(&self.settings.dataset).set_max_results(1_u32);
        work.wait_for(request.send()).await?.map(drop).map_err(|error| self.of(&error, work))
    }

    /// All tables and views of the dataset, in the order of their names. This is free, unlike a query of
    /// `INFORMATION_SCHEMA`, and says more.
    pub(super) async fn tables(&self, work: &Work) -> Result<Vec<Table>, ConnectorError> {
        let mut names = Vec::new();
        let mut token = String::new();
        loop {
            let request =
                self.services(work).await?.tables.list_tables().set_project_id(&self.settings.project);
            let request = request.set_dataset_id(&self.settings.dataset).set_max_results(1_000_u32);
            let answer = work.wait_for(request.set_page_token(token).send()).await?;
            let answer = answer.map_err(|error| self.of(&error, work))?;
            names.extend(answer.tables.into_iter().filter_map(|table| table.table_reference));
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let asked = names.into_iter().map(|name| self.table(name.table_id, work));
        let found: Vec<_> = work.wait_for(stream::iter(asked).buffered(AT_ONCE).collect()).await?;
        found.into_iter().filter_map(Result::transpose).collect()
    }

    /// A table, or nothing if it is gone by now.
    async fn table(&self, name: String, work: &Work) -> Result<Option<Table>, ConnectorError> {
        let request = self.services(work).await?.tables.get_table().set_project_id(&self.settings.project);
        let request = request.set_dataset_id(&self.settings.dataset).set_table_id(name);
        match request.set_view(TableMetadataView::StorageStats).send().await {
            Ok(table) => Ok(Some(table)),
            Err(error) if failure::is_not_found(&error) => Ok(None),
            Err(error) => Err(self.of(&error, work)),
        }
    }

    fn query(&self, sql: &str) -> JobConfigurationQuery {
        let dataset = DatasetReference::new()
            .set_project_id(&self.settings.project)
            .set_dataset_id(&self.settings.dataset);
        JobConfigurationQuery::new().set_query(sql).set_use_legacy_sql(false).set_default_dataset(dataset)
    }

    async fn services(&self, work: &Work) -> Result<&Services, ConnectorError> {
        work.wait_for(self.services.get_or_try_init(|| self.connect())).await?
    }

    async fn connect(&self) -> Result<Services, ConnectorError> {
        choose_cryptography();
        let credentials = self.settings.credentials()?;
        let retry = || Aip194Strict.with_attempt_limit(TRIES);
        let mut jobs = JobService::builder()
            .with_credentials(credentials.clone())
            .with_retry_policy(retry())
            .with_attempt_timeout(TRY_TIME);
        let mut tables = TableService::builder()
            .with_credentials(credentials)
            .with_retry_policy(retry())
            .with_attempt_timeout(TRY_TIME);
        if let Some(endpoint) = &self.settings.endpoint {
            (jobs, tables) = (jobs.with_endpoint(endpoint), tables.with_endpoint(endpoint));
        }
        let refuse = |error: google_cloud_gax::client_builder::Error| ConnectorError::Open {
            database: self.settings.name.clone(),
            reason: error.to_string(),
        };
        Ok(Services {
            jobs: jobs.build().await.map_err(refuse)?,
            tables: tables.build().await.map_err(refuse)?,
        })
    }

    fn of(&self, error: &Error, work: &Work) -> ConnectorError {
        failure::of_request(error, &self.settings.name, work)
    }
}

/// Google's client takes the cryptography that the process has chosen. Where nobody has, it is the one that the other
/// connectors are built with.
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
