// When it gets serious: for each drifting signal a sentence, and its stretch of plant time on a scale that all share.
import { useMemo, useSyncExternalStore } from "react";
import type { Case } from "../../api/fragments.ts";
import type { Forecast } from "../../api/insight.ts";
import type { CaseAsset } from "../../api/queries.ts";
import { knownOf, subscribeValues, usePlantTime } from "../../live/values.ts";
import { about, beyondTrip, forecastText, outlook, SOON_MS, type Stretch } from "../../logic/forecast.ts";
import { figure } from "../../logic/format.ts";
import { signalLabel, unitOf } from "../../logic/signals.ts";

interface Props {
  known: Case;
  signals: CaseAsset["signals"];
  forecasts: readonly Forecast[];
}

export function Forecasts({ known, signals, forecasts }: Props) {
  const plantTime = usePlantTime(known.site);
  const beyond = useBeyond(known.site, signals, forecasts);
  const first = forecasts[0];
  if (known.status !== "OPEN" || (first === undefined && beyond.length === 0)) return null;
  const now = Math.max(plantTime ?? 0, first === undefined ? 0 : Date.parse(first.from));
  const { end, stretches } = outlook(forecasts, now);
  return (
    <section className="panel serious" aria-labelledby="serious">
      <h2 id="serious">When does it get serious?</h2>
      {beyond.map(({ signal, above, trip }) => (
        <p key={signal.id}>
          <strong>
            {signalLabel(signal.id, signal.kind, signals)} is {above ? "above" : "below"} its trip now
          </strong>{" "}
          ({figure(trip)} {unitOf(signal.id, signals)}): it is serious already.
        </p>
      ))}
      {first !== undefined && <p className="by">In plant time, if it goes on as it does. The span is made to hold the moment in nine of ten cases.</p>}
      <ul>
        {forecasts.map((forecast, place) => {
          const soon = Date.parse(forecast.expected) - now < SOON_MS;
          const unit = unitOf(forecast.signal, signals);
          const stretch = stretches[place];
          return (
            <li key={forecast.signal} data-soon={soon}>
              <p>{forecastText(signalLabel(forecast.signal, kindOf(forecast.signal), signals), unit, forecast, now)}</p>
              {stretch && <StretchBar stretch={stretch} />}
              <p className="feature">
                {forecast.velocityPerH < 0 ? "Falling" : "Rising"} by {figure(Math.abs(forecast.velocityPerH))} {unit} an hour; {forecast.described ? "where it trips, as described" : "no trip is described: eight standard deviations from normal"}
              </p>
            </li>
          );
        })}
      </ul>
      {first !== undefined && (
        <p className="scale" aria-hidden="true">
          <span>now</span>
          <span>in {about(end)}</span>
        </p>
      )}
    </section>
  );
}

/** Told anew only when a signal passes its trip or comes back, however many values are pushed. */
function useBeyond(site: string, signals: CaseAsset["signals"], forecasts: readonly Forecast[]) {
  const found = () =>
    beyondTrip(
      signals,
      (id) => {
        const reading = knownOf(site, id)?.reading;
        return reading?.quality === "GOOD" ? reading.value : null;
      },
      forecasts.map((one) => one.signal),
    );
  const which = useSyncExternalStore(subscribeValues, () => found().map(({ signal, above }) => `${signal.id} ${above}`).join("\n"));
  return useMemo(found, [which, site, signals, forecasts]);
}

/** The end of the id names a signal that is described no more. */
function kindOf(signal: string): string {
  return signal.split("/").at(-1) ?? signal;
}

const WIDTH = 1_000;
const HEIGHT = 14;

/** The sentence above it says the same. */
function StretchBar({ stretch }: { stretch: Stretch }) {
  const [from, to, expected] = [stretch.earliest, stretch.latest, stretch.expected].map((share) => Math.round(share * WIDTH)) as [number, number, number];
  return (
    <svg className="stretch" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <line className="axis" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      <rect className={stretch.open ? "span open" : "span"} x={from} width={Math.max(4, to - from)} y="2" height={HEIGHT - 4} />
      <line className="now" x1="0" x2="0" y1="0" y2={HEIGHT} />
      <line className="expected" x1={expected} x2={expected} y1="0" y2={HEIGHT} />
    </svg>
  );
}
