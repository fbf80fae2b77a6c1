// What the console reads of an AWS, by its own modules: `node console_replay.mjs URL PIPELINE ATTEMPT [TOKEN]`.

const page = new URL("../../local/console/page/", import.meta.url);
const module = (name) => import(new URL(`${name}.mjs`, page));

const [
    { Aws },
    { Clock },
    { dependenciesOf },
    { Executions },
    { TaskLog },
    { follow },
    { Pipelines },
    { executionVerdict, pipelineVerdict },
    { readAlarms },
    { readAttempt },
] = await Promise.all(
    [
        "aws",
        "clock",
        "dependencies",
        "executions",
        "logs",
        "path",
        "pipelines",
        "verdict",
        "view-alarms",
        "view-attempt",
    ].map(module),
);

const [url, pipelineId, attemptId, token = ""] = process.argv.slice(2);
const operations = [];
const aws = new Aws({
    url,
    token,
    fetch: (...request) => {
        operations.push(request[1].headers["X-Amz-Target"]);
        return fetch(...request);
    },
    now: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});

const clock = new Clock({ now: () => Date.now() });
const settings = { stack: "", clock };
const pipelines = new Pipelines(aws);
await pipelines.read([], () => {});
const executions = new Executions(aws);
const runs = pipelines.runs(pipelineId);
const shown = await runs.read(1, 20, { now: clock.now() });
const log = new TaskLog(aws, { pipelineId, attemptId });
const read = await readAttempt({ executions, runs, log, settings }, attemptId, null);
const { attempt, found, latest, lines } = read;
const steps = latest ? follow(latest.events, latest.execution.status).steps : [];
await executions.readOutcomes(found);
const data = steps.length ? await executions.data(latest.execution.arn, steps[0].enteredId) : {};

const told = {
    pipelines: pipelines.current().all.map((each) => ({ id: each.id, verdict: pipelineVerdict(each) })),
    activities: dependenciesOf(await pipelines.definition(pipelineId)).nodes.map(({ id }) => id),
    instances: shown.items.map(({ id, status, attempts }) => ({
        id,
        status,
        attempts: attempts.map(({ id, status }) => [id, status]),
    })),
    attempt: {
        status: attempt.status,
        errorId: attempt.errorId,
        errorMessage: attempt.errorMessage,
        runner: attempt.fields.hostname,
    },
    executions: executions
        .withOutcomes(found)
        .map((each) => ({ arn: each.arn, status: each.status, verdict: executionVerdict(each) })),
    states: steps.map(({ name }) => name),
    input: JSON.parse(data[steps[0]?.enteredId] ?? "null"),
    output: JSON.parse(data[steps.at(-1)?.exitedId] ?? "null"),
    lines: lines.map(({ source, level, text }) => ({ source, level, text })),
    alarms: (await readAlarms(aws)).map(({ name }) => name),
    operations: [...new Set(operations)],
};
process.stdout.write(JSON.stringify(told));
