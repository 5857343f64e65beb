// What a figure of evidence says, in its feature's own measure.
import type { Evidence } from "../api/fragments.ts";
import { duration, percent, signed } from "./format.ts";

export function magnitudeText({ feature, magnitude, windowS }: Pick<Evidence, "feature" | "magnitude" | "windowS">): string {
  const over = `over ${duration(windowS * 1000)}`;
  switch (feature) {
    case "DRIFT":
      return `drift ${signed(magnitude)} σ ${over}`;
    case "SLOPE":
      return `slope ${signed(magnitude)} σ ${over}`;
    case "NOISE":
      return `noise ×${magnitude.toFixed(1)} ${over}`;
    case "STUCK":
      return `unchanged for ${duration(magnitude * 1000)}`;
    case "RESIDUAL":
      return `${signed(magnitude)} σ off what the others imply`;
    case "CONTRIBUTION":
      return `${magnitude < 0 ? "low" : "high"}, ${percent(Math.abs(magnitude))} of the distance`;
  }
}
