// The home page: all pipelines, state machines and alarms, and how to start.

import { h, Part } from "./dom.mjs";
import { pageOf } from "./objects.mjs";
import { links } from "./routes.mjs";
import { dateTime } from "./timeline.mjs";
import { failedFirst, pipelineVerdict } from "./verdict.mjs";
import { alarmList, readAlarms } from "./view-alarms.mjs";
import { filterView } from "./view-filter.mjs";
import { empty, executionPill, heading, loading, pipelinePill, section, table, time } from "./widgets.mjs";

const PAGE = 25;
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
 * The commands that create, define and run a pipeline; with `url`, on that local AWS.
 * @param {string} url
 */
export function firstCommands(url) {
    const local = [
        `export AWS_ENDPOINT_URL=${url} AWS_DEFAULT_REGION=us-east-1`,
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
    ];
    return [
        ...(url ? local : []),
        `echo '${JSON.stringify(FIRST_PIPELINE)}' > pipeline.json`,
        "id=$(aws datapipeline create-pipeline --name hello --unique-id hello --query pipelineId --output text)",
        'aws datapipeline put-pipeline-definition --pipeline-id "$id" --pipeline-definition file://pipeline.json',
        'aws datapipeline activate-pipeline --pipeline-id "$id"',
    ].join("\n");
}

/**
 * The pipelines whose name or id contains the words, and whose status is the wanted one, if any.
 * @param {Listed[]} all
 * @param {{ search: string, status: string }} wanted
 */
export function chosenPipelines(all, { search, status }) {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return failedFirst(all).filter((pipeline) => {
        const text = `${pipeline.name} ${pipeline.id} ${pipeline.text ?? ""}`.toLowerCase();
        return (
            words.every((word) => text.includes(word)) && (!status || pipelineVerdict(pipeline) === status)
        );
    });
}

/**
 * How many pipelines have each status, the most frequent last but errors first.
 * @param {Listed[]} all
 */
export function statusCounts(all) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const status of failedFirst(all).map(pipelineVerdict).filter(Boolean))
        counts.set(status, (counts.get(status) ?? 0) + 1);
    return [...counts].map(([status, count]) => ({ status, count }));
}

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ search: string, status: string, page: number }} wanted
 * @returns {View}
 */
export function homeView(main, { aws, pipelines, executions, settings, url }, wanted) {
    const list = h("div");
    const machines = h("div", {}, section("State machines", "", loading("the state machines")));
    const alarms = h("div", {}, section("Alarms", "", loading("the alarms")));
    const filter = filterView(wanted, () => show());
    main.replaceChildren(heading("", settings.name, null), filter.element, list, machines, alarms);
    const listPart = new Part(list, (model) => pipelineList(model, settings.isLocal ? url : ""));
    /** @type {Part<ListedWithLatest[]>} */
    const machinesPart = new Part(machines, (found) => machineList(found, settings.stack));
    const alarmsPart = new Part(alarms, alarmList);
    const show = () => {
        const known = pipelines.current();
        filter.setStatuses(known ? statusCounts(known.all) : []);
        filter.element.hidden = !known?.all.length;
        const found = known ? chosenPipelines(known.all, wanted) : [];
        const chosen = pageOf(found, wanted.page, PAGE);
        const total = known?.all.length ?? null;
        listPart.show({ chosen, found: found.length, total, undescribed: known?.undescribed ?? 0, wanted });
    };
    show();
    document.title = `${settings.name} console`;
    return {
        seconds: 10,
        pipelinesChanged: show,
        async read(alive) {
            const reading = [
                readMachines(executions, settings.stack, (found) => alive() && machinesPart.show(found)),
                readAlarms(aws, settings.stack).then((found) => alive() && alarmsPart.show(found)),
            ];
            // One that fails does not keep the other from being shown.
            const failed = (await Promise.allSettled(reading)).find(({ status }) => status === "rejected");
            if (failed?.status === "rejected") throw failed.reason;
        },
    };
}

