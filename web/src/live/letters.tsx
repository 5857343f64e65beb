// What could not be delivered and waits for a person, for the top bar and the outbox alike: they may not count differently.
import { createContext, type ReactNode, useContext } from "react";
import type { ResultOf } from "../api/graphql.ts";
import { DeadLettersQuery } from "../api/outbox.ts";
import { type Followed, useFollowed } from "../api/use-followed.ts";
import { usePaced } from "../api/use-paced.ts";
import { usePlant } from "./plant.tsx";
import { useRefreshOnReturn } from "./returned.ts";

type Letters = Followed<ResultOf<typeof DeadLettersQuery>>;

const LEAST_MS = 2_000;

const View = createContext<Letters | null>(null);

export function useLetters(): Letters {
  const view = useContext(View);
  if (view === null) throw new Error("useLetters is for what stands inside LettersProvider");
  return view;
}

export function LettersProvider({ children }: { children: ReactNode }) {
  const letters = useFollowed(DeadLettersQuery, {});
  usePaced(usePlant().plantChanges.outside, letters.refresh, LEAST_MS);
  useRefreshOnReturn(letters.refresh);
  return <View.Provider value={letters}>{children}</View.Provider>;
}
