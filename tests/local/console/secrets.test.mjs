import assert from "node:assert/strict";
import { test } from "node:test";
import { awsOf, module } from "./page.mjs";

const { withoutSecrets } = await module("secrets");

const CANARY = "canary-3f9";
const CLAIM = "s3://claims/df-1/canary-3f9.json";
const objects = {
    "@A_Attempt=1": {
        fields: [
            { key: "*password", stringValue: CANARY },
            { key: "command", stringValue: "echo *" },
        ],
    },
};

test("what the service marks as secret is hidden, and so are claims", () => {
    const envelope = { taskId: "t", objectsUri: CLAIM, objects };
    const shown = withoutSecrets(envelope);
    assert.ok(!JSON.stringify(shown).includes(CANARY));
    assert.equal(shown.objects["@A_Attempt=1"].fields[0].key, "*password");
    assert.equal(shown.objects["@A_Attempt=1"].fields[1].stringValue, "echo *");
    assert.equal(shown.taskId, "t");
});

test("parameters with secret values are hidden in a definition", () => {
    const definition = {
        parameterObjects: [
            { id: "*myPassword", attributes: [{ key: "default", stringValue: CANARY }] },
            { id: "myName", attributes: [{ key: "default", stringValue: "kept" }] },
        ],
        parameterValues: [{ id: "*myPassword", stringValue: CANARY }],
    };
    const text = JSON.stringify(withoutSecrets(definition));
    assert.ok(!text.includes(CANARY));
    assert.ok(text.includes("kept") && text.includes("*myPassword"));
});

test("they are hidden in JSON within JSON, as deep as it goes", () => {
    const input = JSON.stringify({ Payload: { task: { objects, objectsUri: CLAIM } } });
    const twice = JSON.stringify({ cause: input, plain: { "*token": CANARY } });
    for (const text of [input, twice, JSON.stringify({ again: twice })]) {
        const shown = withoutSecrets({ input: text }).input;
        assert.ok(!shown.includes(CANARY), shown);
        assert.ok(shown.includes("(secret)"), shown);
    }
});

test("what has no secret stays as it is", () => {
    const definition = '{"StartAt": "A",  "States": {}}';
    for (const value of [null, 1, true, "text", "*", '"*"', definition, ["a"], { a: [{ b: null }] }])
        assert.deepEqual(withoutSecrets(value), value);
    assert.equal(withoutSecrets('broken {"*'), 'broken {"*');
});

test("no answer of a service gets past it", async () => {
    const { aws } = await awsOf(() => ({
        input: JSON.stringify({ objects }),
        events: [{ stateEnteredEventDetails: { input: JSON.stringify({ objectsUri: CLAIM }) } }],
        pipelineObjects: [objects["@A_Attempt=1"]],
    }));
    for (const [service, operation] of [
        ["stepFunctions", "GetExecutionHistory"],
        ["dataPipeline", "DescribeObjects"],
        ["logs", "FilterLogEvents"],
    ])
        assert.ok(!JSON.stringify(await aws.call(service, operation)).includes(CANARY), operation);
});
