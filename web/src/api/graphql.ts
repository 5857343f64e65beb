// The typed `graphql` tag: every document is checked against ../graphql/schema.graphql by the compiler.
import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./schema.d.ts";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: { ID: string; DateTime: string; Position: string };
}>();

export type { FragmentOf, ResultOf, VariablesOf } from "gql.tada";
