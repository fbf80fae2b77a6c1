"""The Amazon Redshift Data API, with statements run by a PostgreSQL server.

Amazon Redshift Data API reference. ExecuteStatement, BatchExecuteStatement, DescribeStatement and
CancelStatement are there. Clusters, workgroups, users and secrets are not: they all stand for one server.
"""
