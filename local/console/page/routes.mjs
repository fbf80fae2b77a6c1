// Parses the address: the part after `#`.

const part = encodeURIComponent;

export const links = {
    home: ({ search = "", status = "", page = 1 } = {}) => {
        const query = new URLSearchParams({
            ...(search ? { search } : {}),
            ...(status ? { status } : {}),
            ...(page > 1 ? { page: String(page) } : {}),
        });
        return `#/${query.size ? `?${query}` : ""}`;
    },
    /** @param {string} id */
    pipeline: (id, page = 1) => `#/pipelines/${part(id)}${page > 1 ? `?page=${page}` : ""}`,
    /**
     * @param {string} pipelineId
     * @param {string} id
     */
    attempt: (pipelineId, id) => `#/pipelines/${part(pipelineId)}/${part(id)}`,
    /** @param {string} arn */
    machine: (arn, page = 1) => `#/machines/${part(arn)}${page > 1 ? `?page=${page}` : ""}`,
    /** @param {string} arn */
    execution: (arn) => `#/executions/${part(arn)}`,
};

/**
 * `{view, ...}`; any other address is the home page, with the search in its query.
 * @param {string} hash
 */
export function route(hash) {
    const [path, query] = hash.replace(/^#\/?/, "").split("?");
    /** @type {string[]} */
    let parts;
    try {
        parts = path.split("/").map(decodeURIComponent);
    } catch {
        parts = [];
    }
    const wanted = new URLSearchParams(query);
    const page = Math.max(1, Number.parseInt(wanted.get("page") ?? "1", 10) || 1);
    const [kind, id, below] = parts;
    if (kind === "pipelines" && id && below) return { view: "attempt", pipelineId: id, id: below };
    if (kind === "pipelines" && id) return { view: "pipeline", id, page };
    if (kind === "machines" && id) return { view: "machine", arn: id, page };
    if (kind === "executions" && id) return { view: "execution", arn: id };
    return { view: "home", search: wanted.get("search") ?? "", status: wanted.get("status") ?? "", page };
}
