/** Which parameters and metrics have a column. */
import { Columns3 } from "lucide-react";
import { useState } from "react";
import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { Column } from "../api/messages";
import { ClippedText } from "../tree/ClippedText";
import { columnName } from "../tree/format";

interface ColumnChoiceProps {
  columns: readonly Column[];
  /** How many columns there are; of very many only the most common are offered. */
  columnCount: number;
  shown: readonly string[];
  /** The shown columns; null for the page's own choice. */
  onChange: (shown: readonly string[] | null) => void;
}

/** A button that opens the list of columns, to be searched, shown and hidden; the order stays the server's. */
export function ColumnChoice(props: ColumnChoiceProps) {
  const { columns, shown } = props;
  return (
    <DialogTrigger>
      <Button className="button">
        <Columns3 size={14} aria-hidden />
        Columns
        <span className="count">
          {shown.length} of {columns.length}
        </span>
      </Button>
      <Popover className="popover" offset={4}>
        <Dialog className="columns" aria-label="Columns">
          <ColumnList {...props} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function ColumnList({ columns, columnCount, shown, onChange }: ColumnChoiceProps) {
  const [wanted, setWanted] = useState("");
  const found = columns.filter(({ column }) => columnName(column).name.toLowerCase().includes(wanted.toLowerCase()));
  const put = (ids: readonly string[], isShown: boolean) => {
    const next = new Set(shown);
    for (const id of ids) {
      if (isShown) {
        next.add(id);
      } else {
        next.delete(id);
      }
    }
    onChange(columns.flatMap(({ column }) => (next.has(column) ? [column] : [])));
  };
  const ids = found.map(({ column }) => column);
  return (
    <>
      <input
        type="search"
        className="search"
        placeholder="Find a column"
        aria-label="Find a column"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <div className="columns-bar">
        <button type="button" className="link" onClick={() => put(ids, true)}>
          Show all
        </button>
        <button type="button" className="link" onClick={() => put(ids, false)}>
          Hide all
        </button>
        <button type="button" className="link" onClick={() => onChange(null)}>
          Reset
        </button>
      </div>
      <div className="columns-list">
        {(["param", "metric"] as const).map((kind) => {
          const group = found.filter(({ column }) => columnName(column).kind === kind);
          return (
            group.length > 0 && (
              <fieldset key={kind}>
                <legend>{kind === "param" ? "Parameters" : "Metrics, last value"}</legend>
                {group.map(({ column, runs }) => (
                  <label key={column} className="check">
                    <input
                      type="checkbox"
                      checked={shown.includes(column)}
                      onChange={(event) => put([column], event.target.checked)}
                    />
                    <ClippedText text={columnName(column).name} />
                    <span className="option-note">{runs.toLocaleString("en")}</span>
                  </label>
                ))}
              </fieldset>
            )
          );
        })}
        {found.length === 0 && <p className="quiet">No column has “{wanted}” in its name.</p>}
        {columnCount > columns.length && (
          <p className="quiet">
            The {columns.length} most common of {columnCount.toLocaleString("en")} columns.
          </p>
        )}
      </div>
    </>
  );
}
