/** Intervals, wherever something lies between two ends. */

/** A closed interval of values, `min` below `max`. */
export interface Interval {
  min: number;
  max: number;
}
