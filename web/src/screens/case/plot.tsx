// The drawing itself, by uPlot: the normal band below, the markers above, colours from the page's own.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Marker } from "../../logic/markers.ts";
import type { Span } from "../../logic/span.ts";
import type { Dot, Scale } from "../../logic/spark.ts";
import { axisOf, colourOf, drawBand, drawMarkers, yRange } from "../../parts/plot-draw.ts";
import { useScheme } from "../../parts/scheme.ts";

interface Props {
  dots: readonly Dot[];
  band: Scale | null;
  markers: readonly Marker[];
  span: Span;
  label: string;
  /** Told the dot under the pointer, here or on another curve of the case, or null. */
  onPoint: (index: number | null) => void;
}

const HEIGHT = 132;

export function Plot({ dots, band, markers, span, label, onPoint }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scene = useRef({ band, markers, span, onPoint });
  const scheme = useScheme();

  useEffect(() => {
    if (!box.current) return;
    const host = box.current;
    const made = new uPlot(optionsFor(host, scene), [[], []], host);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    resized.observe(host);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Colours are read when it is made, so another scheme makes another.
  }, [scheme]);

  useEffect(() => {
    scene.current = { band, markers, span, onPoint };
    plot.current?.setData([dots.map((dot) => dot.at / 1000), dots.map((dot) => dot.value)]);
  }, [dots, band, markers, span, onPoint, scheme]);

  return <div ref={box} className="plot" role="img" aria-label={label} />;
}

type Scene = { current: Pick<Props, "band" | "markers" | "span" | "onPoint"> };

function optionsFor(host: HTMLElement, scene: Scene): uPlot.Options {
  const colour = colourOf(host);
  const axis = axisOf(colour);
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: "case" }, y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [scene.current.span.from / 1000, scene.current.span.to / 1000] },
      y: { range: (_, low, high) => yRange(low, high, scene.current.band) },
    },
    axes: [
      { ...axis, values: "{HH}:{mm}", space: 56, size: 26 },
      { ...axis, space: 28, size: 50 },
    ],
    series: [{}, { stroke: colour("--ink"), width: 1.5, points: { show: false }, spanGaps: false }],
    hooks: {
      drawClear: [(drawn) => drawBand(drawn, scene.current.band, colour("--band"))],
      setCursor: [(drawn) => scene.current.onPoint(drawn.cursor.idx ?? null)],
      draw: [(drawn) => drawMarkers(drawn, scene.current.markers, colour)],
    },
  };
}
