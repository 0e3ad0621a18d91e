"""What the workflow takes for granted of Snakemake's inside, which its next version may change."""

import inspect

from snakemake.scheduling.job_scheduler import JobScheduler

from tests.helpers.places import ROOT


def test_the_limit_of_jobs_a_second_is_where_the_workflow_lifts_it():
    """Setting an attribute that nobody reads would be silent."""
    assert "workflow.scheduler.job_rate_limiter = None" in (
        ROOT / "workflow" / "rules" / "common.smk"
    ).read_text(encoding="utf-8")
    assert "self.job_rate_limiter = (" in inspect.getsource(JobScheduler.__init__)
    assert "if self.job_rate_limiter is not None:" in inspect.getsource(JobScheduler.schedule)
