/** The chart as a file. */
import { Download } from "lucide-react";
import { useState } from "react";
import { toPng } from "../../plot/export";
import type { Surface } from "../../plot/surface";
import { paintWhole, type Scene } from "./scene";

interface SavePictureProps {
  scene: Scene;
  surface: Surface;
  measure: (text: string) => number;
}

/** A button that saves what is on screen as a PNG file, with the names of the runs below. */
export function SavePicture({ scene, surface, measure }: SavePictureProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const save = async () => {
    try {
      const file = await toPng((context, place) => paintWhole(context, place, scene, measure), surface);
      download(file, `${scene.tag.replace(/[^\w.-]+/g, "-").slice(0, 80)}.png`);
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <div className="chart-save">
      {problem !== null && <span role="alert">{problem}</span>}
      <button type="button" className="chart-icon" aria-label="Save as PNG" title="Save as PNG" onClick={save}>
        <Download size={14} aria-hidden="true" />
      </button>
    </div>
  );
}

function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
