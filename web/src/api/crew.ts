// A site's crew: who is on it and how each is, what there is to do, and what they write to each other.
import { AnsweredFields, LetterFields, TaskFields } from "./fragments.ts";
import { type FragmentOf, graphql, type ResultOf } from "./graphql.ts";

export const AgentsQuery = graphql(`
  query Agents($atLeast: Position, $asOf: DateTime) {
    agents(atLeast: $atLeast, asOf: $asOf) {
      id site role outside capabilities status blocker atOnce heardAt joinedAt modelChosen modelInUse cpuPercent memoryBytes
      onCases alarms { rule says since } tasks { id title lease { until } }
      sums { tokens { input cacheRead cacheWrite output reasoning total } calls errors inferenceMs costNanoDollars }
      work { claimed delivered accepted sentBack failed leasesLost accuracy }
      hours(last: 24) { hour sums { tokens { total } costNanoDollars } }
    }
  }
`);

/** All columns of the board at once; what is over grows for ever and is shown from its end. */
export const BoardQuery = graphql(
  `
  query Board($first: Int!, $atLeast: Position, $asOf: DateTime) {
    BACKLOG: tasks(stage: BACKLOG, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    PENDING: tasks(stage: PENDING, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    ACTIVE: tasks(stage: ACTIVE, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    BLOCKED: tasks(stage: BLOCKED, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    REVIEW: tasks(stage: REVIEW, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    FAILED: tasks(stage: FAILED, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    DONE: tasks(stage: DONE, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
    REVERTED: tasks(stage: REVERTED, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...TaskFields } pageInfo { hasNextPage } }
  }
`,
  [TaskFields],
);

/** The latest step first; what is over stays as it is, so that only the first page is asked for again. */
export const WorkLogQuery = graphql(`
  query WorkLog($agent: ID, $what: WorkKind, $case: ID, $first: Int!, $after: String, $asOf: DateTime) {
    workLog(agent: $agent, what: $what, case: $case, first: $first, after: $after, asOf: $asOf) {
      nodes { id site at agent what kind caseId taskId summary }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const CostsQuery = graphql(`
  query CrewCosts($site: ID!, $days: Int!, $asOf: DateTime) {
    crewCosts(site: $site, days: $days, asOf: $asOf) {
      costNanoDollars tokens trendNanoDollarsADay
      days { day agent model sums { tokens { total } calls errors costNanoDollars } }
    }
  }
`);

export const TestAgent = graphql(
  `mutation TestAgent($site: ID!, $agent: ID!, $commandId: ID!) {
    answered: testAgent(site: $site, agent: $agent, commandId: $commandId) { ...AnsweredFields subject }
  }`,
  [AnsweredFields],
);

/** Those that wait for somebody are asked for by themselves: they may be older than the latest. */
export const LettersQuery = graphql(
  `
  query Letters($case: ID, $first: Int!, $atLeast: Position, $asOf: DateTime) {
    latest: letters(case: $case, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...LetterFields } pageInfo { hasNextPage } }
    waiting: letters(case: $case, state: WAITING, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...LetterFields } }
    escalated: letters(case: $case, state: ESCALATED, first: $first, atLeast: $atLeast, asOf: $asOf) { nodes { ...LetterFields } }
  }
`,
  [LetterFields],
);

export const SpawnAgent = graphql(
  `mutation SpawnAgent($site: ID!, $agent: ID!, $commandId: ID!) {
    answered: spawnAgent(site: $site, agent: $agent, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const DrainAgent = graphql(
  `mutation DrainAgent($site: ID!, $agent: ID!, $commandId: ID!) {
    answered: drainAgent(site: $site, agent: $agent, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const StopAgent = graphql(
  `mutation StopAgent($site: ID!, $agent: ID!, $commandId: ID!) {
    answered: stopAgent(site: $site, agent: $agent, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const ChooseModel = graphql(
  `mutation ChooseModel($site: ID!, $agent: ID!, $model: String!, $commandId: ID!) {
    answered: chooseModel(site: $site, agent: $agent, model: $model, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const FileTask = graphql(
  `mutation FileTask($site: ID!, $task: TaskInput!, $commandId: ID!) {
    answered: fileTask(site: $site, task: $task, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const QueueTask = graphql(
  `mutation QueueTask($site: ID!, $task: ID!, $commandId: ID!) {
    answered: queueTask(site: $site, task: $task, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const AcceptTask = graphql(
  `mutation AcceptTask($site: ID!, $task: ID!, $fence: Int!, $commandId: ID!) {
    answered: acceptTask(site: $site, task: $task, fence: $fence, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const SendBackTask = graphql(
  `mutation SendBackTask($site: ID!, $task: ID!, $fence: Int!, $note: String, $commandId: ID!) {
    answered: sendBackTask(site: $site, task: $task, fence: $fence, note: $note, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const BlockTask = graphql(
  `mutation BlockTask($site: ID!, $task: ID!, $reason: BlockReason!, $note: String, $commandId: ID!) {
    answered: blockTask(site: $site, task: $task, reason: $reason, note: $note, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const UnblockTask = graphql(
  `mutation UnblockTask($site: ID!, $task: ID!, $commandId: ID!) {
    answered: unblockTask(site: $site, task: $task, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const RevertTask = graphql(
  `mutation RevertTask($site: ID!, $task: ID!, $note: String, $commandId: ID!) {
    answered: revertTask(site: $site, task: $task, note: $note, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const AcknowledgeLetter = graphql(
  `mutation AcknowledgeLetter($site: ID!, $letter: ID!, $commandId: ID!) {
    answered: acknowledgeLetter(site: $site, letter: $letter, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const SendLetter = graphql(
  `mutation SendLetter($site: ID!, $letter: LetterInput!, $commandId: ID!) {
    answered: sendLetter(site: $site, letter: $letter, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export type Agent = ResultOf<typeof AgentsQuery>["agents"][number];
export type AgentStatus = Agent["status"];
export type WorkStep = NonNullable<ResultOf<typeof WorkLogQuery>["workLog"]>["nodes"][number];
export type WorkKind = WorkStep["what"];
export type Costs = ResultOf<typeof CostsQuery>["crewCosts"];
export type Task = FragmentOf<typeof TaskFields>;
export type TaskStage = Task["stage"];
export type TaskStep = Task["steps"][number];
export type Letter = FragmentOf<typeof LetterFields>;
export type Priority = Task["priority"];
