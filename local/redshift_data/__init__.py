"""The Amazon Redshift Data API, with statements run by a PostgreSQL server.

Amazon Redshift Data API reference. ExecuteStatement, BatchExecuteStatement, DescribeStatement,
GetStatementResult and CancelStatement are there, and of Amazon Redshift's own statements COPY and UNLOAD.
Clusters, workgroups, users and secrets are not: they all stand for one server.
"""
