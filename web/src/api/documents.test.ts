// Every question that the page asks is one that the schema answers; a renamed field fails here and not in the control room.
import { readFileSync } from "node:fs";
import { buildSchema, Kind, parse, print, validate, type DocumentNode } from "graphql";
import { expect, test } from "vitest";
import * as access from "./access.ts";
import * as alarms from "./alarms.ts";
import * as asset from "./asset.ts";
import * as changes from "./changes.ts";
import * as crew from "./crew.ts";
import * as house from "./house.ts";
import * as insight from "./insight.ts";
import * as normal from "./normal.ts";
import * as outbox from "./outbox.ts";
import * as people from "./people.ts";
import * as proof from "./proof.ts";
import * as queries from "./queries.ts";
import * as signal from "./signal.ts";
import * as time from "./time.ts";
import * as trial from "./trial.ts";

const schema = buildSchema(readFileSync(new URL("../../../graphql/schema.graphql", import.meta.url), "utf8"));

const documents = Object.entries({ ...queries, ...changes, ...insight, ...alarms, ...normal, ...outbox, ...people, ...asset, ...signal, ...access, ...proof, ...time, ...house, ...trial, ...crew }).filter(([, value]) => typeof value === "object" && "definitions" in value).map(([name, value]) => [name, value as unknown as DocumentNode] as const);

test.each(documents)("%s fits the schema", (_, document) => {
  expect(validate(schema, parse(print(document))).map((error) => error.message)).toEqual([]);
});

test("no question is deeper than servers commonly allow", () => {
  const deepest = Math.max(...documents.map(([, document]) => Math.max(...document.definitions.map((one) => depthOf(one, document)))));
  expect(deepest).toBeLessThanOrEqual(8);
});

function depthOf(node: unknown, document: DocumentNode): number {
  const selections = (node as { selectionSet?: { selections: readonly { kind: string; name?: { value: string } }[] } }).selectionSet?.selections ?? [];
  const depths = selections.map((selection) => {
    if (selection.kind !== Kind.FRAGMENT_SPREAD) return 1 + depthOf(selection, document);
    const fragment = document.definitions.find((one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name?.value);
    return depthOf(fragment, document);
  });
  return Math.max(0, ...depths);
}
