/** The canvas of a plot in a React component: made once, resized with its container, shown each new scene. */
import { type RefObject, useLayoutEffect, useRef, useState } from "react";
import { type Area, type CanvasEvents, ChartCanvas, type Scene } from "./chartCanvas";

/** A canvas and the element that it fills. */
export interface Canvas {
  /** For the element to fill. */
  host: RefObject<HTMLDivElement | null>;
  /** Null until the element is there. */
  chart: RefObject<ChartCanvas | null>;
  /** Where the plot lies inside the host. */
  area: Area;
}

const NOWHERE: Area = { left: 0, top: 0, width: 0, height: 0 };

/** The canvas lives as long as the component. `events` may be new functions at each render: the latest are called. */
export function useCanvas(scene: Scene, events: Omit<CanvasEvents, "onLayout">): Canvas {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<ChartCanvas>(null);
  const [area, setArea] = useState(NOWHERE);
  const latest = useRef({ scene, events });
  useLayoutEffect(() => {
    latest.current = { scene, events };
  });
  useLayoutEffect(() => {
    const element = host.current as HTMLDivElement;
    const made = new ChartCanvas(element, latest.current.scene, {
      onPointer: (position) => latest.current.events.onPointer(position),
      onSelect: (x, y) => latest.current.events.onSelect(x, y),
      onReset: () => latest.current.events.onReset(),
      onLayout: (now) => setArea((before) => (isSame(before, now) ? before : now)),
    });
    chart.current = made;
    const observer = new ResizeObserver(() => made.resize(element.clientWidth, element.clientHeight));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, []);
  useLayoutEffect(() => chart.current?.show(scene), [scene]);
  return { host, chart, area };
}

function isSame(a: Area, b: Area): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}
