// One pipeline: its instances with their attempts, latest first.

import { h, Part } from "./dom.mjs";
import { lookUp } from "./look-up.mjs";
import { links } from "./routes.mjs";
import { clock, coarse, dateTime, soFar, span } from "./timeline.mjs";
import { axis, bar } from "./view-timeline.mjs";
import { empty, facts, heading, pager, pill, section, time } from "./widgets.mjs";

const PAGE = 20;

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ id: string, page: number }} wanted
 * @returns {View}
 */
export function pipelineView(main, { pipelines, now }, { id, page }) {
    const runs = pipelines.runs(id);
    const part = new Part(main, ({ pipeline, chosen, second }) => [
        heading("Pipeline", pipeline.name ?? id, pipeline.state),
        facts([
            ["Id", h("code", {}, id)],
            ["Health", pill(pipeline.health)],
            ["Created", time(pipeline.created ?? null)],
            ["Last run", time(pipeline.lastRun ?? null)],
            ["Instances", String(chosen.total)],
            ["Attempts", String(chosen.attempts)],
        ]),
        pipeline.text ? h("p", { class: "about" }, pipeline.text) : null,
        section(
            "Instances and attempts",
            "latest first; times are Data Pipeline's, in UTC",
            instances(chosen, id, second),
        ),
        pager(chosen, (number) => links.pipeline(id, number), "instances"),
    ]);
    return {
        seconds: 5,
        async read(alive) {
            // From here on, the sidebar keeps it up to date.
            if (!pipelines.described.has(id)) await pipelines.describe([id]);
            const chosen = await runs.read(page, PAGE);
            const pipeline = lookUp(pipelines.described, id);
            const going = chosen.items.some((instance) => allRuns([instance]).some(({ over }) => !over));
            const second = going ? clock(allRuns(chosen.items), Math.floor(now() / 1000) * 1000) : 0;
            if (!alive()) return;
            part.show({ pipeline, chosen, second });
            document.title = `${pipeline.name} ${pipeline.state}`;
        },
    };
}

/**
 * @param {Instance[]} instances
 * @returns {Run[]}
 */
const allRuns = (instances) => instances.flatMap((instance) => [instance, ...instance.attempts]);

/**
 * @param {Page<Instance>} chosen
 * @param {string} pipelineId
 * @param {number} now
 */
function instances(chosen, pipelineId, now) {
    if (!chosen.items.length) {
        return empty(
            "Nothing has run yet.",
            "Instances come when the pipeline is activated and their time has come:",
            `aws datapipeline activate-pipeline --pipeline-id ${pipelineId}`,
        );
    }
    const attempts = chosen.items.flatMap((instance) =>
        instance.attempts.length ? instance.attempts : [instance],
    );
    const range = span(attempts, now);
    return h(
        "div",
        { class: "scroll", id: "runs", "data-scroll": "" },
        h(
            "table",
            { class: "runs" },
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    ["Activity", "Attempt", "Status"].map((name) => h("th", { scope: "col" }, name)),
                    h("th", { scope: "col", class: "timeline" }, axis(range)),
                    h("th", { scope: "col" }, "Took"),
                ),
            ),
            chosen.items.map((instance) => h("tbody", {}, rows(instance, pipelineId, range, now))),
        ),
    );
}

/**
 * @param {Instance} instance
 * @param {string} pipelineId
 * @param {Span} range
 * @param {number} now
 */
function rows(instance, pipelineId, range, now) {
    const waits = instance.attempts.length === 0;
    const own = waits ? [instance] : instance.attempts;
    return own.map((run, index) =>
        h(
            "tr",
            {},
            index === 0
                ? h(
                      "td",
                      { class: "name", rowspan: own.length },
                      h("strong", {}, instance.component),
                      h("div", { class: "hint" }, `for ${instance.scheduled.replace("T", " ")}`),
                      // An instance waits between two attempts, and may be canceled without any.
                      instance.status !== own[own.length - 1].status
                          ? h("div", {}, pill(instance.status))
                          : null,
                  )
                : null,
            h(
                "td",
                { class: "number" },
                waits
                    ? "none"
                    : h("a", { href: links.attempt(pipelineId, run.id) }, `Attempt ${run.attempt}`),
            ),
            h(
                "td",
                {},
                pill(run.status),
                run.errorId ? h("div", { class: "bad-text" }, run.errorId) : null,
                waiting(run),
            ),
            h("td", { class: "timeline" }, bar(run, range, now)),
            h("td", { class: "number" }, took(run, now)),
        ),
    );
}

/** @param {Run} run */
function waiting(run) {
    const on = run.fields["@waitingOn"];
    return on ? h("div", { class: "hint" }, `for ${on}`) : null;
}

/**
 * @param {Run} run
 * @param {number} now
 */
function took(run, now) {
    if (run.started === null) return "";
    if (!run.over) return h("span", { title: `since ${dateTime(run.started)}` }, soFar(now - run.started));
    const end = run.ended ?? run.started;
    return h("span", { title: `${dateTime(run.started)} to ${dateTime(end)}` }, coarse(end - run.started));
}
