/** A run's line in small, to stand beside its name: its colour, and the dashes that tell it from another of that colour. */
import type { ShownRun } from "../model/shownRun";

const WIDTH = 16;
const LINE = 2;

/** Decoration: the name beside it says which run it is. A whole line is thicker, so that its colour is seen. */
export function Swatch({ run }: { run: Pick<ShownRun, "color" | "dash"> }) {
  const { color, dash = [] } = run;
  const dashes = dash.map((length) => length * LINE).join(" ");
  return (
    <svg className="swatch" width={WIDTH} height={10} aria-hidden="true">
      <line x1={0} x2={WIDTH} y1={5} y2={5} stroke={color} strokeWidth={dashes ? LINE : 4} strokeDasharray={dashes} />
    </svg>
  );
}
