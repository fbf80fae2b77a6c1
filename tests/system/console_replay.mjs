// What the console reads of a local AWS, by its own modules: `node console_replay.mjs URL PIPELINE ATTEMPT`.

const page = new URL("../../local/console/page/", import.meta.url);
const module = (name) => import(new URL(`${name}.mjs`, page));

const [
    { Aws },
    { Executions },
    { TaskLog },
    { follow },
    { Pipelines, Runs },
    { readAttempt },
    { readAlarms },
] = await Promise.all(
    ["aws", "executions", "logs", "path", "pipelines", "view-attempt", "view-home"].map(module),
);

const [url, pipelineId, attemptId] = process.argv.slice(2);
const operations = [];
const aws = new Aws({
    url,
    fetch: (...request) => {
        operations.push(request[1].headers["X-Amz-Target"]);
        return fetch(...request);
    },
    now: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});

const pipelines = await new Pipelines(aws).list();
const executions = new Executions(aws);
const runs = new Runs(aws, pipelineId);
const shown = await runs.read(1, 20);
const log = new TaskLog(aws, { pipelineId, attemptId });
const { attempt, found, latest, lines } = await readAttempt({ executions, runs, log }, attemptId, null);

const told = {
    pipelines: pipelines.map(({ id, name, state }) => ({ id, name, state })),
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
    executions: found.map(({ arn, status }) => ({ arn, status })),
    states: latest ? follow(latest.events, latest.execution.status).steps.map(({ name }) => name) : [],
    lines: lines.map(({ source, level, text }) => ({ source, level, text })),
    alarms: (await readAlarms(aws)).map(({ name }) => name),
    operations: [...new Set(operations)],
};
process.stdout.write(JSON.stringify(told));
