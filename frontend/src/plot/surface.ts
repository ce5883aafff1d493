/** What plots are drawn on: the size, sharpness and colours of an element, followed while they change. */
import { type RefObject, useLayoutEffect, useMemo, useRef, useState } from "react";
import { readTheme, type Theme, watchTheme } from "./theme";

/** Everything that a picture needs to know of the place it is drawn in. */
export interface Surface {
  /** In CSS pixels, as all drawing is. */
  width: number;
  height: number;
  /** Pixels of the screen to a CSS pixel. */
  ratio: number;
  theme: Theme;
}

/** Draws a picture, or one layer of it, in CSS pixels from the upper left corner. */
export type Painter = (context: CanvasRenderingContext2D, surface: Surface) => void;

/** The surface of the element that `host` is given to; null until it is there. */
export function useSurface(): { host: RefObject<HTMLDivElement | null>; surface: Surface | null } {
  const host = useRef<HTMLDivElement>(null);
  const [surface, setSurface] = useState<Surface | null>(null);
  useLayoutEffect(() => {
    const element = host.current as HTMLDivElement;
    const read = () => setSurface((before) => unlessSame(before, surfaceOf(element)));
    const observer = new ResizeObserver(read);
    observer.observe(element);
    const stops = [watchTheme(read), watchRatio(read)];
    return () => {
      observer.disconnect();
      for (const stop of stops) {
        stop();
      }
    };
  }, []);
  return { host, surface };
}

/** The width of texts in a CSS font, in CSS pixels. */
export function useMeasure(font: string | undefined): (text: string) => number {
  return useMemo(() => {
    const context = document.createElement("canvas").getContext("2d");
    if (context === null || font === undefined) {
      return (_text: string) => 0;
    }
    context.font = font;
    return (text: string) => context.measureText(text).width;
  }, [font]);
}

/** Sizes a canvas for the surface, empties it, and lets the painter draw. */
export function paintOn(canvas: HTMLCanvasElement, surface: Surface, paint: Painter): void {
  const { ratio } = surface;
  const [width, height] = [Math.round(surface.width * ratio), Math.round(surface.height * ratio)];
  const context = canvas.getContext("2d");
  if (canvas.width !== width || canvas.height !== height) {
    // Takes new memory, and leaves the context as at first; done each time it costs more than the drawing.
    canvas.width = width;
    canvas.height = height;
  }
  if (context !== null && width > 0 && height > 0) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, surface.width, surface.height);
    context.save();
    paint(context, surface);
    context.restore();
  }
}

function surfaceOf(element: HTMLElement): Surface {
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    ratio: window.devicePixelRatio || 1,
    theme: readTheme(element),
  };
}

function unlessSame(before: Surface | null, now: Surface): Surface {
  return before !== null && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

/** Calls back at once, and when the page is zoomed or moves to another screen. Returns how to stop. */
function watchRatio(changed: () => void): () => void {
  let query: MediaQueryList;
  const again = () => {
    query?.removeEventListener("change", again);
    query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    query.addEventListener("change", again);
    changed();
  };
  again();
  return () => query.removeEventListener("change", again);
}
