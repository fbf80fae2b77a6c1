// Keeps secrets and claims out of the page: every answer of a service passes here before anything reads it.
//
// Data Pipeline marks a secret by `*`, the first character of its field's key or of its parameter's id (developer
// guide, special characters). RunTask's input names a claim, where a task with secrets is stored, by `objectsUri`.

const SECRET = "(secret)";
const CLAIM = "(claim)";
const VALUES = ["stringValue", "refValue", "attributes"];

/**
 * The value without secrets and claims, also in texts that are JSON: definitions, inputs, outputs and log lines.
 * @param {any} value
 * @returns {any}
 */
export function withoutSecrets(value) {
    if (typeof value === "string") return textWithoutSecrets(value);
    if (Array.isArray(value)) return value.map(withoutSecrets);
    if (value === null || typeof value !== "object") return value;
    const isMarked = isSecret(value.key) || isSecret(value.id);
    return Object.fromEntries(
        Object.entries(value).map(([name, member]) => {
            if (isSecret(name) || (isMarked && VALUES.includes(name))) return [name, SECRET];
            return [name, name === "objectsUri" ? CLAIM : withoutSecrets(member)];
        }),
    );
}

/** @param {unknown} name */
function isSecret(name) {
    return typeof name === "string" && name.startsWith("*");
}

/** @param {string} text */
function textWithoutSecrets(text) {
    // Parsing takes long, and few texts contain either. A quotation mark may be escaped in a text within a text.
    if (!/"\*|objectsUri/.test(text)) return text;
    try {
        const value = JSON.parse(text);
        return typeof value === "string" ? text : JSON.stringify(withoutSecrets(value));
    } catch {
        return text;
    }
}
