// Whether the ledger is still what was written: the program's own look, signed heads, and the proof of one fact.
import { graphql, type ResultOf } from "./graphql.ts";

export const VerificationQuery = graphql(`
  query Verification { auditVerification { at ok upTo firstBad { partition seq what } } auditLook { since done of } }
`);

export const VerifyNow = graphql(`
  mutation VerifyNow { looking: verifyAudit { begun since done of } }
`);

export const KindsQuery = graphql(`
  query Kinds { auditKinds }
`);

export const CheckpointsQuery = graphql(`
  query Checkpoints($partition: String!, $first: Int!) {
    checkpoints(partition: $partition, first: $first) { partition treeSize root recordedAt signature publicKey note }
  }
`);

export const ProofQuery = graphql(`
  query Proof($eventId: ID!) {
    proof(eventId: $eventId) {
      eventId partition seq leaf path treeSize root record previousHash json
      checkpoint { recordedAt treeSize root signature publicKey note }
    }
  }
`);

export type Look = ResultOf<typeof VerificationQuery>["auditVerification"];
export type Proof = NonNullable<ResultOf<typeof ProofQuery>["proof"]>;
export type Checkpoint = ResultOf<typeof CheckpointsQuery>["checkpoints"][number];
