/** The whole table as a file. */
import { Download } from "lucide-react";
import { EXPORT_FORMATS, type ExportFormat, exportAddress } from "../api/client";
import { DURATION, isAsked } from "../model/columns";
import { FILL } from "../model/columnText";
import { usePage } from "../state/store";
import { Dropdown } from "../ui/Dropdown";

interface ExportMenuProps {
  /** The columns that the table shows. */
  shown: readonly string[];
  /** How many runs there are without a filter. */
  runs: number;
}

const FORMATS: Record<ExportFormat, { name: string; note: string }> = {
  csv: { name: "CSV", note: "for spreadsheets" },
  json: { name: "JSON", note: "with the runs that roll-ups are of" },
};

/** Every line begins with what a run is, and with its times. */
function isExported(column: string): boolean {
  return isAsked(column) || column === DURATION;
}

/** A button that offers all runs of the table, in its columns and order, as a download. */
export function ExportMenu({ shown, runs }: ExportMenuProps) {
  const experiment = usePage((page) => page.experiment);
  const stages = usePage((page) => page.stages);
  const filter = usePage((page) => page.filter);
  const sort = usePage((page) => page.sort);
  const order = usePage((page) => page.order);
  const request = { experiment, stages, filter, sort, order, columns: shown.filter(isExported), fill: FILL };
  const which = filter === "" ? `All ${runs.toLocaleString("en")} runs` : "All runs that match the filter";
  return (
    <Dropdown
      kind="dialog"
      button={
        <>
          <Download size={14} aria-hidden />
          Export
        </>
      }
    >
      {(close) => (
        <div className="export" role="dialog" aria-label="Export">
          <p>{which}, as one list in the table’s columns and order.</p>
          {EXPORT_FORMATS.map((format, index) => (
            <a
              key={format}
              className="option"
              href={exportAddress(request, format)}
              download={`runs.${format}`}
              data-first-focus={index === 0 || undefined}
              onClick={close}
            >
              {FORMATS[format].name}
              <span className="option-note">{FORMATS[format].note}</span>
            </a>
          ))}
        </div>
      )}
    </Dropdown>
  );
}
