/** What of a browser jsdom lacks and a plot needs, for tests: sizes, and a 2D context that keeps a record. */
import { vi } from "vitest";

/** The size of every element, in CSS pixels. */
export const SIZE = { width: 640, height: 360 };

/** One call of a canvas context: the method, its arguments, and the colours that held then. */
export interface Drawn {
  canvas: HTMLCanvasElement;
  method: string;
  values: unknown[];
  fill: unknown;
  stroke: unknown;
}

/** Every call on any canvas since `installBrowser`. */
export interface Record2D {
  drawn: Drawn[];
}

/** Puts the missing parts in place until `vi.unstubAllGlobals` and restored mocks take them away. */
export function installBrowser(): Record2D {
  const record: Record2D = { drawn: [] };
  const contexts = new WeakMap<HTMLCanvasElement, CanvasRenderingContext2D>();
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    const context = contexts.get(this) ?? recording(this, record);
    contexts.set(this, context);
    return context as never;
  });
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(SIZE.width);
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(SIZE.height);
  Element.prototype.setPointerCapture = () => undefined;
  vi.stubGlobal(
    "PointerEvent",
    class extends MouseEvent {
      readonly pointerId = 1;
    },
  );
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  return record;
}

function recording(canvas: HTMLCanvasElement, record: Record2D): CanvasRenderingContext2D {
  const properties: Record<string | symbol, unknown> = { canvas };
  return new Proxy(properties, {
    get(_target, name) {
      if (name in properties) {
        return properties[name];
      }
      if (name === "measureText") {
        return (text: string) => ({ width: 6 * text.length });
      }
      return (...values: unknown[]) => {
        const { fillStyle: fill, strokeStyle: stroke } = properties;
        record.drawn.push({ canvas, method: String(name), values, fill, stroke });
      };
    },
  }) as unknown as CanvasRenderingContext2D;
}
