// The plain data that passes between the console's modules. Times are milliseconds since 1970; null where the
// service tells none.

/** What a Data Pipeline object's id says. */
export interface IdParts {
    instance: string;
    component: string;
    scheduled: string;
    attempt: number | null;
}

/** An instance or an attempt. `firstReport` is null where it is not known. */
export interface Run extends IdParts {
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

export interface Instance extends Run {
    attempts: Run[];
}

export interface Pipeline {
    name: string;
    state: string;
    health: string;
    created: number | null;
    lastRun: number | null;
    text: string;
}

/** One page of a list. */
export interface Page<Item> {
    page: number;
    pages: number;
    items: Item[];
}

/** A time on the axis: from its begin to its end. */
export interface Span {
    from: number;
    to: number;
}

/** A status and when it was; `to` is null while it lasts. */
export interface Status {
    status: string;
    from: number;
    to: number | null;
}

/** A status for some time. */
export interface Segment extends Span {
    status: string;
}

export interface Task {
    pipelineId?: string;
    attemptId?: string;
    receivedAt?: string;
    workerGroup?: string;
    route?: string;
    taskId?: string;
}

export interface Execution {
    arn: string;
    machineArn: string;
    name: string;
    status: string;
    started: number | null;
    stopped: number | null;
}

/** With what only DescribeExecution says. */
export interface DescribedExecution extends Execution {
    error: string;
    cause: string;
    task: Task;
}

/** A state of a definition in Amazon States Language, as far as it is drawn. */
export interface State {
    Type: string;
    Comment?: string;
    Next?: string;
    Default?: string;
    Choices?: { Next: string; Condition?: string; Variable?: string }[];
    Catch?: { Next: string; ErrorEquals?: string[] }[];
    Arguments?: { FunctionName?: unknown };
}

export interface Definition {
    StartAt: string;
    Comment?: string;
    States: Record<string, State>;
}

export interface Machine {
    name: string;
    definition: Definition;
    logGroup: string;
}

/** An event of an execution's history. */
export interface HistoryEvent {
    id: number;
    type: string;
    timestamp: number;
    stateEnteredEventDetails?: { name: string };
    stateExitedEventDetails?: { name: string };
}

/** A state that an execution entered; `exited` is null while it is in it. */
export interface Step {
    name: string;
    entered: number;
    exited: number | null;
    problems: { error: string; cause: string }[];
}

/** What an execution did. */
export interface Path {
    steps: Step[];
    visits: Map<string, number>;
    taken: Map<string, number>;
    current: string | null;
    ended: string | null;
}

/** What is shown of an execution. */
export interface ReadExecution {
    execution: DescribedExecution;
    machine: Machine;
    events: HistoryEvent[];
}

export interface Node {
    id: string;
    type: string;
    comment: string;
}

export interface Edge {
    from: string;
    to: string;
    kinds: string[];
    labels: string[];
}

export interface Graph {
    start: string;
    nodes: Node[];
    edges: Edge[];
}

export interface Point {
    x: number;
    y: number;
}

/** A node with its size. */
export interface Box {
    id: string;
    width: number;
    height: number;
}

/** A node or a bend of an edge, in its layer. `index` is its place in the row. */
export interface Cell extends Box, Point {
    layer: number;
    near: string[];
    index: number;
}

/** A line of a log. */
export interface Line {
    id: string;
    time: number;
    source: string;
    text: string;
    level: string;
    entry: Record<string, unknown> | null;
}

/** An attempt, and the execution that runs it once that is known. */
export interface LoggedTask {
    pipelineId: string;
    attemptId: string;
    executionArn?: string;
}

/** What is shown of an attempt. */
export interface ReadAttempt {
    attempt: Run | null;
    found: Execution[];
    complete: boolean;
    latest: ReadExecution | null;
    lines: Line[];
}

/** What becomes a child of an element. */
export type Child = string | number | globalThis.Node | null | undefined | Child[];

/** A part of the page that reads again and again; `alive` says whether it is still shown. */
export interface View {
    seconds: number;
    read(alive: () => boolean): Promise<void>;
}
