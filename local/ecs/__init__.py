"""Amazon ECS on AWS Fargate: tasks, whose containers are process trees on this machine.

Clusters, task definitions and their tags are ministack's. RunTask, StopTask, DescribeTasks and ListTasks, and
the containers, are here.
"""
