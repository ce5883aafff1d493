/** A run as every view shows it: the same name and the same colour in all of them. */

/** A checked run. Arrays of these are the same object while they say the same, so that views may depend on them. */
export interface ShownRun {
  runId: string;
  name: string;
  color: string;
  /** Tells its line from that of another run of the same colour: dashes and gaps, in widths of the line. */
  dash?: readonly number[];
}
