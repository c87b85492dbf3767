"""Starts bqemulator for the tests of the connector, as it is but for what its tests need.

It starts without DuckDB's spatial extension, which it would fetch from the network. And since it runs every statement, dry
runs included, before it answers anybody else, statements run in threads here, a dry run only asks DuckDB for the columns, and
jobs.cancel interrupts the statement, as BigQuery's own would. It ends when its standard input does.
"""

import asyncio
import os
import sys
import threading
from contextvars import ContextVar

import pyarrow as pa
from bqemulator.api.routes import jobs
from bqemulator.domain.errors import DomainError, InvalidQueryError
from bqemulator.jobs import executor
from bqemulator.storage import engine

# The job that is answered, its dataset, and whether it is a dry run.
job = ContextVar("job", default=(None, None, False))
# What DuckDB works on, by job, and the dataset it works in.
at_work = {}


def read(connection, sql, parameters, is_dry_run):
    if is_dry_run:
        found = connection.sql(sql, params=parameters or None)
        names, types = found.columns, found.types
        empty = found.limit(0).to_arrow_table().rename_columns(names)
        return engine._annotate_with_duckdb_types(empty, list(zip(names, types)))
    found = connection.execute(sql, parameters) if parameters else connection.execute(sql)
    return engine._annotate_with_duckdb_types(found.to_arrow_table(), found.description)


async def run_single_sql(project_id, bq_sql, query_params, ctx, *, caller):
    job_id, dataset, is_dry_run = job.get()
    if executor.classify_statement_type(bq_sql) != "SELECT":
        return await as_it_is(project_id, bq_sql, query_params, ctx, caller=caller)
    sql = await executor.rewrite_and_translate_statement(
        bq_sql, project_id=project_id, ctx=ctx, caller=caller, translator=executor._translator
    )
    try:
        sql, values = executor.bind_parameters(executor.rewrite_table_refs(sql, project_id), query_params)
        connection = ctx.engine.connection.cursor()
        connection.execute("SET TimeZone = 'UTC'")
        at_work[job_id] = (connection, dataset)
        return await asyncio.to_thread(read, connection, sql, values, is_dry_run)
    except Exception as error:
        if "INTERRUPT" in str(error):
            raise InvalidQueryError("Job execution was cancelled: User requested cancellation") from error
        translated = executor.translate_runtime_error(error, duckdb_sql=sql)
        if translated is error:
            raise
        raise translated from error
    finally:
        at_work.pop(job_id, None)


async def handle_query_job(project_id, job_id, config, *, dry_run, **rest):
    job.set((job_id, config["query"].get("defaultDataset", {}).get("datasetId"), dry_run))
    return await handled(project_id, job_id, config, dry_run=dry_run, **rest)


async def cancel(project_id: str, job_id: str, ctx: jobs._Ctx):
    if job_id not in at_work:
        return cancelled(project_id, job_id, ctx)
    # DuckDB may not have begun yet, and then an interruption passes it by.
    while job_id in at_work:
        at_work[job_id][0].interrupt()
        await asyncio.sleep(0.01)
    running = {"jobReference": {"projectId": project_id, "jobId": job_id}, "status": {"state": "RUNNING"}}
    return {"kind": "bigquery#jobCancelResponse", "job": running}


@jobs.router.get("/datasets-at-work/{name}")
async def statements_at_work(name: str):
    return sum(dataset == name for _, dataset in at_work.values())


as_it_is, executor._run_single_sql = executor._run_single_sql, run_single_sql
handled, jobs._handle_query_job = jobs._handle_query_job, handle_query_job
cancelled = jobs.cancel_job
for route in jobs.router.routes:
    if route.endpoint is jobs.cancel_job:
        route.endpoint = cancel
engine.DuckDBEngine._load_spatial = lambda self: None



def end_with_the_tests():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    from bqemulator.cli import main

    # Whoever started it holds the other end, and is gone when it closes.
    threading.Thread(target=end_with_the_tests, daemon=True).start()
    main()
