/** Columns of one kind, to be shown or hidden. */
import type { Column } from "../../../api/messages";
import { detailOf, nameOf } from "../../../model/columns";
import { ClippedText } from "../../../ui/ClippedText";
import type { OfferedGroup } from "./useOffered";

interface ColumnOptionsProps extends OfferedGroup {
  shown: readonly string[];
  onCheck: (column: string, isShown: boolean) => void;
}

export function ColumnOptions({ title, columns, shown, onCheck }: ColumnOptionsProps) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {columns.map(({ column, runs }) => (
        <label key={column} className="check">
          <input
            type="checkbox"
            checked={shown.includes(column)}
            onChange={(event) => onCheck(column, event.target.checked)}
          />
          <ColumnName column={column} />
          {runs > 0 && <span className="option-note">{runs.toLocaleString("en")}</span>}
        </label>
      ))}
    </fieldset>
  );
}

export function ColumnName({ column }: Pick<Column, "column">) {
  const detail = detailOf(column);
  return <ClippedText text={detail === undefined ? nameOf(column) : `${nameOf(column)}, ${detail}`} />;
}
