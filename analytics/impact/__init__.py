"""What a learning path did to an outcome: the report, from what the record store holds."""

from analytics.impact.reports import impact, report_list, stored_report

__all__ = ["impact", "report_list", "stored_report"]
