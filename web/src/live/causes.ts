// The causes that can be offered: those of the house, and those of the cases that the page knows.
import { useMemo } from "react";
import { knownCauses } from "../logic/cause-name.ts";
import { usePlant } from "./plant.tsx";

/** `more` are named by what is shown beside it. */
export function useKnownCauses(...more: readonly (string | null | undefined)[]): string[] {
  const { plants, changed } = usePlant();
  const named = more.filter((one) => one != null).join("\n");
  return useMemo(() => {
    const open = (plants ?? []).flatMap((plant) => plant.assets.flatMap((asset) => asset.openCases));
    return knownCauses([...open, ...changed.values()], named === "" ? [] : named.split("\n"));
  }, [plants, changed, named]);
}
