"""The Amazon Redshift Data API, with statements run by a PostgreSQL server.

Amazon Redshift Data API reference. It has ExecuteStatement, BatchExecuteStatement, DescribeStatement,
GetStatementResult and CancelStatement, and of Amazon Redshift's own statements COPY and UNLOAD. It has no
clusters, workgroups, users or secrets: whatever a request names, its statements run on one server.
"""
