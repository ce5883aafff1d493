/** Plots as files: whatever is drawn on screen can be drawn again elsewhere. */
import { type Painter, paintOn, type Surface } from "./surface";

/** The picture as the bytes of a PNG file, on the theme's background, `ratio` pixels to a CSS pixel. */
export function toPng(paint: Painter, surface: Surface, ratio = 2): Promise<Blob> {
  const canvas = document.createElement("canvas");
  paintOn(canvas, { ...surface, ratio }, (context, place) => {
    context.fillStyle = place.theme.background;
    context.fillRect(0, 0, place.width, place.height);
    paint(context, place);
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) {
        reject(new Error("The browser could not make a picture of this size. Make the window smaller."));
      } else {
        resolve(blob);
      }
    }, "image/png");
  });
}
