/** Scales: from values to CSS pixels and back. */
import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from "d3-scale";
import type { Interval } from "../model/interval";
import type { ScaleKind } from "./interval";

/** One direction of a plot. */
export interface Scale {
  kind: ScaleKind;
  domain: Interval;
  /** The pixel of a value, also beyond the domain; not finite for what has no place, as zero on a log scale. */
  place: (value: number) => number;
  /** The value at a pixel. */
  valueAt: (pixel: number) => number;
}

/** The scale on which the ends of the domain lie at the pixels `from` and `to`; `from` may be the larger one. */
export function makeScale(kind: ScaleKind, domain: Interval, from: number, to: number): Scale {
  const base: ScaleContinuousNumeric<number, number> = kind === "log" ? scaleLog() : scaleLinear();
  const scale = base.domain([domain.min, domain.max]).range([from, to]);
  return { kind, domain, place: scale, valueAt: (pixel) => scale.invert(pixel) };
}
