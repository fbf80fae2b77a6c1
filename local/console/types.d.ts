// The plain data that passes between the console's modules. Times are milliseconds since 1970; null where the
// service tells none.

/** What a Data Pipeline object's id says. */
interface IdParts {
    instance: string;
    component: string;
    scheduled: string;
    attempt: number | null;
}

/** An instance or an attempt. `firstReport` is null where it is not known. */
interface Run extends IdParts {
    id: string;
    status: string;
    over: boolean;
    started: number | null;
    ended: number | null;
    firstReport: number | null;
    lastReport: number | null;
    errorId: string;
    errorMessage: string;
    errorStackTrace: string;
    fields: Record<string, string>;
}

interface Instance extends Run {
    attempts: Run[];
}

interface Pipeline {
    name: string;
    state: string;
    health: string;
    created: number | null;
    lastRun: number | null;
    text: string;
}

/** A pipeline in the list of all; what describing it tells is there once it was described. */
interface Listed extends Partial<Pipeline> {
    id: string;
    name: string;
}

/** One page of a list. */
interface Page<Item> {
    page: number;
    pages: number;
    items: Item[];
}

/** A time on the axis: from its begin to its end. */
interface Span {
    from: number;
    to: number;
}

/** A status and when it was; `to` is null while it lasts. */
interface Status {
    status: string;
    from: number;
    to: number | null;
}

/** A status for some time. */
interface Segment extends Span {
    status: string;
}

/** A range of times as the service writes them; an empty end is open. */
interface Due {
    from: string;
    to: string;
}

/** What the server of the page says about itself. `stack` is empty if all stacks are shown. */
interface Settings {
    name: string;
    isLocal: boolean;
    stack: string;
    clock: Clock;
}

/** How a task ended, by the output of its execution. */
interface Outcome {
    status: string;
    errorId: string;
}

interface Task {
    pipelineId?: string;
    attemptId?: string;
    receivedAt?: string;
    workerGroup?: string;
    route?: string;
    taskId?: string;
}

interface Execution {
    arn: string;
    machineArn: string;
    name: string;
    status: string;
    started: number | null;
    stopped: number | null;
    /** Null while it is not known, and for other executions than RunTask's. */
    outcome: Outcome | null;
}

/** With what only DescribeExecution says. */
interface DescribedExecution extends Execution {
    error: string;
    cause: string;
    input: string;
    output: string;
    task: Task;
}

/** A state of a definition in Amazon States Language, as far as it is drawn. */
interface State {
    Type: string;
    Comment?: string;
    Next?: string;
    Default?: string;
    Choices?: { Next: string; Condition?: string; Variable?: string }[];
    Catch?: { Next: string; ErrorEquals?: string[] }[];
    Arguments?: { FunctionName?: unknown; TaskDefinition?: unknown };
    Branches?: { States: Record<string, State> }[];
}

interface Definition {
    StartAt: string;
    Comment?: string;
    States: Record<string, State>;
}

interface Machine {
    name: string;
    definition: Definition;
    logGroup: string;
}

interface ListedMachine {
    name: string;
    arn: string;
}

interface ListedWithLatest extends ListedMachine {
    latest: Execution | null;
}

/** An event of an execution's history. */
interface HistoryEvent {
    id: number;
    type: string;
    timestamp: number;
    stateEnteredEventDetails?: { name: string };
    stateExitedEventDetails?: { name: string };
}

/** A state that an execution entered; `exited` is null while it is in it. The ids are those of its events. */
interface Step {
    name: string;
    enteredId: number;
    exitedId: number | null;
    /** The state at the top in whose branches it is. */
    within: string | null;
    entered: number;
    exited: number | null;
    problems: { error: string; cause: string }[];
}

/** What an execution did. */
interface Path {
    steps: Step[];
    visits: Map<string, number>;
    taken: Map<string, number>;
    current: string | null;
    ended: string | null;
}

/** What is shown of an execution. */
interface ReadExecution {
    execution: DescribedExecution;
    machine: Machine;
    events: HistoryEvent[];
}

interface GraphNode {
    id: string;
    type: string;
    comment: string;
}

interface Edge {
    from: string;
    to: string;
    kinds: string[];
    labels: string[];
}

interface Graph {
    start: string;
    nodes: GraphNode[];
    edges: Edge[];
}

interface Point {
    x: number;
    y: number;
}

/** A node with its size. */
interface Box {
    id: string;
    width: number;
    height: number;
}

/** A node or a bend of an edge, in its layer. `index` is its place in the row. */
interface Cell extends Box, Point {
    layer: number;
    near: string[];
    index: number;
}

/** A line of a log. */
interface Line {
    id: string;
    time: number;
    source: string;
    text: string;
    level: string;
    entry: Record<string, unknown> | null;
}

/** An attempt, and the execution that runs it once that is known. */
interface LoggedTask {
    pipelineId: string;
    attemptId: string;
    executionArn?: string;
}

/** What is shown of an attempt. */
interface ReadAttempt {
    attempt: Run | null;
    found: Execution[];
    complete: boolean;
    latest: ReadExecution | null;
    lines: Line[];
}

/** What becomes a child of an element. */
type Child = string | number | Node | null | undefined | Child[];

/** A part of the page that reads again and again; `alive` says whether it is still shown. */
interface View {
    seconds: number;
    read(alive: () => boolean): Promise<void>;
    /** Shows what is known of the pipelines, after each part of their reading. */
    pipelinesChanged?(): void;
}

/** When a run was what. */
type Times = Pick<Run, "status" | "over" | "started" | "ended" | "firstReport" | "lastReport">;

interface Alarm {
    name: string;
    state: string;
    since: number | null;
    text: string;
    reason: string;
}

/** One page of a pipeline's instances; `total` counts those that are known, which are all if `complete`. */
interface ChosenRuns extends Page<Instance> {
    total: number;
    complete: boolean;
}

type Aws = import("./page/aws.mjs").Aws;
type StateData = import("./page/state-data.mjs").StateData;
type Clock = import("./page/clock.mjs").Clock;
type Executions = import("./page/executions.mjs").Executions;
type Pipelines = import("./page/pipelines.mjs").Pipelines;
type Runs = import("./page/runs.mjs").Runs;

/** What the views read from. */
interface Reads {
    aws: Aws;
    pipelines: Pipelines;
    executions: Executions;
    settings: Settings;
    now: () => number;
    tell: (problem: any) => void;
    url: string;
}

/** The nodes and bends of a layout by id. */
type Cells = Map<string, Cell>;
