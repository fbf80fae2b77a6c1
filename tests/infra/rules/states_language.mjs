// Reads state machine definitions, a JSON object by name, from standard input; writes the errors of each.
import { readFileSync } from "node:fs";
import validate from "asl-validator";

const definitions = JSON.parse(readFileSync(0, "utf8"));
const errors = {};
for (const [name, definition] of Object.entries(definitions)) {
    const found = validate(definition, { checkPaths: true, checkArn: true });
    errors[name] = found.errors.map((error) => JSON.stringify(error));
}
console.log(JSON.stringify(errors));
