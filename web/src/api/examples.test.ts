// The examples in docs/ are questions that the schema answers, there is one for each field that can be asked for, and what is to go says what takes its place.
import { readdirSync, readFileSync } from "node:fs";
import { buildSchema, type DocumentNode, isInterfaceType, isObjectType, Kind, parse, TypeInfo, validate, visit, visitWithTypeInfo } from "graphql";
import { expect, test } from "vitest";

const docs = new URL("../../../docs/", import.meta.url);
const schema = buildSchema(readFileSync(new URL("../../../graphql/schema.graphql", import.meta.url), "utf8"));
const pages = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const examples = pages.flatMap((page) => {
  const text = readFileSync(new URL(page, docs), "utf8");
  return [...text.matchAll(/^```graphql\n(.*?)^```$/gms)].map((block) => ({ source: block[1] ?? "", where: `docs/${page}:${text.slice(0, block.index).split("\n").length}` }));
});
const reference = examples.filter(({ where }) => where.startsWith("docs/graphql.md:"));

test.each(examples)("the example at $where fits the schema", ({ source }) => {
  expect(validate(schema, parse(source)).map((error) => error.message)).toEqual([]);
});

test("docs/graphql.md has an example for each field that can be asked for", () => {
  const shown = new Set(reference.flatMap(({ source }) => rootFieldsOf(parse(source))));
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const missing = roots.flatMap((root) => Object.keys(root?.getFields() ?? {}).map((field) => `${root?.name}.${field}`)).filter((field) => !shown.has(field));
  expect(missing).toEqual([]);
});

test("where a field is to go, what takes its place is said", () => {
  const fields = Object.values(schema.getTypeMap()).flatMap((type) => (isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()).map((field) => ({ type, field })) : []));
  const silent = fields.filter(({ field }) => field.deprecationReason != null && !/`\w+`/.test(field.deprecationReason));
  expect(silent.map(({ type, field }) => `${type.name}.${field.name}`)).toEqual([]);
});

function rootFieldsOf(document: DocumentNode): string[] {
  const found: string[] = [];
  const types = new TypeInfo(schema);
  visit(document, visitWithTypeInfo(types, { Field: (node, _key, _parent, _path, above) => void (isRoot(above) && found.push(`${types.getParentType()?.name}.${node.name.value}`)) }));
  return found;
}

function isRoot(above: readonly unknown[]): boolean {
  return above.filter((node) => (node as { kind?: string }).kind === Kind.FIELD).length === 0;
}
