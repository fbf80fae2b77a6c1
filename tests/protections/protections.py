"""What is protected from what, by which text, and which tests miss it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Protection:
    """A part of a file without which each of ``tests`` fails."""

    what: str
    """What it protects from."""
    path: str
    removed: str
    """It is in the file once."""
    tests: tuple[str, ...]
    """Ids of tests, as pytest has them. One without a case stands for at least one of its cases."""
    replaced_by: str = ""
    """What stands there instead, so that the rest still is a program."""


FAULTS = "tests/system/test_faults.py::test_fault"
UNKNOWNS = "tests/simulation/test_unknowns.py"
HOSTILE = "tests/system/test_hostile_input.py::test_it_runs_or_says_what_is_wrong"
HOSTILE_TASKS = "tests/unit/test_hostile_tasks.py"
MONITORING = "tests/system/test_monitoring.py"
SECURITY = "tests/infra/test_security.py"
SECRETS = "tests/system/test_secrets.py"
PERMITTED = "tests/system/test_permissions.py::test_nothing_that_the_stack_does_is_denied[as-assumed]"
RUNTIME_API = "tests/local/test_runtime_api.py"
PROCESS_TREE = "tests/local/test_process_tree.py"
SANDBOX = "tests/local/test_sandbox_user.py"
HANDLER = "tests/unit/test_handler.py"
REDACTION = "tests/unit/test_redaction.py"
ENVIRONMENT = "tests/unit/test_environment.py"
PROGRESS = "tests/unit/test_progress_process.py"
COMMAND = "tests/unit/shell/test_command.py"
SCRATCH = "tests/unit/shell/test_scratch.py"
SHELL = "tests/unit/test_shell_command.py"
COPIES = "tests/unit/test_copy_activity.py"
NODES = "tests/unit/test_s3_data_node.py"
TABLES = "tests/databases/test_copy_activity.py"
CHAINS = "tests/databases/test_chains.py"
TABLE_NAMES = "tests/databases/test_names.py"
VALUES = "tests/databases/test_values.py"
INSERTS = "tests/databases/test_postgresql_inserts.py"
BITS = "tests/databases/test_bits.py"
TIMES = "tests/databases/test_times.py"
EFFECTS = "tests/databases/test_query_effects.py"
LIMIT = "tests/unit/data_formats/test_match_limit.py"
LOGINS = "tests/databases/test_logins.py"

_FAULTS = (
    Protection(
        "a canceled task's work is begun, or goes on",
        "infra/run_task.py",
        "'canceled': $states.result.Canceled = true,",
        (
            f"{FAULTS}[canceled_before_it_is_acknowledged]",
            "tests/system/test_faults.py::test_a_deferral_that_is_canceled_stops_its_work",
            f"{UNKNOWNS}::test_canceled_and_deleted_tasks_leave_nothing",
            f"{UNKNOWNS}::test_what_is_over_before_it_is_acknowledged_is_not_begun",
        ),
        "'canceled': false,",
    ),
    Protection(
        "an execution fails because its task has already ended",
        "infra/run_task.py",
        "        call.add_catch(no_longer_ours, errors=NO_LONGER_OURS)\n",
        (
            f"{FAULTS}[the_answer_with_the_task_comes_twice]",
            f"{FAULTS}[the_status_is_taken_but_not_answered]",
            f"{FAULTS}[canceled_while_its_status_is_refused]",
        ),
    ),
    Protection(
        "a status is lost because the service does not take it at once",
        "infra/run_task.py",
        "max_attempts=60,",
        (
            f"{FAULTS}[the_status_is_refused_for_a_while]",
            f"{UNKNOWNS}::test_a_status_waits_until_the_service_is_up_again",
        ),
        "max_attempts=1,",
    ),
    Protection(
        "a handler that may have done its work is invoked again in the same attempt",
        "infra/run_task.py",
        "            retry_on_service_exceptions=False,\n",
        (f"{FAULTS}[the_handlers_answer_is_lost]", f"{FAULTS}[the_handler_is_not_reached]"),
    ),
    Protection(
        "a task is not reported because its handler crashed",
        "infra/run_task.py",
        '        invoke.add_catch(outcome, errors=["States.ALL"], outputs=_crash(route))\n',
        (
            f"{FAULTS}[the_handler_raises]",
            f"{FAULTS}[the_handler_is_killed]",
            f"{FAULTS}[the_handler_takes_too_long]",
            f"{FAULTS}[the_handler_returns_7_megabytes]",
        ),
    ),
    Protection(
        "a return value that is no outcome is taken for one",
        "infra/run_task.py",
        "\"$type($payload) = 'object' and \"\n"
        "        \"$payload.status in ['FINISHED', 'FAILED', 'FALSE', 'DEFERRED', 'CANCELED'] "
        '? $payload : "',
        (f"{FAULTS}[the_handler_returns_garbage]",),
        "\"true ? {'status': 'FINISHED'} : \"",
    ),
    Protection(
        "a task fails because its handler is throttled for longer than its retries",
        "infra/run_task.py",
        "        invoke.add_catch(\n            wait,\n            errors=NOT_STARTED,\n"
        "            outputs=f\"{{% {{'resume': $states.input.resume, "
        "'waitSeconds': {CAPACITY_WAIT_SECONDS}}} %}}\",\n        )\n",
        (f"{FAULTS}[the_handler_is_throttled_for_minutes]",),
    ),
    Protection(
        "work is begun that another execution will be offered",
        "infra/run_task.py",
        '"{% $exists($states.input.unacknowledged) and $not($exists($states.input.resume)) %}"',
        (f"{FAULTS}[the_acknowledgement_is_refused_for_good]",),
        '"{% false %}"',
    ),
    Protection(
        "a StartExecution that is repeated runs the task twice",
        "infra/poll_loop.py",
        '            name="{% $states.input.name %}",\n',
        (f"{FAULTS}[the_start_is_throttled_and_then_answered_twice]",),
    ),
    Protection(
        "a task that is offered again under the same id is refused as already started",
        "lambdas/runner/envelope.py",
        "f\"{envelope['taskId']}\\n{poll_id}\"",
        (
            f"{FAULTS}[the_answer_with_the_task_comes_twice]",
            f"{UNKNOWNS}::test_aborted_between_any_two_steps_a_task_is_made_up_for",
        ),
        "f\"{envelope['taskId']}\"",
    ),
)

_UNKNOWNS = (
    Protection(
        "polls that were given up swallow the tasks of those after them",
        "lambdas/runner/loop.py",
        "if result is PollResult.ABANDONED or not limits.continuous:",
        (f"{UNKNOWNS}::test_each_task_ends_as_it_earned_and_starts_within_the_bound",),
        "if result is PollResult.EMPTY and not limits.continuous:",
    ),
    Protection(
        "tasks that have become many are taken one a tick",
        "infra/poll_loop.py",
        "start.next(poll)",
        (f"{UNKNOWNS}::test_ticks_are_lost_for_an_hour",),
        "start",
    ),
    Protection(
        "a task that was canceled goes on to its end",
        "infra/run_task.py",
        "$stopped := $states.input.canceled and $outcome.status != 'DEFERRED'; ",
        (
            "tests/infra/test_state_machines.py::test_of_a_canceled_task_nothing_is_reported_but_it_may_need_time_to_stop",
            f"{UNKNOWNS}::test_canceled_and_deleted_tasks_leave_nothing",
        ),
        "$stopped := false; ",
    ),
    Protection(
        "a period is so short that polls which were given up delay tasks",
        "infra/worker_group.py",
        "SHORT_POLL_PERIOD_SECONDS = 300",
        (
            "tests/infra/test_worker_group.py"
            "::test_short_polls_more_often_than_every_5_minutes_are_refused_with_both_ways_out",
        ),
        "SHORT_POLL_PERIOD_SECONDS = 120",
    ),
)

_LOOPS = (
    Protection(
        "a loop fails because a poll was not answered",
        "lambdas/runner/polling.py",
        "    except Exception as error:\n        return judge(error, worker_group)\n",
        (
            f"{FAULTS}[the_answer_with_the_task_is_dropped]",
            f"{FAULTS}[polls_are_refused]",
            f"{FAULTS}[the_service_is_down]",
        ),
    ),
    Protection(
        "a loop fails because its poller could not be invoked, or its answer was lost",
        "infra/poll_loop.py",
        '                "Lambda.ServiceException",\n'
        '                "Lambda.AWSLambdaException",\n'
        '                "Lambda.SdkClientException",\n',
        (f"{FAULTS}[the_poller_dies_before_and_after_its_poll]",),
    ),
    Protection(
        "a loop fails, and its task waits to be offered again, because Step Functions was busy for a moment",
        "infra/poll_loop.py",
        "max_attempts=7,",
        (
            f"{FAULTS}[the_start_is_refused_for_good]",
            f"{FAULTS}[the_start_is_throttled_and_then_answered_twice]",
        ),
        "max_attempts=0,",
    ),
    Protection(
        "work is begun that was not acknowledged, so that what comes of it is another execution's too",
        "infra/run_task.py",
        '            action="reportTaskProgress",\n'
        '            parameters={"TaskId": f"{{% {TASK}.taskId %}}"},\n',
        (
            f"{FAULTS}[aborted_while_deferred]",
            f"{FAULTS}[aborted_at_the_status]",
        ),
        '            action="listPipelines",\n            parameters={},\n',
    ),
    Protection(
        "a refused progress report is the last one",
        "lambdas/runner/progress.py",
        "    except Exception as error:  # whatever it is, it must not end the reports\n",
        (f"{HANDLER}::test_refused_progress_reports_do_not_stop_the_work",),
        "    except ZeroDivisionError as error:\n",
    ),
)

_CANCELED = (
    Protection(
        "work is begun whose pipeline was deleted",
        "infra/run_task.py",
        "outputs=\"{% {'canceled': true, 'resume': $states.input.resume} %}\",",
        (f"{UNKNOWNS}::test_what_is_over_before_it_is_acknowledged_is_not_begun",),
        "outputs=\"{% {'canceled': false, 'resume': $states.input.resume} %}\",",
    ),
)

_HOSTILE = (
    Protection(
        "text that cannot be written as UTF-8 gets into a state machine",
        "lambdas/runner/envelope.py",
        '    if not _is_text(inline):\n        return Received({**envelope, "objects": {}}, claim=objects)\n',
        (
            f"{HOSTILE_TASKS}::test_every_task_runs_or_says_why_not_and_fits_into_a_state",
            f"{HOSTILE_TASKS}::test_a_claim_brings_back_what_could_not_travel",
        ),
    ),
    Protection(
        "an answer has characters that the service, or UTF-8, refuses",
        "lambdas/runner/outcome.py",
        "safe_text(self.message)[:MAX_ERROR_MESSAGE]",
        ("tests/unit/test_outcome.py::test_a_message_has_no_character_that_the_service_refuses",),
        "self.message",
    ),
    Protection(
        "a handler dies of fields that are not of the documented form",
        "lambdas/runner/fields.py",
        'if not isinstance(field, Mapping) or not isinstance(field.get("key"), str):',
        (
            f"{HOSTILE_TASKS}::test_a_handler_answers_every_task_that_it_is_given",
            f"{HOSTILE_TASKS}::test_every_task_runs_or_says_why_not_and_fits_into_a_state",
        ),
        "if False:",
    ),
    Protection(
        "a task is larger than a state may be",
        "lambdas/runner/envelope.py",
        "MAX_INLINE_BYTES = 200_000",
        (
            f"{HOSTILE_TASKS}::test_every_task_runs_or_says_why_not_and_fits_into_a_state",
            f"{HOSTILE}[large]",
        ),
        "MAX_INLINE_BYTES = 200_000_000",
    ),
    Protection(
        "an id is larger than a state may be, or is not text",
        "lambdas/runner/envelope.py",
        "            if _told(texts[key]) != texts[key]:\n",
        (
            f"{HOSTILE_TASKS}::test_an_id_that_the_service_would_not_take_is_refused_by_name",
            f"{HOSTILE_TASKS}::test_a_type_that_no_handler_can_have_is_refused_and_fits_into_a_state",
            f"{HOSTILE}[long-attempt-id]",
        ),
        "            if False:\n",
    ),
    Protection(
        "a task that nothing can be reported of is started",
        "lambdas/runner/polling.py",
        'if not isinstance(task, dict) or not _is_task_id(task.get("taskId")):',
        (
            f"{HOSTILE_TASKS}::test_the_poller_goes_on_whatever_it_is_answered",
            f"{HOSTILE_TASKS}::test_a_task_that_cannot_be_answered_for_is_no_task",
        ),
        "if not task:",
    ),
    Protection(
        "a task without objects is not told why it cannot run",
        "lambdas/runner/envelope.py",
        '    elif not objects:\n        problem = "the task has no objects"\n',
        (f"{HOSTILE}[nothing]",),
    ),
    Protection(
        "a task without an attempt is not told why it cannot run",
        "lambdas/runner/envelope.py",
        '    if not envelope["attemptId"]:\n        problem = "the task has no attemptId"\n'
        "    elif not objects:",
        (f"{HOSTILE}[null]",),
        "    if not objects:",
    ),
    Protection(
        "an attempt without a type is not told why it cannot run",
        "lambdas/runner/envelope.py",
        "    elif not attempt.type:\n"
        "        problem = f\"the attempt '{envelope['attemptId']}' has no field 'type'\"\n",
        (f"{HOSTILE}[no-type]", f"{HOSTILE}[neither-value]"),
    ),
    Protection(
        "a type gets into a state machine whatever its size",
        "lambdas/runner/envelope.py",
        'for key in ("pipelineId", "attemptId", "route")}',
        (
            f"{HOSTILE_TASKS}::test_a_type_that_no_handler_can_have_is_refused_and_fits_into_a_state",
            f"{HOSTILE}[long-type]",
        ),
        'for key in ("pipelineId", "attemptId")}',
    ),
)

_DATABASES = (
    Protection(
        "a password is refused though it is right, because it is not in Latin-1",
        "lambdas/sql/mysql.py",
        "server.credentials.password.encode()",
        (f"{LOGINS}::test_a_password",),
        "server.credentials.password",
    ),
    Protection(
        "a password is refused though it is right, because SASLprep does not know it",
        "lambdas/sql/postgresql.py",
        "    except ScramException:\n        return password.encode()\n",
        (f"{LOGINS}::test_a_password",),
        "    except ScramException:\n        raise\n",
    ),
    Protection(
        "a database in another encoding gets other characters than the file has",
        "lambdas/sql/postgresql.py",
        '                "client_encoding": "UTF8",\n',
        (
            f"{LOGINS}::test_a_database_of_another_encoding_gets_and_gives_the_same_characters",
            f"{LOGINS}::test_a_character_that_the_database_cannot_have_is_an_error",
        ),
    ),
    Protection(
        "another database is used than the connection string names",
        "lambdas/sql/jdbc.py",
        '    if "#" in place:',
        (f"{LOGINS}::test_a_number_sign_in_a_connection_string_does_not_end_the_name",),
        "    if False:",
    ),
)

_COPIES = (
    Protection(
        "an entry of a manifest is passed over because another was deleted",
        "lambdas/data_nodes/manifest.py",
        "itertools.dropwhile(lambda one: str(one[0]) != after, remaining)",
        (f"{COPIES}::test_a_manifest_goes_on_after_the_last_entry_whatever_was_deleted",),
        "remaining",
    ),
    Protection(
        "a copy goes on in another manifest than it began with",
        "lambdas/copying/between_objects.py",
        "if progress.after and progress.manifest != manifest.etag:",
        (f"{COPIES}::test_a_manifest_that_is_replaced_while_it_is_copied",),
        "if False:",
    ),
    Protection(
        "of two objects that become one the first is lost, if a deferral is between them",
        "lambdas/copying/progress.py",
        'begun = tuple(after[:length] for length in state.get("begun", ()))',
        (
            f"{COPIES}::test_two_objects_never_become_one_with_a_deferral_between",
            "tests/unit/copying/test_progress.py::"
            "test_it_knows_every_name_that_was_taken_whatever_was_deferred",
        ),
        "begun: tuple[str, ...] = ()",
    ),
    Protection(
        "of two entries of a manifest that become one the first is lost",
        "lambdas/copying/between_objects.py",
        "                raise _same(other, uri, target)\n",
        (f"{COPIES}::test_two_entries_of_a_manifest_never_become_one",),
        "                continue\n",
    ),
    Protection(
        "an object is not copied because its key ends as that of a directory",
        "lambdas/data_nodes/s3_data_node.py",
        'if entry["Size"] or not key.endswith("/"):',
        (
            f"{COPIES}::test_a_key_that_ends_like_a_directory_is_copied_if_it_has_content",
            f"{NODES}::test_a_key_that_ends_like_a_directory_counts_if_it_has_content",
            f"{NODES}::test_a_key_that_ends_like_a_directory_exists_if_it_has_content",
        ),
        'if not key.endswith("/"):',
    ),
    Protection(
        "an input is overwritten by the file in which another is decompressed",
        "lambdas/shell/staging.py",
        'fetched = Path(aside, "object")',
        ("tests/unit/test_shell_command.py::test_an_input_is_never_overwritten_by_another",),
        'fetched = target.with_name("a.decompressing")',
    ),
    Protection(
        "of two queries only the rows of the first are copied, in MySQL",
        "lambdas/copying/mysql_tables.py",
        "    _flags = 0\n",
        (
            f"{TABLES}::test_a_query_of_two_statements_runs_neither",
            f"{TABLES}::test_an_insert_of_two_statements_runs_neither",
        ),
    ),
    Protection(
        "of two queries only the rows of the first are copied, in PostgreSQL",
        "lambdas/copying/postgresql_tables.py",
        "self._driver.execute_unnamed(_DECLARE + query)",
        (f"{TABLES}::test_a_query_of_two_statements_runs_neither",),
        "self._driver.execute_simple(_DECLARE + query)",
    ),
    Protection(
        "of a procedure's queries only the rows of the first are copied",
        "lambdas/copying/mysql_tables.py",
        "                    if cursor.description:\n",
        (f"{TABLES}::test_a_procedure_may_give_the_rows_of_one_query_but_not_of_two",),
        "                    if False:\n",
    ),
    Protection(
        "a statement that makes a table goes on after the task has ended",
        "lambdas/copying/mysql_tables.py",
        "with ended_with(task, session):",
        (f"{TABLES}::test_a_table_that_takes_too_long_to_make_is_not_made_on",),
        "if True:",
    ),
    Protection(
        "an expression holds the function until its time is over",
        "lambdas/data_formats/match_limit.py",
        "            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS / _TICKS, SECONDS / _TICKS)\n",
        (f"{LIMIT}::test_a_match_without_end_is_ended_and_told",),
    ),
    Protection(
        "many records that take long fail as one that never ends",
        "lambdas/data_formats/match_limit.py",
        "self._ticks + 1 if self.record == self._seen else 1",
        (f"{LIMIT}::test_many_records_may_take_longer_than_one",),
        "self._ticks + 1",
    ),
    Protection(
        "a copy is said to have left nothing, though tables without transactions keep its rows",
        "lambdas/copying/mysql_tables.py",
        "any(number == ER.WARNING_NOT_COMPLETE_ROLLBACK for _level, number, _text in warnings)",
        (f"{TABLES}::test_the_message_says_that_rows_of_tables_without_transactions_stay",),
        "not warnings and False",
    ),
    Protection(
        "a copy that fails leaves rows, because createTableSql has ended its transaction",
        "lambdas/copying/postgresql_tables.py",
        "        self._begin()\n        return True\n",
        (f"{TABLES}::test_the_message_says_what_the_making_of_the_table_has_committed",),
        "        return True\n",
    ),
    Protection(
        "a copy is said to have left nothing, though a procedure has committed",
        "lambdas/copying/with_tables.py",
        "if query and query.calls and tables.commits_in_procedures:",
        (f"{TABLES}::test_the_message_does_not_say_what_a_procedure_has_committed",),
        "if False:",
    ),
    Protection(
        "NULL is written so that what reads files of AWS's runner takes it for a text",
        "lambdas/data_formats/delimited.py",
        'for letter in "nN"',
        (
            "tests/unit/data_formats/test_delimited.py::"
            "test_null_is_written_as_the_guide_says_and_read_as_databases_write_it_too",
        ),
        'for letter in "Nn"',
    ),
    Protection(
        "what one activity writes without a data format, the next one reads in another",
        "lambdas/redshift_copy/plan.py",
        "(named or not name_a_format(options, COPY_FORMATS))",
        (f"{CHAINS}::test_a_table_to_redshift_and_back",),
        "named",
    ),
    Protection(
        "NULL cannot be told from a text in what UNLOAD writes",
        "lambdas/redshift_copy/plan.py",
        "            query = select(self.owner, self.table, columns, self.text)\n",
        (f"{CHAINS}::test_a_table_to_redshift_and_back",),
        "            pass\n",
    ),
    Protection(
        "UNLOAD writes a text with a separator in it, which is read as two",
        "lambdas/redshift_copy/text_format.py",
        "CASE WHEN {' OR '.join(bad)} THEN {raised} ELSE {value} END",
        (f"{CHAINS}::test_a_text_that_the_format_cannot_write_fails_the_unload",),
        "CASE WHEN {' OR '.join(bad)} THEN {value} ELSE {value} END",
    ),
    Protection(
        "an attempt that is repeated leaves a second file of the same rows",
        "lambdas/copying/export_name.py",
        're.sub(r"_Attempt=\\d+$", "", task.attempt_id)',
        ("tests/unit/copying/test_export_name.py::test_all_attempts_of_an_instance_have_one_name",),
        "task.attempt_id",
    ),
    Protection(
        "two activities write the same file, since their ids differ in characters that are no part of it",
        "lambdas/copying/export_name.py",
        '    if plain != _TIME.sub(r"T\\1-\\2-\\3", name):\n',
        ("tests/unit/copying/test_export_name.py::test_runs_and_activities_have_names_of_their_own",),
        "    if False:\n",
    ),
    Protection(
        "a table is not found by its name in quotes, and made again",
        "lambdas/sql/mysql.py",
        "for part in found or [name])",
        (f"{TABLE_NAMES}::test_a_table_is_found_by_the_name_that_statements_have",),
        "for part in [name])",
    ),
    Protection(
        "a table that may not be seen is taken for missing",
        "lambdas/sql/mysql.py",
        "            if code in _NOT_THERE:\n",
        (f"{TABLE_NAMES}::test_what_may_not_be_looked_at_is_not_taken_for_missing",),
        "            if code:\n",
    ),
    Protection(
        "a JDBC property that changes data is passed over",
        "lambdas/sql/data_properties.py",
        "            raise _refused(owner, given, name, instead)\n",
        (
            "tests/unit/sql/test_data_properties.py::test_what_is_not_done_is_refused_with_what_to_do",
            f"{VALUES}::test_a_property_that_would_change_data_fails_before_anything_is_done",
        ),
        "            pass\n",
    ),
    Protection(
        "a value that does not fit is cut off, in MySQL",
        "lambdas/sql/mysql.py",
        "            if self.server.data.strict:\n",
        (f"{VALUES}::test_nothing_is_cut_off_unless_that_is_asked_for",),
        "            if False:\n",
    ),
    Protection(
        "a BIT is stored as the bytes of its text",
        "lambdas/copying/mysql_values.py",
        "            found[position] = able[0]\n",
        (f"{VALUES}::test_bits_are_copied_as_numbers", f"{VALUES}::test_bits_in_files_are_numbers"),
        "            pass\n",
    ),
    Protection(
        "a BIT is stored as the bytes of what a statement makes of a text",
        "lambdas/copying/mysql_values.py",
        "            raise _unclear(position, able)\n",
        (f"{BITS}::test_a_text_that_may_become_a_bit_fails_before_anything_is_written",),
        "            pass\n",
    ),
    Protection(
        "a BIT of the table that insertQuery names is stored as the bytes of a text",
        "lambdas/copying/mysql_tables.py",
        "        name = query.table or table\n",
        (f"{BITS}::test_a_bit_is_a_number_whatever_the_statement",),
        "        name = table\n",
    ),
    Protection(
        "rows are copied again by each run, because the query's mark on them is not kept",
        "lambdas/copying/with_tables.py",
        "        tables.commit()\n    except TaskFailed as error:\n",
        (
            f"{EFFECTS}::test_what_a_query_changes_stays_so_that_its_rows_come_once",
            f"{EFFECTS}::test_rows_go_once_from_table_to_table",
        ),
        "        pass\n    except TaskFailed as error:\n",
    ),
    Protection(
        "records get equal numbers, because an expression does not see those before its own",
        "lambdas/copying/insert_query.py",
        " and repeatable(query, tokens, first, last)",
        (
            f"{EFFECTS}::test_an_expression_sees_the_records_before_its_own",
            f"{EFFECTS}::test_an_expression_sees_the_number_that_the_record_before_got",
        ),
    ),
    Protection(
        "times with a time zone are shifted on their way to MySQL by the zone of the server",
        "lambdas/copying/with_tables.py",
        "            if in_utc:\n",
        (f"{TIMES}::test_times_with_zones_of_postgresql_keep_their_instant",),
        "            if False:\n",
    ),
    Protection(
        "a table's rules are passed over",
        "lambdas/copying/postgresql_tables.py",
        "        return bool(found and found[0][0])\n",
        (
            f"{INSERTS}::test_rules_are_kept",
            f"{INSERTS}::test_policies_for_rows_are_kept",
            f"{INSERTS}::test_a_view_that_may_be_written",
        ),
        "        return False\n",
    ),
    Protection(
        "bytes are stored as the text that PostgreSQL writes of them",
        "lambdas/copying/postgresql_tables.py",
        '        if column["type_oid"] == _BYTEA:\n',
        (f"{VALUES}::test_bytes_do_not_become_the_text_that_postgresql_writes_of_them",),
        "        if False:\n",
    ),
    Protection(
        "rows are not copied because a column's name is a word of SQL",
        "lambdas/copying/with_tables.py",
        "[tables.column(name) for name in names]",
        (f"{TABLE_NAMES}::test_columns_whose_names_are_words_of_sql",),
        "list(names)",
    ),
    Protection(
        "an object that a manifest says is mandatory is missing, and nobody is told",
        "lambdas/data_nodes/manifest.py",
        " or not isinstance(mandatory, bool):",
        (f"{NODES}::test_a_manifest_of_another_form_is_told",),
        ":",
    ),
)

_SECRETS = (
    Protection(
        "secret fields get into executions, their history and dead letters",
        "lambdas/runner/envelope.py",
        'return isinstance(field, Mapping) and str(field.get("key", "")).startswith("*")',
        (
            f"{SECRETS}::test_the_canary_is_nowhere_but_in_the_claims",
            f"{HOSTILE_TASKS}::test_every_task_runs_or_says_why_not_and_fits_into_a_state",
        ),
        "return False",
    ),
    Protection(
        "a handler does not know its task's secrets, so that nothing hides them",
        "lambdas/runner/handler.py",
        'if envelope.get("objectsUri"):',
        (
            f"{SECRETS}::test_the_canary_reached_the_handlers",
            f"{SECRETS}::test_the_canary_is_nowhere_but_in_the_claims",
        ),
        "if False:",
    ),
    Protection(
        "the claims can be made public",
        "infra/stack.py",
        "            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,\n",
        (
            f"{SECRETS}::test_of_all_buckets_the_canary_is_in_the_private_encrypted_claims_alone",
            f"{SECURITY}::test_buckets_are_private_encrypted_tls_only_and_expiring",
        ),
    ),
    Protection(
        "a command prints a secret",
        "lambdas/shell/output.py",
        "StreamRedaction(Redaction(secrets))",
        (
            "tests/unit/shell/test_output.py::test_no_secret_gets_through_wherever_the_stream_is_cut",
            "tests/unit/test_shell_command.py::test_secrets_are_kept_out_of_all_output",
        ),
        "StreamRedaction(Redaction())",
    ),
    Protection(
        "a secret is split between two pieces of a command's output",
        "lambdas/runner/redaction.py",
        "max(0, len(buffer) - self._redaction.reach + 1)",
        (
            "tests/unit/shell/test_output.py::test_no_secret_gets_through_wherever_the_stream_is_cut",
            "tests/unit/test_shell_command.py::test_secrets_are_kept_out_of_all_output",
        ),
        "len(buffer)",
    ),
    Protection(
        "a handler logs a secret, or has it in its error",
        "lambdas/runner/telemetry.py",
        "    return _redaction.text(text) if _redaction else text\n",
        (
            f"{HANDLER}::test_the_full_objects_are_read_from_the_claim_and_secrets_never_told",
            f"{HANDLER}::test_a_secret_with_quotes_and_newlines_is_hidden_too",
        ),
        "    return text\n",
    ),
    Protection(
        "a handler has a secret in a field of a log line",
        "lambdas/runner/telemetry.py",
        "_without_secrets(line) if _redaction else line",
        (
            f"{HANDLER}::test_the_full_objects_are_read_from_the_claim_and_secrets_never_told",
            f"{HANDLER}::test_a_secret_of_a_described_object_is_hidden_as_well",
            f"{REDACTION}::test_a_secret_gets_out_of_no_handler",
        ),
        "line",
    ),
    Protection(
        "a library logs a secret",
        "lambdas/runner/telemetry.py",
        "        logging.setLogRecordFactory(_hiding_record)\n",
        (f"{REDACTION}::test_a_secret_gets_out_of_no_handler",),
    ),
    Protection(
        "a handler prints a secret",
        "lambdas/runner/telemetry.py",
        "        self._stream.write(hidden(text))\n",
        (f"{REDACTION}::test_a_secret_gets_out_of_no_handler",),
        "        self._stream.write(text)\n",
    ),
    Protection(
        "a secret is the key of a dictionary that is logged",
        "lambdas/runner/telemetry.py",
        "{_without_secrets(key): _without_secrets(one)",
        (f"{REDACTION}::test_a_secret_gets_out_of_no_handler",),
        "{key: _without_secrets(one)",
    ),
    Protection(
        "a secret shows itself in the form in which Python or JSON writes it",
        "lambdas/runner/redaction.py",
        "        written |= {form for text in written for form in _escaped(text)}\n",
        (
            f"{REDACTION}::test_a_secret_is_hidden_however_it_is_written",
            f"{REDACTION}::test_a_secret_gets_out_of_no_handler",
        ),
        "        pass\n",
    ),
    Protection(
        "of two secrets that overlap the rest of one is told",
        "lambdas/runner/redaction.py",
        "        if merged and start < merged[-1][1]:\n",
        (f"{REDACTION}::test_of_secrets_that_overlap_nothing_is_left",),
        "        if merged and end <= merged[-1][1]:\n",
    ),
    Protection(
        "what a handler adds to the logger is told in the next task's lines",
        "lambdas/runner/telemetry.py",
        "        made.clear_state()\n        made.thread_safe_clear_keys()\n",
        (f"{REDACTION}::test_what_a_handler_adds_to_the_logger_is_gone_with_its_task",),
    ),
    Protection(
        "a secret that a handler keeps is told by the tasks after it",
        "lambdas/runner/telemetry.py",
        "frozenset((*secrets, *_earlier))",
        (f"{REDACTION}::test_a_secret_stays_hidden_in_the_tasks_that_follow_in_the_same_process",),
        "frozenset(secrets)",
    ),
    Protection(
        "a handler's error has a secret in it",
        "lambdas/runner/handler.py",
        "task.redact(outcome.message)",
        (
            f"{HANDLER}::test_the_full_objects_are_read_from_the_claim_and_secrets_never_told",
            f"{HANDLER}::test_a_secret_with_quotes_and_newlines_is_hidden_too",
            f"{HANDLER}::test_a_secret_of_a_described_object_is_hidden_as_well",
        ),
        "outcome.message",
    ),
    Protection(
        "an error's stack has a secret in it",
        "lambdas/runner/handler.py",
        "task.redact(outcome.stack_trace)",
        (
            f"{HANDLER}::test_the_full_objects_are_read_from_the_claim_and_secrets_never_told",
            f"{HANDLER}::test_a_secret_of_a_described_object_is_hidden_as_well",
        ),
        "outcome.stack_trace",
    ),
    Protection(
        "an object that the service describes brings a secret that nothing hides",
        "lambdas/runner/task.py",
        "        self._hide_secrets(found.values())\n",
        (f"{HANDLER}::test_a_secret_of_a_described_object_is_hidden_as_well",),
    ),
    Protection(
        "a deferred state keeps a secret in the execution's history",
        "lambdas/runner/handler.py",
        'if Redaction(task.secrets).spans(state.encode("utf-8", "surrogatepass")):',
        (f"{HANDLER}::test_a_state_with_a_secret_in_it_is_refused",),
        "if False:",
    ),
)

_SECURITY = (
    Protection(
        "a poller takes tasks of other worker groups",
        "infra/poll_loop.py",
        '                conditions=equals("datapipeline:workerGroup", self.worker_group.name),\n',
        (f"{SECURITY}::test_every_statement_has_a_reason_and_every_reason_a_statement",),
    ),
    Protection(
        "no alarm reaches a subscriber",
        "infra/monitoring_topic.py",
        "    topic.add_to_resource_policy(\n"
        "        iam.PolicyStatement(\n"
        "            principals=[iam.ServicePrincipal(_CLOUDWATCH)],\n"
        '            actions=["sns:Publish"],\n'
        "            resources=[topic.topic_arn],\n"
        "            conditions=alarms,\n"
        "        )\n"
        "    )\n",
        (
            f"{SECURITY}::test_what_others_may_do_has_a_reason",
            f"{MONITORING}::test_a_group_that_is_given_nothing",
        ),
    ),
    Protection(
        "alarms of other accounts tell the topic",
        "infra/monitoring_topic.py",
        "            conditions=alarms,\n        )\n    )\n",
        (f"{SECURITY}::test_what_others_may_do_has_a_reason",),
        "        )\n    )\n",
    ),
    Protection(
        "a key of the app's own silences the alarms",
        "infra/monitoring_topic.py",
        'principals=[iam.ServicePrincipal(_CLOUDWATCH)],\n            actions=["kms:Decrypt"',
        (
            f"{SECURITY}::test_a_key_of_the_app_lets_alarms_tell_the_topic_that_it_encrypts",
            f"{MONITORING}::test_a_group_that_is_given_nothing",
        ),
        'principals=[iam.ServicePrincipal("events.amazonaws.com")],\n            actions=["kms:Decrypt"',
    ),
    Protection(
        "an imported key silences the alarms",
        "infra/monitoring_topic.py",
        "master_key=encryption_key if may_use else None",
        (f"{SECURITY}::test_no_alarm_is_lost_for_a_key_whose_policy_cannot_be_changed_here",),
        "master_key=encryption_key",
    ),
    Protection(
        "other rules of EventBridge invoke the function that counts",
        "infra/monitoring_events.py",
        "        count = targets.LambdaFunction(self.function)\n",
        (f"{SECURITY}::test_what_others_may_do_has_a_reason",),
        "        count = targets.LambdaFunction(self.function)\n"
        "        self.function.add_permission(\n"
        '            "Any",\n'
        '            principal=__import__("aws_cdk").aws_iam.ServicePrincipal("events.amazonaws.com"),\n'
        "        )\n",
    ),
    Protection(
        "a function has CDK's default role, which can write every log",
        "infra/python_handler.py",
        "        role=_role(scope, log_group, in_vpc=vpc is not None),\n",
        (
            f"{SECURITY}::test_no_role_has_a_managed_policy",
            f"{SECURITY}::test_every_statement_has_a_reason_and_every_reason_a_statement",
        ),
    ),
    Protection(
        "a function writes the logs of others",
        "infra/python_handler.py",
        "    log_group.grant_write(role)\n",
        (
            f"{SECURITY}::test_a_handler_writes_no_log_but_its_own",
            f"{SECURITY}::test_every_statement_has_a_reason_and_every_reason_a_statement",
        ),
        '    role.add_to_policy(iam.PolicyStatement(actions=["logs:PutLogEvents"], resources=["*"]))\n',
    ),
    Protection(
        "others take on the role of a handler's commands",
        "infra/shell_handler.py",
        "assumed_by=function.grant_principal,",
        (f"{SECURITY}::test_each_role_is_for_one_principal",),
        "assumed_by=iam.AccountRootPrincipal(),",
    ),
    Protection(
        "a poller reports the ends of tasks",
        "infra/poll_loop.py",
        'actions=["datapipeline:ReportTaskRunnerHeartbeat"]',
        (
            f"{SECURITY}::test_no_function_can_do_anothers_work",
            f"{SECURITY}::test_every_statement_has_a_reason_and_every_reason_a_statement",
        ),
        'actions=["datapipeline:ReportTaskRunnerHeartbeat", "datapipeline:SetTaskStatus"]',
    ),
    Protection(
        "a handler in a VPC writes every log",
        "infra/python_handler.py",
        "service-role/AWSLambdaENIManagementAccess",
        (f"{SECURITY}::test_a_handler_in_a_vpc_may_have_network_interfaces_and_no_other_logs",),
        "service-role/AWSLambdaVPCAccessExecutionRole",
    ),
    Protection(
        "claims are read without TLS",
        "infra/stack.py",
        "            enforce_ssl=True,\n",
        (
            f"{SECURITY}::test_cdk_nag_finds_nothing_unexplained",
            f"{SECURITY}::test_buckets_are_private_encrypted_tls_only_and_expiring",
        ),
    ),
    Protection(
        "claims are not encrypted",
        "infra/stack.py",
        "            encryption=s3.BucketEncryption.KMS "
        "if encryption_key else s3.BucketEncryption.S3_MANAGED,\n",
        (f"{SECURITY}::test_buckets_are_private_encrypted_tls_only_and_expiring",),
    ),
    Protection(
        "claims are kept for ever",
        "infra/stack.py",
        "                    expiration=Duration.days(CLAIM_DAYS),\n",
        (f"{SECURITY}::test_buckets_are_private_encrypted_tls_only_and_expiring",),
    ),
    Protection(
        "a function's log is kept for ever",
        "infra/python_handler.py",
        "        retention=given.log_retention,\n",
        (f"{SECURITY}::test_every_log_expires_and_holds_no_execution_data",),
        "        retention=logs.RetentionDays.INFINITE,\n",
    ),
    Protection(
        "the log of RunTask holds what tasks hold",
        "infra/run_task.py",
        "include_execution_data=False",
        (f"{SECURITY}::test_every_log_expires_and_holds_no_execution_data",),
        "include_execution_data=True",
    ),
    Protection(
        "the log of PollLoop holds what tasks hold",
        "infra/poll_loop.py",
        "include_execution_data=False",
        (f"{SECURITY}::test_every_log_expires_and_holds_no_execution_data",),
        "include_execution_data=True",
    ),
    Protection(
        "a key of the customer's own does not encrypt logs",
        "infra/python_handler.py",
        "        encryption_key=given.encryption_key,\n",
        (f"{SECURITY}::test_a_key_encrypts_state_logs_and_claims",),
    ),
    Protection(
        "a key of the customer's own does not encrypt claims",
        "infra/stack.py",
        "            encryption_key=encryption_key,\n            bucket_key_enabled",
        (f"{SECURITY}::test_a_key_encrypts_state_logs_and_claims",),
        "            bucket_key_enabled",
    ),
    Protection(
        "a key of the customer's own does not encrypt state",
        "infra/run_task.py",
        "            encryption_configuration=of_state_machine(given.encryption_key),\n",
        (f"{SECURITY}::test_a_key_encrypts_state_logs_and_claims",),
    ),
    Protection(
        "CloudWatch Logs may use a key for log groups of other accounts",
        "infra/encryption.py",
        '            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},\n',
        (f"{SECURITY}::test_a_key_of_the_app_lets_cloudwatch_logs_use_it_for_this_account_alone",),
    ),
)

_LISTED = "test_what_may_be_listed_under_a_prefix_alone_is_missed_all_the_same"
_REASONS = f"{SECURITY}::test_every_statement_has_a_reason_and_every_reason_a_statement"

# What a part of the stack may do, taken away: local AWS denies it, as AWS would.
_PERMISSIONS = (
    Protection(
        "a poller may not poll",
        "infra/poll_loop.py",
        "        self.poller.add_to_role_policy(\n"
        "            iam.PolicyStatement(\n"
        "                # PollForTask has no resource type, but this condition "
        "(Service Authorization Reference).\n"
        '                actions=["datapipeline:PollForTask"],\n'
        '                resources=["*"],\n'
        '                conditions=equals("datapipeline:workerGroup", self.worker_group.name),\n'
        "            )\n"
        "        )\n",
        (PERMITTED, _REASONS),
    ),
    Protection(
        "a poller may not say that it is there",
        "infra/poll_loop.py",
        '            iam.PolicyStatement(actions=["datapipeline:ReportTaskRunnerHeartbeat"]',
        (PERMITTED, _REASONS),
        '            iam.PolicyStatement(actions=["datapipeline:ListPipelines"]',
    ),
    Protection(
        "a poller may not put secrets aside",
        "infra/poll_loop.py",
        "        self.poller.add_to_role_policy(\n"
        "            iam.PolicyStatement(\n"
        '                actions=["s3:PutObject"], resources=[given.claims.arn_for_objects("claims/*")]\n'
        "            )\n"
        "        )\n",
        (PERMITTED, _REASONS),
    ),
    Protection(
        "a poller may not count the tasks that run",
        "infra/poll_loop.py",
        "        if self.worker_group.max_concurrent_tasks is not None:\n            self.poller",
        (f"{MONITORING}::test_a_group_that_is_given_nothing", _REASONS),
        "        if False:\n            self.poller",
    ),
    Protection(
        "RunTask may not acknowledge a task",
        "infra/run_task.py",
        'iam_action="datapipeline:ReportTaskProgress"',
        (PERMITTED, _REASONS),
        'iam_action="datapipeline:ListPipelines"',
    ),
    Protection(
        "RunTask may not report a task's end",
        "infra/run_task.py",
        'actions=["datapipeline:SetTaskStatus"]',
        (PERMITTED, _REASONS),
        'actions=["datapipeline:ListPipelines"]',
    ),
    Protection(
        "a handler may not report progress, and does not hear that its task is canceled",
        "infra/python_handler.py",
        '                    "datapipeline:ReportTaskProgress",\n',
        ("tests/system/test_stopping.py::test_a_canceled_command_is_killed_with_its_children", _REASONS),
    ),
    Protection(
        "a handler may not read what its task refers to",
        "infra/python_handler.py",
        '                    "datapipeline:DescribeObjects",\n',
        (PERMITTED, _REASONS),
    ),
    Protection(
        "a handler may not read its task's secrets",
        "infra/python_handler.py",
        "        function.add_to_role_policy(\n"
        "            iam.PolicyStatement(\n"
        '                actions=["s3:GetObject"], resources=[given.claims.arn_for_objects("claims/*")]\n'
        "            )\n"
        "        )\n",
        (PERMITTED, _REASONS),
    ),
    Protection(
        "a function may not write its log, and its metrics are lost with it",
        "infra/python_handler.py",
        "    log_group.grant_write(role)\n    if in_vpc:\n",
        (PERMITTED, _REASONS),
        "    if in_vpc:\n",
    ),
    Protection(
        "a shell handler may not take on the role of its commands",
        "infra/shell_handler.py",
        "        function.add_to_role_policy(\n"
        '            iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[command_role.role_arn])\n'
        "        )\n",
        (PERMITTED, _REASONS),
    ),
    Protection(
        "what an event leaves out may not be asked for",
        "infra/monitoring_events.py",
        'actions=["states:DescribeExecution"]',
        (f"{MONITORING}::test_tasks_that_go_wrong", _REASONS),
        'actions=["states:ListExecutions"]',
    ),
    Protection(
        "what is asked for of an execution may not be decrypted",
        "infra/monitoring_events.py",
        '                    actions=["kms:Decrypt"],\n',
        (
            f"{MONITORING}::test_tasks_that_go_wrong",
            f"{SECURITY}::test_a_key_adds_what_its_use_needs_and_no_more",
        ),
        '                    actions=["kms:DescribeKey"],\n',
    ),
    Protection(
        "a secret of a database may not be read",
        "infra/database_access.py",
        '        *([_allow(["secretsmanager:GetSecretValue"], arns)] if arns else []),\n',
        ("tests/system/test_sql.py::test_the_example_of_the_documentation",),
    ),
    Protection(
        "an RDS instance may not be found",
        "infra/database_access.py",
        '["rds:DescribeDBInstances"]',
        ("tests/system/test_sql.py::test_an_rds_instance_is_found_by_its_id_and_verified_by_default",),
        '["rds:DescribeDBClusters"]',
    ),
    Protection(
        "a statement of Amazon Redshift may not be looked at",
        "infra/database_access.py",
        '["redshift-data:DescribeStatement", "redshift-data:CancelStatement"]',
        ("tests/system/test_sql.py::test_scripts_on_redshift_run_without_a_function",),
        '["redshift-data:CancelStatement"]',
    ),
    Protection(
        "a statement of Amazon Redshift may not be run",
        "infra/database_access.py",
        '["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"]',
        ("tests/system/test_sql.py::test_scripts_on_redshift_run_without_a_function",),
        '["redshift-data:ListStatements"]',
    ),
    Protection(
        "a user of Amazon Redshift may not log in",
        "infra/database_access.py",
        '["redshift:GetClusterCredentials"]',
        ("tests/system/test_sql.py::test_scripts_on_redshift_run_without_a_function",),
        '["redshift:DescribeClusters"]',
    ),
    Protection(
        "an object that may be missing fails the task, where some prefixes alone may be listed",
        "lambdas/data_nodes/stored_object.py",
        " or (code in _DENIED and _is_missing(s3, uri))",
        (
            f"{NODES}::{_LISTED}",
            "tests/system/test_copy.py::test_what_is_missing_where_a_prefix_alone_may_be_listed",
        ),
    ),
    Protection(
        "an object may not be read",
        "infra/s3_access.py",
        '        _objects(["s3:GetObject"], read),\n',
        (PERMITTED,),
    ),
    Protection(
        "an object may not be written",
        "infra/s3_access.py",
        '["s3:PutObject", "s3:AbortMultipartUpload"]',
        (PERMITTED,),
        '["s3:AbortMultipartUpload"]',
    ),
    Protection(
        "what may be read may not be listed",
        "infra/s3_access.py",
        'listing = iam.PolicyStatement(actions=["s3:ListBucket"]',
        (PERMITTED,),
        'listing = iam.PolicyStatement(actions=["s3:GetBucketLocation"]',
    ),
)

_RECOVERY = (
    Protection(
        "a command that failed is taken for done",
        "lambdas/activities/shell_command.py",
        "if result.exit_code == 0:",
        ("tests/system/test_recovery.py::test_a_failed_command_is_tried_again",),
        "if result.exit_code >= 0:",
    ),
    Protection(
        "a task whose end was not reported is kept nowhere",
        "infra/monitoring_events.py",
        '        self._rule("RunTaskFailed", its_arn, _FAILED, targets.SqsQueue(self.not_reported))\n',
        (
            "tests/infra/test_monitoring.py::test_every_end_of_run_task_is_counted_and_every_bad_one_kept",
            "tests/system/test_monitoring.py::test_tasks_that_go_wrong",
        ),
    ),
    Protection(
        "a canceled command runs on",
        "lambdas/runner/progress.py",
        "        task.cancel()\n",
        (
            "tests/system/test_stopping.py::test_a_canceled_command_is_killed_with_its_children",
            f"{HANDLER}::test_progress_is_reported_and_a_cancellation_seen",
        ),
    ),
    Protection(
        "a child that leaves the command's process group outlives it",
        "lambdas/shell/process_tree.py",
        "        _adopt_orphans()\n        self._others",
        ("tests/unit/shell/test_command.py::test_children_do_not_outlive_the_command",),
        "        self._others",
    ),
    Protection(
        "a process that forks and leaves all the time outlives its command",
        "lambdas/shell/process_tree.py",
        "        while time.monotonic() < until:\n",
        (f"{COMMAND}::test_a_process_that_forks_and_leaves_all_the_time_does_not_outlive_the_command",),
        "        for _ in range(1):\n",
    ),
    Protection(
        "orphans of a command fill the table of processes",
        "lambdas/shell/command.py",
        "                tree.reap(process.pid)\n",
        (f"{COMMAND}::test_orphans_are_reaped_while_the_command_runs",),
        "                pass\n",
    ),
)

_NEXT_TASK = (
    Protection(
        "time that runs out while a task cleans up leaves what it was about to remove",
        "lambdas/runner/deadline.py",
        "    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n",
        (
            f"{SHELL}::test_time_that_runs_out_while_it_is_cleaned_up_leaves_the_outcome",
            f"{SHELL}::test_a_process_is_ended_though_time_runs_out_meanwhile",
        ),
        "    before = signal.pthread_sigmask(signal.SIG_BLOCK, set())\n",
    ),
    Protection(
        "a command reads the handler's credentials from the process that reports",
        "lambdas/runner/progress_process.py",
        "            environment.close_memory()\n",
        (f"{PROGRESS}::test_a_command_cannot_read_the_process_that_reports",),
        "            pass\n",
    ),
    Protection(
        "a process that could not be ended runs beside the next task",
        "lambdas/shell/command.py",
        '        environment.condemn("processes of a command could not be ended")\n',
        (f"{COMMAND}::test_an_environment_in_which_processes_survive_is_condemned",),
        "        pass\n",
    ),
    Protection(
        "an environment that is not clean takes another task",
        "lambdas/runner/handler.py",
        "            environment.end(context.aws_request_id)\n",
        (f"{ENVIRONMENT}::test_a_condemned_environment_ends_before_any_work_even_if_it_may_open_no_file",),
        "            pass\n",
    ),
    Protection(
        "limits, signals and variables that a task changed are the next one's",
        "lambdas/runner/handler.py",
        "        for problem in before.restore():\n            environment.condemn(problem)\n",
        (
            f"{ENVIRONMENT}::test_the_process_is_as_before",
            f"{ENVIRONMENT}::test_what_cannot_be_put_back_condemns_the_environment",
        ),
    ),
    Protection(
        "files that tasks leave open are missing to those after them",
        "lambdas/runner/handler.py",
        '            environment.condemn("more than half of its files are open")\n',
        (f"{ENVIRONMENT}::test_an_environment_that_runs_out_of_files_is_condemned",),
        "            pass\n",
    ),
    Protection(
        "an environment that may open no file cannot say that it ends",
        "lambdas/runner/environment.py",
        "            _connection.setblocking(True)\n",
        (f"{ENVIRONMENT}::test_a_condemned_environment_ends_before_any_work_even_if_it_may_open_no_file",),
    ),
    Protection(
        "credentials that a handler gives boto3 are the runner's",
        "lambdas/runner/clients.py",
        "    return boto3.Session()\n",
        (f"{ENVIRONMENT}::test_a_handlers_default_session_is_not_the_runners",),
        "    return boto3\n",
    ),
    Protection(
        "directories that a command closed stay for the next task",
        "lambdas/shell/scratch.py",
        "                    os.chmod(name, 0o700, dir_fd=here)\n",
        (f"{SCRATCH}::test_an_environment_that_cannot_be_emptied_is_condemned",),
        "                    raise PermissionError(name)\n",
    ),
    Protection(
        "files that could not be removed are the next task's",
        "lambdas/shell/scratch.py",
        "        environment.condemn(f\"'{path}' could not be removed: {error}\")\n",
        (f"{SCRATCH}::test_an_environment_that_cannot_be_emptied_is_condemned",),
        "        pass\n",
    ),
    Protection(
        "ephemeral storage that a command closed is closed to the next task",
        "lambdas/shell/scratch.py",
        "            storage.chmod(storage.stat().st_mode | 0o700)\n",
        (f"{SCRATCH}::test_ephemeral_storage_is_emptied_though_a_command_closed_it",),
        "            pass\n",
    ),
)

_STAGING = (
    Protection(
        "a time zone in a command is UTC without a word",
        "lambdas/shell/script.py",
        '{"TZDIR": _TIME_ZONES, "PYTHONTZPATH": _TIME_ZONES} if _TIME_ZONES else {}',
        (
            "tests/unit/test_shell_command.py::test_a_command_has_time_zones_and_its_own_choice_of_them",
            "tests/system/test_shell_commands.py::test_what_commands_do",
        ),
        "{}",
    ),
    Protection(
        "of two files for one object one is lost",
        "lambdas/shell/staging.py",
        "        if uri in places:\n",
        (f"{SHELL}::test_two_files_of_a_gzip_node_for_one_object_are_refused",),
        "        if False:\n",
    ),
    Protection(
        "an output that cannot be listed is taken for an empty one",
        "lambdas/shell/staging.py",
        "            raise _output_not_staged("
        'staged, directory, f"cannot be read: {error.strerror}") from error\n',
        (
            f"{SHELL}::test_what_may_not_be_read_is_not_taken_for_nothing",
            f"{SHELL}::test_what_cannot_be_staged_is_told",
        ),
        "            continue\n",
    ),
    Protection(
        "a file that cannot be read is not staged, and nobody told",
        "lambdas/shell/staging.py",
        '        return f"cannot be read: {error.strerror}"\n',
        (f"{SHELL}::test_what_may_not_be_read_is_not_taken_for_nothing",),
        '        return ""\n',
    ),
)

_PROGRAMS = (
    Protection(
        "a test of find's output is true because there is no find",
        "lambdas/shell/script.py",
        ", str(_FALLBACKS)]",
        (f"{SHELL}::test_find_is_there_and_one_of_a_layer_goes_first",),
        "]",
    ),
    Protection(
        "nobody hears that a command went on without a program",
        "lambdas/shell/script.py",
        "        **missing.environment,\n",
        (f"{SHELL}::test_a_program_that_is_missing_is_a_warning_whatever_comes_of_it",),
    ),
)

_PROGRESS = (
    Protection(
        "a handler that holds the interpreter reports no progress",
        "lambdas/runner/progress.py",
        "    return ProgressProcess(task, interval)\n",
        (f"{PROGRESS}::test_reports_go_on_while_a_handler_holds_the_interpreter",),
        "    return ProgressThread(task, interval)\n",
    ),
    Protection(
        "a canceled task that holds the interpreter goes on to its end",
        "lambdas/runner/progress_process.py",
        "                os.kill(parent, signal.SIGKILL)\n",
        (f"{PROGRESS}::test_a_canceled_task_that_cannot_hear_of_it_is_ended_with_its_process",),
        "                pass\n",
    ),
    Protection(
        "nobody reports any more once the process that does is killed",
        "lambdas/runner/progress_process.py",
        "            self._own.run()\n",
        (f"{PROGRESS}::test_reports_go_on_if_their_process_is_killed",),
        "            pass\n",
    ),
)

_LOCAL_LAMBDA = (
    Protection(
        "a command finds programs here that Lambda does not have",
        "local/lambda_runtime/environment.py",
        "places.programs, places.opt",
        ("tests/local/test_image.py::test_a_program_that_the_image_does_not_have_is_not_found",),
        'Path("/usr/bin"), places.programs, places.opt',
    ),
    Protection(
        "process substitution works here, and fails on Lambda",
        "local/supervisor.py",
        "        hide(view, devices)\n",
        ("tests/local/test_image.py::test_process_substitution_fails_as_on_lambda",),
        "        pass\n",
    ),
    Protection(
        "a page of another site answers for a task",
        "local/lambda_runtime/runtime_api.py",
        "        reason = refusal(request.headers.raw_items(), is_page=False)\n",
        (
            f"{RUNTIME_API}::test_a_page_cannot_answer_though_it_knew_the_id",
            f"{RUNTIME_API}::test_a_page_cannot_take_an_event",
            f"{RUNTIME_API}::test_a_task_is_not_ended_by_somebody_else",
        ),
        "        reason = None\n",
    ),
    Protection(
        "an answer with the id of another invocation is taken",
        "local/lambda_runtime/lifecycle.py",
        "self._current is None or self._current.invocation.request_id != request_id",
        (
            f"{RUNTIME_API}::test_only_the_invocation_in_flight_is_answered_and_once",
            f"{RUNTIME_API}::test_a_task_is_not_ended_by_somebody_else",
        ),
        "self._current is None",
    ),
    Protection(
        "an invocation is answered before the runtime has it, or twice",
        "local/lambda_runtime/lifecycle.py",
        '        if self.state != "Running":\n',
        (
            f"{RUNTIME_API}::test_nothing_is_answered_before_it_was_taken_or_after_it_is_over",
            f"{RUNTIME_API}::test_only_the_invocation_in_flight_is_answered_and_once",
        ),
        "        if False:\n",
    ),
    Protection(
        "an initialization is told to have failed while an invocation runs",
        "local/lambda_runtime/lifecycle.py",
        '        if self.state != "Started":\n',
        (f"{RUNTIME_API}::test_an_initialization_fails_only_while_it_lasts",),
        "        if False:\n",
    ),
    Protection(
        "an environment that is about to exit is given the next invocation",
        "local/lambda_runtime/worker.py",
        "        await self._first_of(in_flight.over, lifecycle.init_failed, timeout=max(0.0, left))\n",
        (
            "tests/local/test_invocation_end.py::test_a_runtime_that_answers_and_exits_has_answered_and_is_replaced",
        ),
        "        if not in_flight.over.done():\n            in_flight.over.set_result(None)\n",
    ),
    Protection(
        "a command outlives local AWS or its supervisor, of which one was killed",
        "local/supervisor.py",
        "            if lifeline in ready and not os.read(lifeline, 4096):\n                break\n",
        (
            "tests/local/test_up.py::test_killed_it_leaves_nothing_running",
            f"{PROCESS_TREE}::test_whatever_is_killed_nothing_is_left",
        ),
        "            time.sleep(0.01)\n",
    ),
    Protection(
        "what has left its session and its parents outlives the environment",
        "local/supervisor.py",
        "    ended = _end_all_below()\n",
        (f"{PROCESS_TREE}::test_whatever_is_killed_nothing_is_left",),
        "    ended: dict[int, int] = {}\n",
    ),
    Protection(
        "a runtime outlives its supervisors",
        "local/supervisor.py",
        "        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # A change of the user would reset it.\n",
        (f"{PROCESS_TREE}::test_without_its_supervisors_a_runtime_ends",),
    ),
    Protection(
        "what ran below supervisors that were killed runs on",
        "local/up.py",
        "    ORPHANS.adopt()\n",
        ("tests/local/test_up.py::test_it_ends_what_has_lost_its_supervisors",),
    ),
    Protection(
        "what a command has started runs on between invocations",
        "local/processes.py",
        "        new = [descendant for descendant in descendants(pid) if descendant not in seen]\n",
        (f"{PROCESS_TREE}::test_what_left_its_session_is_frozen_as_well",),
        "        new = [descendant for descendant in children(pid)[:1] if descendant not in seen]\n",
    ),
    Protection(
        "an environment that was killed while it was idle is given an invocation",
        "local/process_tree.py",
        "return not self._killed and program is not None and is_running(program)",
        (f"{PROCESS_TREE}::test_an_environment_that_was_killed_while_it_was_idle_is_replaced",),
        "return not self._killed",
    ),
    Protection(
        "commands have the rights of root where local AWS runs as root",
        "local/lambda_runtime/sandbox_user.py",
        '    if sys.platform != "linux" or os.geteuid() != 0:\n',
        (
            f"{SANDBOX}::test_a_function_may_do_what_an_unprivileged_user_may",
            f"{SANDBOX}::test_so_may_its_commands",
            f"{SANDBOX}::test_a_file_that_lambdas_user_could_not_read_fails_here_too",
        ),
        "    if True:\n",
    ),
    Protection(
        "functions run as root, and nobody is told",
        "local/up.py",
        "            _say(notice)\n",
        (f"{SANDBOX}::test_functions_run_as_root_only_if_they_must_and_that_is_said",),
        "            pass\n",
    ),
    Protection(
        "a function changes the code that others run",
        "local/lambda_runtime/deployment.py",
        "path.chmod(mode & 0o755 | 0o600)",
        (f"{SANDBOX}::test_a_function_may_do_what_an_unprivileged_user_may",),
        "path.chmod(0o666)",
    ),
    Protection(
        "a function has more open files than on Lambda",
        "local/lambda_runtime/worker.py",
        " open_files=OPEN_FILES,",
        (f"{SANDBOX}::test_files_are_limited_as_on_lambda",),
        " open_files=None,",
    ),
)

_LOCAL_SERVICES = (
    Protection(
        "local Redshift passes over an option of COPY or UNLOAD that it does not know",
        "local/redshift_data/options.py",
        "        if words.next not in known:\n            raise words.unexpected()\n",
        (
            "tests/local/test_s3_copy.py::test_options_that_amazon_redshift_refuses",
            "tests/local/test_s3_unload.py::test_options_that_amazon_redshift_refuses",
        ),
        "        if words.next not in known:\n            words.take()\n            continue\n",
    ),
    Protection(
        "local Redshift loads the first thousand objects of a prefix",
        "local/redshift_data/s3_objects.py",
        's3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)',
        ("tests/local/test_s3_copy.py::test_objects_of_a_prefix_however_many",),
        "[s3.list_objects_v2(Bucket=bucket, Prefix=prefix)]",
    ),
    Protection(
        "a definition is taken whose required parameter has no value",
        "local/datapipeline/parameters.py",
        "            problems[missing].append(_MISSING)\n",
        ("tests/local/datapipeline/test_parameters.py::test_values_that_are_refused",),
        "            pass\n",
    ),
    Protection(
        "a pipeline that cannot run stays when its stack has failed",
        "local/datapipeline/pipeline_resource.py",
        "            self.delete(pipeline, properties)\n",
        (
            "tests/local/datapipeline/test_pipeline_resource.py"
            "::test_what_cannot_be_created_leaves_no_pipeline",
        ),
    ),
    Protection(
        "a pipeline keeps the definition with which its stack could not be updated",
        "local/datapipeline/pipeline_resource.py",
        "            if defined:\n                self._put(pipeline, old)\n",
        (
            "tests/local/datapipeline/test_pipeline_resource.py"
            "::test_what_cannot_be_activated_keeps_the_old_definition",
        ),
    ),
)
_ENDS = (
    Protection(
        "a task that failed is reported FINISHED",
        "infra/run_task.py",
        "{TASK}.taskId, 'TaskStatus': $o.status}}, \"",
        tuple(f"{HOSTILE}[{case}]" for case in ("jsonata-type", "surrogate", "null-character", "circle")),
        "{TASK}.taskId, 'TaskStatus': 'FINISHED'}}, \"",
    ),
    Protection(
        "a task that was done is reported FAILED",
        "infra/run_task.py",
        "'TaskStatus': $o.status",
        (
            *(
                f"{HOSTILE}[{case}]"
                for case in ("both-values", "jsonata", "keys", "proto", "control-characters")
            ),
            *(
                f"{FAULTS}[{case}]"
                for case in (
                    "ticks_overlap",
                    "the_loop_dies_with_a_poll_that_is_held",
                    "aborted_at_work",
                    "aborted_at_the_acknowledgement",
                    "progress_is_refused_for_minutes",
                )
            ),
            "tests/system/test_faults.py::test_a_redeploy_with_tasks_in_flight",
            "tests/system/test_faults.py::test_two_stacks_share_a_worker_group",
            *(
                f"tests/system/test_recovery.py::{test}"
                for test in (
                    "test_an_execution_killed_before_it_acknowledges_loses_nothing",
                    "test_a_loop_killed_while_it_polls_loses_nothing",
                    "test_an_execution_killed_at_work_is_made_up_for_by_the_next_attempt",
                )
            ),
        ),
        "'TaskStatus': 'FAILED'",
    ),
)

LIMITS = "tests/infra/test_limits.py"
WORKER_GROUPS = "tests/infra/test_worker_group.py"

_LIMITS = (
    Protection(
        "a handler is deployed that Lambda cannot load",
        "infra/python_handler.py",
        "        check_handler_module("
        "self.module, source=SOURCE, asset=asset_directory(), layers=bool(self.layers))\n",
        ("tests/infra/test_handler_module.py::test_a_module_that_is_not_there",),
    ),
    Protection(
        "a handler imports what is not deployed",
        "infra/handler_module.py",
        "    _check_imports(file, source=source, asset=asset, layers=layers)\n",
        ("tests/infra/test_handler_module.py::test_a_module_that_lambda_could_not_load",),
    ),
    Protection(
        "a handler that was not called is taken for one",
        "infra/registration.py",
        "        _refuse_what_is_no_handler(route, handler)\n",
        (
            "tests/infra/test_context.py::test_a_handler_without_parentheses_is_refused",
            "tests/infra/test_context.py::test_what_is_no_handler_is_refused",
        ),
    ),
    Protection(
        "a handler's setting is refused by CDK or Lambda, without its name",
        "infra/python_handler.py",
        "        check_function_settings(route, settings, self.statements)\n",
        ("tests/infra/test_context.py::test_a_functions_setting_is_refused_by_its_name",),
    ),
    Protection(
        "the first tick comes before its role may start the loop",
        "infra/poll_loop.py",
        "        self.schedule.node.add_dependency(ticker)\n",
        ("tests/infra/test_template.py::test_what_works_at_once_waits_for_what_it_may_do",),
    ),
    Protection(
        "the first tasks of a new stack end before ends are counted",
        "infra/stack.py",
        "            loop.schedule.node.add_dependency(events)\n",
        ("tests/infra/test_template.py::test_no_tick_comes_before_ends_are_counted",),
        "            pass\n",
    ),
    Protection(
        "a group that is given no task is no alarm",
        "lambdas/poll_for_task.py",
        "    if poll.task is not None or (poll.answered and config.count_empty_polls):\n",
        ("tests/unit/test_poll_for_task.py::test_empty_polls_are_counted_where_there_is_an_alarm_on_them",),
        "    if poll.task is not None:\n",
    ),
    Protection(
        "a misspelt context key leaves the default in force",
        "app.py",
        "        context.refuse_misspelt()\n",
        ("tests/system/test_synth.py::test_a_wrong_value_is_refused_in_one_line",),
    ),
    Protection(
        "an alarm has an address that SNS refuses",
        "infra/stack.py",
        "        _refuse_address(alarm_email)\n",
        ("tests/infra/test_context.py::test_what_is_no_address_is_refused",),
    ),
    Protection(
        "a loop with a long period fails because its history is full",
        "lambdas/runner/loop.py",
        " and state.events < MAX_EVENTS",
        ("tests/unit/test_loop.py::test_an_execution_ends_before_its_history_is_full",),
    ),
    Protection(
        "waits of a loop fill its history uncounted",
        "lambdas/runner/loop.py",
        "Next.WAIT: 9,",
        (
            "tests/unit/test_loop.py::test_an_execution_ends_before_its_history_is_full",
            "tests/system/test_tasks.py::test_a_loop_knows_how_many_events_its_history_has",
        ),
        "Next.WAIT: 0,",
    ),
    Protection(
        "a task fails because its function was idle for weeks, or had no network interface",
        "infra/run_task.py",
        "    *lambda_errors.NOT_STARTED,\n",
        (
            "tests/infra/test_state_machines.py"
            "::test_a_handler_that_did_not_start_is_invoked_again_for_as_long_as_it_takes",
            f"{UNKNOWNS}::test_a_task_waits_for_a_function_that_is_made_ready",
        ),
        '    "Lambda.TooManyRequestsException",\n    "Lambda.ResourceNotReadyException",\n',
    ),
    Protection(
        "with a key of one's own no ended task is counted, and no alarm on tasks goes off",
        "lambdas/execution_ended.py",
        '    detail = whole(event["detail"])\n',
        (
            "tests/unit/test_execution_ended.py::test_what_an_event_leaves_out_is_asked_for",
            "tests/unit/test_execution_ended.py::test_the_error_of_a_failed_loop_is_asked_for",
            "tests/system/test_monitoring.py::test_tasks_that_go_wrong",
        ),
        '    detail = event["detail"]\n',
    ),
    Protection(
        "types without a handler make metrics without end",
        "lambdas/execution_ended.py",
        'if not unhandled and envelope.get("route") and',
        ("tests/unit/test_execution_ended.py::test_a_task_without_a_handler_makes_no_metric_of_its_type",),
        'if envelope.get("route") and',
    ),
    Protection(
        "an ended execution does not say that its task had no handler",
        "infra/run_task.py",
        "{self._has_no_handler()} ? {{'unhandled': true}}",
        ("tests/infra/test_state_machines.py::test_every_end_says_whether_there_was_a_handler",),
        "false ? {{'unhandled': true}}",
    ),
    Protection(
        "many worker groups make an event pattern that EventBridge refuses",
        "infra/monitoring_events.py",
        "events.Match.prefix(loops)",
        (f"{LIMITS}::test_a_failed_loop_of_any_group_matches_and_nothing_else_does",),
        "[loops]",
    ),
    Protection(
        "a stack is deployed that has more resources than CloudFormation takes",
        "infra/stack.py",
        "            _resources(self),\n",
        (f"{LIMITS}::test_all_resources_of_the_stack_are_counted",),
        "            0,\n",
    ),
    Protection(
        "a function is deployed whose environment Lambda refuses",
        "infra/python_handler.py",
        "    refuse_large_environment(full_name, variables)\n",
        (
            f"{LIMITS}::test_a_worker_group_that_does_not_fit_into_its_pollers_environment_is_refused",
            f"{LIMITS}::test_variables_that_do_not_fit_are_refused_with_the_largest",
        ),
    ),
    Protection(
        "a name is longer than AWS takes it",
        "infra/naming.py",
        "min(_LONGEST_GROUP_NAME, room)",
        (f"{LIMITS}::test_names_keep_to_their_limits_in_a_stack_with_a_long_name",),
        "_LONGEST_GROUP_NAME",
    ),
    Protection(
        "a stack is deployed where Data Pipeline does not exist",
        "infra/stack.py",
        "        refuse_region(self.region)\n",
        (f"{LIMITS}::test_a_region_without_data_pipeline_is_refused",),
    ),
    Protection(
        "a stack is deployed to wherever the credentials lead, though Data Pipeline does not exist there",
        "infra/stack.py",
        "        self._require_a_region_with_data_pipeline()\n",
        (f"{LIMITS}::test_where_the_region_is_known_at_deployment_only_cloudformation_asks",),
    ),
    Protection(
        "a poller may not poll for a worker group whose name IAM reads as a variable",
        "infra/iam_condition.py",
        '.replace("${", "${$}{")',
        (
            "tests/infra/test_iam_condition.py::test_what_the_condition_is",
            "tests/infra/test_iam_condition.py::test_only_what_a_policy_cannot_hold_may_differ",
        ),
    ),
    Protection(
        "a policy has characters that IAM refuses",
        "infra/iam_condition.py",
        "    if not _NOT_IN_A_POLICY.search(text):\n",
        (
            "tests/infra/test_iam_condition.py::test_what_the_condition_is",
            "tests/infra/test_iam_condition.py::test_it_holds_for_the_name_and_for_no_other_of_latin_1",
        ),
        "    if True:\n",
    ),
    Protection(
        "a schedule is deployed that EventBridge refuses",
        "infra/worker_group.py",
        'if match and (match[1] == "1") == bool(match[3]):',
        (f"{WORKER_GROUPS}::test_a_unit_in_the_wrong_number_is_refused_as_eventbridge_does",),
        "if False:",
    ),
    Protection(
        "a worker group has a name that no pipeline can have",
        "infra/worker_group.py",
        "if refused := _REFUSED_CHARACTER.search(self.name):",
        (f"{WORKER_GROUPS}::test_a_name_that_data_pipeline_cannot_have_is_refused",),
        "if refused := None:",
    ),
)

PROTECTIONS = (
    *_FAULTS,
    *_LOOPS,
    *_UNKNOWNS,
    *_CANCELED,
    *_HOSTILE,
    *_DATABASES,
    *_COPIES,
    *_SECRETS,
    *_SECURITY,
    *_PERMISSIONS,
    *_RECOVERY,
    *_NEXT_TASK,
    *_STAGING,
    *_PROGRAMS,
    *_PROGRESS,
    *_LOCAL_LAMBDA,
    *_LOCAL_SERVICES,
    *_ENDS,
    *_LIMITS,
)

MADE_UP_FOR = {
    "tests/system/test_recovery.py::test_a_task_that_nobody_acknowledges_is_offered_again": (
        "It polls by itself: what it shows is the service's, in local AWS. Removed in vain: the status that "
        "RunTask reports."
    ),
    f"{FAULTS}[canceled_while_deferred]": (
        "The service ends a canceled instance by itself. That its work is stopped is shown by "
        "`test_a_deferral_that_is_canceled_stops_its_work`. Removed in vain: that RunTask hears of the "
        "cancellation."
    ),
    f"{UNKNOWNS}::test_the_service_is_down_for_half_an_hour": (
        "A task whose status was not taken gets its next attempt after the progress timeout. Removed in "
        "vain: 59 of the 60 retries of SetTaskStatus, the poll's id in an execution's name, the stop after "
        "a poll that was given up."
    ),
    f"{UNKNOWNS}::test_every_other_answer_is_lost": (
        "A task that nobody acknowledges is offered again. Removed in vain: the poll's id in an "
        "execution's name, the stop after a poll that was given up."
    ),
}
"""Cases that nothing was found to fail without: what was tried, and why they pass."""

NOT_TRIED = (
    f"{FAULTS}[canceled_before_it_is_taken]",
    f"{HOSTILE_TASKS}::test_objects_that_refer_to_each_other_in_a_circle_are_read",
)
"""Cases for which no line has been seen whose removal makes them fail."""
