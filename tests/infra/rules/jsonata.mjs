// JSONata by its reference implementation. Reads {expressions, scopes, pairs, bindings?} from standard input. A
// pair is [index of an expression, index of a scope], a scope the value of $states; bindings are other variables.
// Writes {value} for each pair, or {error} if there is no value: after an error, or because the expression has
// none, which JSON cannot express and Step Functions takes for an error too.
import { readFileSync } from "node:fs";
import jsonata from "jsonata";

const { expressions, scopes, pairs, bindings } = JSON.parse(readFileSync(0, "utf8"));
const compiled = expressions.map((text) => jsonata(text));
const results = [];
for (const [expression, scope] of pairs) {
    try {
        const value = await compiled[expression].evaluate({}, { ...bindings, states: scopes[scope] });
        results.push(value === undefined ? { error: "no value" } : { value });
    } catch (error) {
        results.push({ error: `${error.code}: ${error.message}` });
    }
}
console.log(JSON.stringify(results));