/**
 * @param {{ chosen: Page<Listed>, found: number, total: number | null, undescribed: number, wanted: { search: string, status: string } }} model
 * @param {string} url
 */
function pipelineList({ chosen, found, total, undescribed, wanted }, url) {
    if (total === null) return section("Pipelines", "", loading("the pipelines"));
    if (total === 0)
        return section(
            "Pipelines",
            "",
            empty("No pipelines yet.", "Create one with the AWS CLI:", firstCommands(url)),
        );
    const count = found === total ? `all ${total}` : `${found} of ${total}`;
    return section(
        "Pipelines",
        `${count}; failed ones first, then the newest`,
        undescribed ? loading(`the states of ${undescribed} pipelines`) : null,
        chosen.items.length
            ? table(["Pipeline", "Status", "State", "Created", "Last run"], chosen.items.map(pipelineRow))
            : empty("No pipeline matches.", "Change the search or the status."),
        pages(chosen, wanted),
    );
}

/**
 * @param {Page<Listed>} chosen
 * @param {{ search: string, status: string }} wanted
 */
function pages({ page, pages: all }, wanted) {
    if (all < 2) return null;
    /** @param {number} to @param {string} text @param {string} id */
    const link = (to, text, id) => h("a", { href: links.home({ ...wanted, page: to }), id }, text);
    return h(
        "nav",
        { class: "pager", "aria-label": "Pages of pipelines" },
        page > 1 ? link(page - 1, "Back", "back") : h("span", {}, "Back"),
        h("span", { class: "where" }, `Page ${page} of ${all}`),
        page < all ? link(page + 1, "More", "more") : h("span", {}, "More"),
    );
}

/**
 * The state machines with their latest executions: shown when these are listed, and again with the outcomes.
 * @param {Executions} executions
 * @param {string} stack
 * @param {(machines: ListedWithLatest[]) => void} show
 */
async function readMachines(executions, stack, show) {
    const machines = await executions.machines(stack);
    const latest = await Promise.all(machines.map(({ arn }) => executions.list(arn, 1)));
    const found = () =>
        machines.map((machine, index) => ({
            ...machine,
            latest: executions.withOutcomes(latest[index])[0] ?? null,
        }));
    show(found());
    await executions.readOutcomes(latest.flat());
    show(found());
}

/**
 * @param {ListedWithLatest[]} machines
 * @param {string} stack
 */
function machineList(machines, stack) {
    const none = stack
        ? empty(
              `There is no state machine of the stack ${stack}.`,
              "Name another --stack, --region or --profile.",
          )
        : empty("No state machines yet.", "Deploy the app:", "npx cdk deploy");
    return section(
        "State machines",
        "each with its latest execution",
        machines.length
            ? table(["State machine", "Latest execution", "Started"], machines.map(machineRow))
            : none,
    );
}

/** @param {Listed} pipeline */
function pipelineRow(pipeline) {
    return h(
        "tr",
        {},
        h("td", { class: "name" }, h("a", { href: links.pipeline(pipeline.id) }, pipeline.name)),
        h("td", {}, pipelinePill(pipeline)),
        h("td", { class: "hint" }, (pipeline.state ?? "").toLowerCase()),
        h("td", { class: "number" }, time(pipeline.created ?? null)),
        h("td", { class: "number" }, time(pipeline.lastRun ?? null)),
    );
}

/** @param {ListedWithLatest} machine */
function machineRow({ name, arn, latest }) {
    return h(
        "tr",
        {},
        h("td", { class: "name" }, h("a", { href: links.machine(arn) }, name)),
        h(
            "td",
            {},
            latest
                ? [h("a", { href: links.execution(latest.arn) }, latest.name), " ", executionPill(latest)]
                : h("span", { class: "hint" }, "none yet"),
        ),
        h("td", { class: "number" }, latest ? dateTime(latest.started) : ""),
    );
}
