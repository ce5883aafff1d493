/** Two parts with a bar between them that moves: side by side where there is room, else one above the other. */
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState, useSyncExternalStore } from "react";
import { readPreference, writePreference } from "../state/preferences";

const SMALLEST = 20;
const LARGEST = 80;
const STEP = 2;
const ROOM = "(min-width: 1100px)";

/** Each of the two directions keeps its own share, in percent, in the browser's memory. */
export function Split({ first, second }: { first: ReactNode; second: ReactNode }) {
  const isBeside = useSyncExternalStore(watchRoom, () => matchMedia(ROOM).matches);
  const name = isBeside ? "split.beside" : "split.above";
  const [share, setShare] = useState<Record<string, number>>({});
  const percent = share[name] ?? clamped(readPreference(name, isBeside ? 60 : 52));
  const area = useRef<HTMLDivElement>(null);
  const set = (next: number) => {
    const kept = clamped(next);
    setShare({ ...share, [name]: kept });
    writePreference(name, kept);
  };
  const onPointerMove = (event: PointerEvent) => {
    const box = area.current?.getBoundingClientRect();
    if (box && event.currentTarget.hasPointerCapture(event.pointerId)) {
      set(isBeside ? ((event.clientX - box.left) / box.width) * 100 : ((event.clientY - box.top) / box.height) * 100);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      set(percent + step);
    }
  };
  return (
    <div className="split" data-beside={isBeside} ref={area}>
      <div className="split-part" style={{ flexBasis: `${percent}%` }}>
        {first}
      </div>
      <div
        className="split-bar"
        role="separator"
        tabIndex={0}
        aria-label="Share of the table"
        aria-orientation={isBeside ? "vertical" : "horizontal"}
        aria-valuenow={Math.round(percent)}
        aria-valuemin={SMALLEST}
        aria-valuemax={LARGEST}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
      />
      <div className="split-part" style={{ flexBasis: `${100 - percent}%` }}>
        {second}
      </div>
    </div>
  );
}

function clamped(percent: number): number {
  return Math.round(Math.min(LARGEST, Math.max(SMALLEST, percent)) * 10) / 10;
}

function watchRoom(changed: () => void): () => void {
  const room = matchMedia(ROOM);
  room.addEventListener("change", changed);
  return () => room.removeEventListener("change", changed);
}
