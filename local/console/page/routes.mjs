// Parses the address: the part after `#`.

const part = encodeURIComponent;

export const links = {
    home: () => "#/",
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
 * `{view, ...}`; any other address is the home page.
 * @param {string} hash
 */
export function route(hash) {
    const [path, query] = hash.replace(/^#\/?/, "").split("?");
    let parts;
    try {
        parts = path.split("/").map(decodeURIComponent);
    } catch {
        return { view: "home" };
    }
    const page = Math.max(1, Number.parseInt(new URLSearchParams(query).get("page") ?? "1", 10) || 1);
    const [kind, id, below] = parts;
    if (kind === "pipelines" && id && below) return { view: "attempt", pipelineId: id, id: below };
    if (kind === "pipelines" && id) return { view: "pipeline", id, page };
    if (kind === "machines" && id) return { view: "machine", arn: id, page };
    if (kind === "executions" && id) return { view: "execution", arn: id };
    return { view: "home" };
}
