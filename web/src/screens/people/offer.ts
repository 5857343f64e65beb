// Making a code. It is answered with the code itself, once, and a newer one ends the older; so nothing is sent twice by itself.
import { useState } from "react";
import { useMutation } from "urql";
import { OfferEnrolment } from "../../api/people.ts";
import { problemOf } from "../../logic/problem.ts";

export interface Code {
  person: string;
  way: string;
  code: string;
  expiresAt: string;
  position: string;
}

export interface Offering {
  busy: boolean;
  /** Why the last try made none, and whose it was to be. */
  problem: { person: string; way: string; text: string } | null;
  make: (person: string, way: string) => Promise<void>;
}

export function useOffer(made: (code: Code) => void): Offering {
  const [, run] = useMutation(OfferEnrolment);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Offering["problem"]>(null);
  const make = async (person: string, way: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const result = await run({ person, way });
    setBusy(false);
    if (result.data) made({ person, way, ...result.data.offered });
    else setProblem({ person, way, text: problemOf(result.error) });
  };
  return { busy, problem, make };
}
