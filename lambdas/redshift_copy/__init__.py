"""What RedshiftCopyActivity does, as SQL: fields of pipeline objects in, statements out."""
