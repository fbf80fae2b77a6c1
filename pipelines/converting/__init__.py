"""Definitions for a worker group, made from those for Ec2Resource and EmrCluster, and back."""
