/** What a pointer does on a plot: it points, drags a rectangle, zooms with a wheel, and asks for everything again. */
import { type RefObject, useLayoutEffect, useRef, useState } from "react";
import type { Interval } from "../model/interval";
import { type Area, type Frame, isOn } from "./frame";

/** A place on the canvas in CSS pixels. */
export interface Place {
  x: number;
  y: number;
}

/** Called with places on the plot only, whatever stands around it on the canvas. */
export interface Gestures {
  /** The pointer is here; null when it is on the plot no more, or drags. */
  onPoint: (place: Place | null) => void;
  /** A rectangle was dragged. It reaches over the whole of a direction along which the pointer hardly moved. */
  onSelect: (area: Area) => void;
  /** The wheel was turned, or two fingers moved on a trackpad: what is around the place is to be `factor` times as wide. */
  onWheel: (place: Place, factor: number) => void;
  onReset: () => void;
}

/** A drag shorter than this is a click. */
const SHORTEST_DRAG = 5;
/** A drag that stays within so many pixels of one direction selects along the other only. */
const STRAIGHT_DRAG = 24;
const WHEEL_SPEED = 0.004;

/**
 * Follows the pointer over `host`, on which the plot lies at `area`. Returns the rectangle that is being dragged. The
 * wheel zooms with Ctrl or ⌘ held only, which is also what pinching a trackpad looks like: alone it scrolls the page.
 */
export function usePointer(host: RefObject<HTMLElement | null>, area: Area | null, gestures: Gestures): Area | null {
  const [selection, setSelection] = useState<Area | null>(null);
  const latest = useRef({ area, gestures });
  useLayoutEffect(() => {
    latest.current = { area, gestures };
  });
  useLayoutEffect(() => {
    const element = host.current as HTMLElement;
    return follow(element, () => latest.current, setSelection);
  }, [host]);
  return selection;
}

/** The rectangle that a drag selects inside the plot; null while it is but a click. */
export function dragged(from: Place, to: Place, area: Area): Area | null {
  const width = Math.abs(to.x - from.x);
  const height = Math.abs(to.y - from.y);
  if (Math.max(width, height) < SHORTEST_DRAG) {
    return null;
  }
  const along = (start: number, end: number, low: number, size: number) => {
    const first = Math.max(low, Math.min(start, end));
    return [first, Math.min(low + size, Math.max(start, end)) - first] as const;
  };
  const [left, dragWidth] =
    width < STRAIGHT_DRAG && height > width ? [area.left, area.width] : along(from.x, to.x, area.left, area.width);
  const [top, dragHeight] =
    height < STRAIGHT_DRAG && width >= height ? [area.top, area.height] : along(from.y, to.y, area.top, area.height);
  return { left, top, width: dragWidth, height: dragHeight };
}

/** What a rectangle on the plot holds of each axis; null for an axis of which it holds all. */
export function selected(rectangle: Area, { area, x, y }: Frame): { x: Interval | null; y: Interval | null } {
  const { left, top, width, height } = rectangle;
  return {
    x: width >= area.width - 1 ? null : { min: x.scale.valueAt(left), max: x.scale.valueAt(left + width) },
    y: height >= area.height - 1 ? null : { min: y.scale.valueAt(top + height), max: y.scale.valueAt(top) },
  };
}

/** Listens until the returned function is called. */
function follow(
  element: HTMLElement,
  latest: () => { area: Area | null; gestures: Gestures },
  setSelection: (area: Area | null) => void,
): () => void {
  let start: Place | null = null;
  const placeOf = (event: MouseEvent): Place => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const onPlot = (place: Place) => {
    const { area } = latest();
    return area !== null && isOn(area, place.x, place.y) ? place : null;
  };
  const dragTo = (event: MouseEvent) => {
    const { area } = latest();
    return start === null || area === null ? null : dragged(start, placeOf(event), area);
  };
  const stop = () => {
    start = null;
    setSelection(null);
  };
  const listeners: { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void } = {
    pointerdown: (event) => {
      start = event.button === 0 ? onPlot(placeOf(event)) : null;
      if (start !== null) {
        element.setPointerCapture(event.pointerId);
      }
    },
    pointermove: (event) => {
      setSelection(dragTo(event));
      latest().gestures.onPoint(start === null ? onPlot(placeOf(event)) : null);
    },
    pointerup: (event) => {
      const area = dragTo(event);
      stop();
      if (area !== null) {
        latest().gestures.onSelect(area);
      }
    },
    pointercancel: stop,
    pointerleave: () => latest().gestures.onPoint(null),
    dblclick: (event) => onPlot(placeOf(event)) && latest().gestures.onReset(),
    wheel: (event) => {
      const place = onPlot(placeOf(event));
      if (place !== null && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        latest().gestures.onWheel(place, Math.exp(event.deltaY * WHEEL_SPEED));
      }
    },
  };
  const entries = Object.entries(listeners) as [string, EventListener][];
  for (const [name, listener] of entries) {
    element.addEventListener(name, listener, { passive: false });
  }
  return () => {
    for (const [name, listener] of entries) {
      element.removeEventListener(name, listener);
    }
  };
}
