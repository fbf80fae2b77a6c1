"""Amazon EMR and EMR Serverless on this machine: clusters without instances, and steps as local processes."""
