// Data Pipeline's objects: their fields, times and ids.

/**
 * A pipeline object's fields by key. If a key has several values, the first.
 * @param {{ fields?: { key: string, stringValue?: string, refValue?: string }[] }} object
 * @returns {Record<string, string>}
 */
export function fieldsOf(object) {
    /** @type {Record<string, string>} */
    const fields = {};
    for (const { key, stringValue, refValue } of object.fields ?? [])
        fields[key] ??= stringValue ?? refValue ?? "";
    return fields;
}

/**
 * Milliseconds of a UTC time such as 2026-11-24T10:00:00; null for anything else.
 * @param {string | undefined} text
 */
export function timeOf(text) {
    if (!text) return null;
    const time = Date.parse(/Z$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
    return Number.isNaN(time) ? null : time;
}

/**
 * A time as the service writes it, in UTC and whole seconds.
 * @param {number} time
 */
export function written(time) {
    return new Date(time).toISOString().slice(0, 19);
}

/**
 * The parts of an instance's or an attempt's id, such as `@Copy_2026-11-24T10:00:00_Attempt=2`.
 * @param {string} id
 * @returns {IdParts}
 */
export function idParts(id) {
    const [, instance, number] = matched(/^(.*?)(?:_Attempt=(\d+))?$/s, id);
    const [, name, scheduled] = matched(/^@?(.*?)(?:_(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d))?$/s, instance);
    return { instance, component: name, scheduled: scheduled ?? "", attempt: number ? Number(number) : null };
}

/**
 * The groups of an expression that matches any text.
 * @param {RegExp} expression
 * @param {string} text
 */
function matched(expression, text) {
    return expression.exec(text) ?? [];
}

/**
 * Ids of instances, latest first. Those due at the same time keep their order.
 * @param {string[]} ids
 */
export function latestFirst(ids) {
    const placed = ids.map((id, place) => ({ id, place, scheduled: idParts(id).scheduled }));
    placed.sort((a, b) =>
        a.scheduled === b.scheduled ? a.place - b.place : a.scheduled < b.scheduled ? 1 : -1,
    );
    return placed.map(({ id }) => id);
}

/**
 * One page of a list, and the number of pages; a page beyond the end is the last one.
 * @template Item
 * @param {Item[]} items
 * @param {number} number
 * @param {number} size
 * @returns {Page<Item>}
 */
export function pageOf(items, number, size) {
    const pages = Math.max(1, Math.ceil(items.length / size));
    const page = Math.min(Math.max(1, number), pages);
    return { page, pages, items: items.slice((page - 1) * size, page * size) };
}

/**
 * A list in parts: of ids, as many as one call may describe.
 * @template Item
 * @param {Item[]} items
 */
export function inParts(items, size = 25) {
    return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
        items.slice(i * size, (i + 1) * size),
    );
}
