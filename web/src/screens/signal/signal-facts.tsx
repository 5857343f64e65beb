// What is known of the signal itself: where it comes from, what is normal, where it trips, whether it may be written.
import type { ReactNode } from "react";
import type { LearnedSignal } from "../../api/asset.ts";
import { exact, figure } from "../../logic/format.ts";
import { humanise, unitSymbol } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";

export function SignalFacts({ signal }: { signal: LearnedSignal }) {
  const unit = unitSymbol(signal.unit);
  const { learned, trip, writable, range } = signal;
  return (
    <section className="panel" aria-labelledby="signal-facts">
      <h2 id="signal-facts">The signal</h2>
      <dl className="stored">
        <Item name="Name">
          <code>{signal.id}</code> on {signal.device}
        </Item>
        <Item name="Kind">{humanise(signal.kind)}</Item>
        <Item name="Normal">
          {learned ? (
            <>
              {figure(learned.mean)} ± {figure(learned.std)} {unit}, from {learned.count} values up to <When at={learned.learnedTo} title="Plant time" />
            </>
          ) : (
            "not learned yet"
          )}
        </Item>
        <Item name="Trips">{trip ? [trip.low !== null && `below ${exact(trip.low)}`, trip.high !== null && `above ${exact(trip.high)}`].filter(Boolean).join(", ") + ` ${unit}` : "not described"}</Item>
        {range && (
          <Item name="Range">
            {exact(range.low)} to {exact(range.high)} {unit}
          </Item>
        )}
        <Item name="Written">{writable ? `${exact(writable.limits.low)} to ${exact(writable.limits.high)} ${unit}, rated ${exact(writable.rated)}, at most ${exact(writable.maxStep)} at once` : "never by Millwright"}</Item>
      </dl>
    </section>
  );
}

function Item({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
