"""A Spark session with Hive's support, for one machine and one user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.catalogImplementation": "hive",
    "spark.hadoop.hive.metastore.schema.verification": "false",
    "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
    "spark.driver.memory": "768m",
    # As Hive does it: no ANSI errors, and values that do not fit are NULL.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.storeAssignmentPolicy": "LEGACY",
    # Variables are replaced before a statement gets to Spark.
    "spark.sql.variable.substitute": "false",
}


def spark_session(directory: Path) -> Any:
    """A session whose warehouse and metastore are below ``directory``. Needs PySpark, and Java."""
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder.master("local[1]").appName("local-emr")
    places = {
        "spark.sql.warehouse.dir": (directory / "warehouse").as_uri(),
        "spark.local.dir": str(directory / "scratch"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:memory:{directory.name};create=true",
        "spark.hadoop.hive.exec.scratchdir": str(directory / "hive"),
        "spark.driver.extraJavaOptions": (
            f"-Dderby.system.home={directory} -Dderby.stream.error.file={directory}/derby.log "
            "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
        ),
    }
    for key, value in {**_SETTINGS, **places}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
