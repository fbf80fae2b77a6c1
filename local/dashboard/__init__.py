"""`python -m local dashboard`: a CloudWatch dashboard of local AWS, drawn as an SVG picture."""
