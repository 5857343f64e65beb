// A curve the size of a word: the normal band in grey, the value over it.
import { memo } from "react";
import { type Dot, pathOf, type Scale, scaleOf, yOf } from "../../logic/spark.ts";

const WIDTH = 120;
const HEIGHT = 28;

interface Props {
  dots: readonly Dot[];
  band: Scale | null;
  suspect: boolean;
}

export const Sparkline = memo(function Sparkline({ dots, band, suspect }: Props) {
  const scale = scaleOf(dots, band);
  const last = dots.at(-1);
  return (
    <svg className={suspect ? "spark suspect" : "spark"} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {scale && band && (
        <rect className="band" x="0" width={WIDTH} y={yOf(band.high, scale, HEIGHT)} height={Math.max(1, yOf(band.low, scale, HEIGHT) - yOf(band.high, scale, HEIGHT))} />
      )}
      {scale && <path d={pathOf(dots, scale, WIDTH, HEIGHT)} />}
      {scale && last?.value != null && <line className="now" x1={WIDTH} x2={WIDTH} y1={yOf(last.value, scale, HEIGHT) - 3} y2={yOf(last.value, scale, HEIGHT) + 3} />}
    </svg>
  );
});
