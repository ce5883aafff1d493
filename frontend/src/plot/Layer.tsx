/** One canvas of a plot, above or below others of the same size. */
import { useLayoutEffect, useRef } from "react";
import { type Painter, paintOn, type Surface } from "./surface";
import "./plot.css";

interface LayerProps {
  surface: Surface;
  /** Drawn again whenever it is another function: what changes often has a layer of its own. */
  paint: Painter;
}

/** A canvas that fills its host, which says in words what it shows, and draws what `paint` draws, before the browser's next frame. */
export function Layer({ surface, paint }: LayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current !== null) {
      paintOn(canvas.current, surface, paint);
    }
  }, [surface, paint]);
  return <canvas ref={canvas} className="plot-layer" />;
}
