// JSONata by its reference implementation. Reads {expressions, scopes, pairs} from standard input, where a
// pair is [index of an expression, index of a scope]; writes for each pair {value}, or {error} where there is
// none: an error, or no value at all, which JSON cannot hold and Step Functions takes for an error too.
import { readFileSync } from "node:fs";
import jsonata from "jsonata";

const { expressions, scopes, pairs } = JSON.parse(readFileSync(0, "utf8"));
const compiled = expressions.map((text) => jsonata(text));
const results = [];
for (const [expression, scope] of pairs) {
    try {
        const value = await compiled[expression].evaluate({}, { states: scopes[scope] });
        results.push(value === undefined ? { error: "no value" } : { value });
    } catch (error) {
        results.push({ error: `${error.code}: ${error.message}` });
    }
}
console.log(JSON.stringify(results));
