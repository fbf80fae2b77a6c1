"""`python -m local demo`: sample pipelines, run on local AWS and watched."""
