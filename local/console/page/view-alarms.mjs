// The alarms: metric alarms and composite ones.

import { h } from "./dom.mjs";
import { empty, pill, section, table, time } from "./widgets.mjs";

/** @param {Alarm[]} alarms */
export function alarmList(alarms) {
    return section(
        "Alarms",
        "",
        alarms.length
            ? table(["Alarm", "State", "Since", "What it means"], alarms.map(alarmRow))
            : empty("No alarms.", "The stack brings some."),
    );
}

/**
 * The alarms of a stack, or all, those in alarm first.
 * @param {Aws} aws
 * @param {string} stack
 * @returns {Promise<Alarm[]>}
 */
export async function readAlarms(aws, stack = "") {
    const of = stack ? { AlarmNamePrefix: `${stack}-` } : {};
    const request = { ...of, AlarmTypes: ["MetricAlarm", "CompositeAlarm"] };
    const alarms = [];
    let next;
    do {
        const page = await aws.call("cloudWatch", "DescribeAlarms", {
            ...request,
            ...(next ? { NextToken: next } : {}),
        });
        alarms.push(...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? []));
        next = page.NextToken;
    } while (next);
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
