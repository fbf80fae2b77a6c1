// The home page: alarms, state machines, and how to start.

import { h, Part } from "./dom.mjs";
import { links } from "./routes.mjs";
import { dateTime } from "./timeline.mjs";
import { empty, heading, pill, section, table, time } from "./widgets.mjs";

const FIRST_PIPELINE = {
    objects: [
        { id: "Default", name: "Default", scheduleType: "ondemand" },
        {
            id: "Hello",
            name: "Hello",
            type: "ShellCommandActivity",
            workerGroup: "default",
            command: "echo hello from task runner",
        },
    ],
};

/**
 * The commands that create, define and run a pipeline on this local AWS.
 * @param {string} url
 */
export function firstCommands(url) {
    return [
        `export AWS_ENDPOINT_URL=${url} AWS_DEFAULT_REGION=us-east-1`,
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        `echo '${JSON.stringify(FIRST_PIPELINE)}' > pipeline.json`,
        "id=$(aws datapipeline create-pipeline --name hello --unique-id hello --query pipelineId --output text)",
        'aws datapipeline put-pipeline-definition --pipeline-id "$id" --pipeline-definition file://pipeline.json',
        'aws datapipeline activate-pipeline --pipeline-id "$id"',
    ].join("\n");
}

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @returns {View}
 */
export function homeView(main, { aws, pipelines, executions, url }) {
    const part = new Part(main, ({ listed, machines, alarms }) => [
        heading("", "Local AWS", ""),
        listed.length
            ? section(
                  "Pipelines",
                  "newest first",
                  table(
                      ["Pipeline", "State", "Health", "Created", "Last run"],
                      listed.slice(0, 10).map(pipelineRow),
                  ),
              )
            : empty("No pipelines yet.", "Create one with the AWS CLI:", firstCommands(url)),
        section(
            "State machines",
            "each with its latest execution",
            machines.length
                ? table(["State machine", "Latest execution", "Started"], machines.map(machineRow))
                : empty(
                      "No state machines yet.",
                      "Deploy the app, or leave out --no-deploy:",
                      "npx cdk deploy",
                  ),
        ),
        section(
            "Alarms",
            "",
            alarms.length
                ? table(["Alarm", "State", "Since", "What it means"], alarms.map(alarmRow))
                : empty("No alarms.", "The stack brings some."),
        ),
    ]);
    return {
        seconds: 10,
        async read(alive) {
            const listed = await pipelines.list();
            const machines = [];
            for (const machine of await executions.machines()) {
                const [latest] = await executions.list(machine.arn, 1);
                machines.push({ ...machine, latest: latest ?? null });
            }
            const alarms = await readAlarms(aws);
            if (!alive()) return;
            part.show({ listed, machines, alarms });
            document.title = "Local AWS console";
        },
    };
}

/**
 * The metric alarms, those in alarm first.
 * @param {Aws} aws
 * @returns {Promise<Alarm[]>}
 */
export async function readAlarms(aws) {
    const options = { items: "MetricAlarms", token: "NextToken" };
    const alarms = await aws.all("cloudWatch", "DescribeAlarms", {}, options);
    /** @param {Alarm} alarm */
    const rank = ({ state }) => (state === "ALARM" ? 0 : 1);
    return alarms
        .map((alarm) => ({
            name: alarm.AlarmName,
            state: alarm.StateValue,
            since: alarm.StateUpdatedTimestamp ? alarm.StateUpdatedTimestamp * 1000 : null,
            text: alarm.AlarmDescription ?? "",
            reason: alarm.StateReason ?? "",
        }))
        .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** @param {Listed} pipeline */
function pipelineRow(pipeline) {
    return h(
        "tr",
        {},
        h("td", { class: "name" }, h("a", { href: links.pipeline(pipeline.id) }, pipeline.name)),
        h("td", {}, pill(pipeline.state)),
        h("td", {}, pill(pipeline.health)),
        h("td", { class: "number" }, time(pipeline.created ?? null)),
        h("td", { class: "number" }, time(pipeline.lastRun ?? null)),
    );
}

/** @param {ListedMachine & { latest: Execution | null }} machine */
function machineRow({ name, arn, latest }) {
    return h(
        "tr",
        {},
        h("td", { class: "name" }, h("a", { href: links.machine(arn) }, name)),
        h(
            "td",
            {},
            latest
                ? [h("a", { href: links.execution(latest.arn) }, latest.name), " ", pill(latest.status)]
                : h("span", { class: "hint" }, "none yet"),
        ),
        h("td", { class: "number" }, latest ? dateTime(latest.started) : ""),
    );
}

/** @param {Alarm} alarm */
function alarmRow({ name, state, since, text, reason }) {
    return h(
        "tr",
        {},
        h("td", { class: "name" }, name),
        h("td", {}, pill(state)),
        h("td", { class: "number" }, time(since)),
        h("td", { class: "wide", title: reason }, text),
    );
}
