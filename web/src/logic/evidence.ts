// What a figure of evidence says, in its feature's own measure.
import type { Evidence } from "../api/fragments.ts";
import { departure, duration, percent } from "./format.ts";

/** Several rules may name the same figure: it is shown once. */
export function distinct(evidence: readonly Evidence[]): { key: string; item: Evidence }[] {
  const byKey = new Map(evidence.map((item) => [`${item.signal}|${item.feature}|${item.windowS}|${item.at}`, item]));
  return [...byKey].map(([key, item]) => ({ key, item }));
}

export function strongestFirst<E extends Pick<Evidence, "magnitude">>(evidence: readonly E[]): E[] {
  return evidence.toSorted((a, b) => Math.abs(b.magnitude) - Math.abs(a.magnitude));
}

const nameOf = ({ signal, feature, windowS }: Pick<Evidence, "signal" | "feature" | "windowS">) => `${signal}|${feature}|${windowS}`;

/** The strongest, except that what is already shown stays where it is as long as there is evidence of it: nobody can read a list that jumps. */
export function steady<E extends Pick<Evidence, "signal" | "feature" | "windowS" | "magnitude">>(shown: readonly string[], evidence: readonly E[], most: number): { rows: E[]; names: string[] } {
  const place = (one: E) => shown.indexOf(nameOf(one));
  const strongest = strongestFirst(evidence);
  const known = strongest.filter((one) => place(one) >= 0).toSorted((a, b) => place(a) - place(b));
  const rows = [...known, ...strongest.filter((one) => place(one) < 0)].slice(0, most);
  return { rows, names: [...new Set(rows.map(nameOf))] };
}

export interface Departure {
  /** `+19.4 σ` */
  size: string;
  /** `drift over 5 min` */
  feature: string;
}

export function departureOf({ feature, magnitude, windowS }: Pick<Evidence, "feature" | "magnitude" | "windowS">): Departure {
  const over = `over ${duration(windowS * 1000)}`;
  switch (feature) {
    case "DRIFT":
      return { size: `${departure(magnitude)} σ`, feature: `drift ${over}` };
    case "SLOPE":
      return { size: `${departure(magnitude)} σ`, feature: `slope ${over}` };
    case "NOISE":
      return { size: `×${magnitude.toFixed(1)}`, feature: `noise ${over}` };
    case "STUCK":
      return { size: duration(magnitude * 1000), feature: "unchanged" };
    case "RESIDUAL":
      return { size: `${departure(magnitude)} σ`, feature: "off what the others imply" };
    case "CONTRIBUTION":
      return { size: percent(Math.abs(magnitude)), feature: `${magnitude < 0 ? "low" : "high"}, of the distance ${over}` };
  }
}

/** The same in the fewest words, beside what its detector says. */
export function shortly({ feature, magnitude }: Pick<Evidence, "feature" | "magnitude">, detector: string): string {
  switch (feature) {
    case "DRIFT":
      return `${departure(magnitude)} σ`;
    case "SLOPE":
      return `${departure(magnitude)} σ of slope`;
    case "NOISE":
      return `${magnitude.toFixed(1)} times as noisy`;
    case "STUCK":
      return `${detector === "silence" ? "missing" : "unchanged"} for ${duration(magnitude * 1000)}`;
    case "RESIDUAL":
      return `${departure(magnitude)} σ off what was expected`;
    case "CONTRIBUTION":
      return `${magnitude < 0 ? "low" : "high"}, ${percent(Math.abs(magnitude))} of it`;
  }
}
