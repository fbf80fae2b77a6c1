"""The SQL of RedshiftCopyActivity: fields of pipeline objects in, statements out."""
