/** What there is to choose for one column: what it shows of a metric, by what it sorts, and where it stands. */
import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, EyeOff, type LucideIcon, Pin, PinOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import {
  columnOf,
  FACT_NAMES,
  FIRST_SORTING,
  meaningOf,
  nameOf,
  orderInWords,
  RELATION_NAMES,
  STATISTIC_NAMES,
} from "../../../model/columns";
import { columnText, FACTS, type MetricColumn, RELATIONS, STATISTICS } from "../../../model/columnText";
import { isPinnedIn, movedBy, pinnedOver, replaced, type ShownColumns, without } from "../../../model/shownColumns";
import { useChange, usePage } from "../../../state/store";
import "./choice.css";

export interface ColumnMenuProps {
  /** The column that it was opened for. */
  column: string;
  shown: ShownColumns;
  onChange: (shown: ShownColumns) => void;
  close: () => void;
}

/** It stays open while what the column shows is chosen, and closes when it is done with. */
export function ColumnMenu({ column: first, shown, onChange, close }: ColumnMenuProps) {
  const change = useChange();
  const [column, setColumn] = useState(first);
  const kind = columnOf(column);
  const onReplace = (next: MetricColumn) => {
    const text = columnText(next);
    onChange(replaced(shown, column, text));
    change(({ sort }) => (sort === column ? { sort: text } : {}));
    setColumn(text);
  };
  const root = useRef<HTMLDivElement>(null);
  // It may have been fetched after its panel had opened.
  useEffect(() => root.current?.querySelector<HTMLElement>("[data-first-focus]")?.focus(), []);
  return (
    <div ref={root} className="column-choice" role="dialog" aria-label={`Column ${nameOf(column)}`}>
      <p className="column-meaning quiet">{meaningOf(column)}</p>
      <Sorts column={column} close={close} />
      {kind.kind === "metric" && <MetricChoice metric={kind} onReplace={onReplace} />}
      <Places column={column} shown={shown} onChange={onChange} close={close} />
    </div>
  );
}

function Sorts({ column, close }: Pick<ColumnMenuProps, "column" | "close">) {
  const change = useChange();
  const sorted = usePage(({ sort, order }) => (sort === column ? order : null));
  const inWords = (order: "asc" | "desc") => `Sort, ${orderInWords(column, order)}`;
  const sortBy = (order: "asc" | "desc") => {
    change(() => (sorted === order ? FIRST_SORTING : { sort: column, order }));
    close();
  };
  return (
    <div className="menu-part">
      <Item icon={ArrowUp} name={inWords("asc")} isOn={sorted === "asc"} isFirst onChoose={() => sortBy("asc")} />
      <Item icon={ArrowDown} name={inWords("desc")} isOn={sorted === "desc"} onChoose={() => sortBy("desc")} />
    </div>
  );
}

interface MetricChoiceProps {
  metric: MetricColumn;
  onReplace: (next: MetricColumn) => void;
}

function MetricChoice({ metric, onReplace }: MetricChoiceProps) {
  return (
    <div className="menu-part menu-form">
      <Choice
        label="Value"
        options={FACTS}
        names={FACT_NAMES}
        value={metric.fact}
        onChange={(fact) => onReplace({ ...metric, fact })}
      />
      <p className="menu-heading">A run without this metric shows of those below it</p>
      <Choice
        label="Statistic"
        options={STATISTICS}
        names={STATISTIC_NAMES}
        value={metric.statistic}
        onChange={(statistic) => onReplace({ ...metric, statistic })}
      />
      <Choice
        label="Over"
        options={RELATIONS}
        names={RELATION_NAMES}
        value={metric.over}
        onChange={(over) => onReplace({ ...metric, over })}
      />
      <p className="quiet">Best is the lowest or the highest, by the metric’s name or by what its experiment says.</p>
    </div>
  );
}

interface ChoiceProps<Id extends string> {
  label: string;
  options: readonly Id[];
  names: Record<Id, string>;
  value: Id;
  onChange: (id: Id) => void;
}

function Choice<Id extends string>({ label, options, names, value, onChange }: ChoiceProps<Id>) {
  return (
    <label className="menu-choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value as Id)}>
        {options.map((id) => (
          <option key={id} value={id}>
            {names[id]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Places({ column, shown, onChange, close }: ColumnMenuProps) {
  const isPinned = isPinnedIn(shown, column);
  const at = shown.columns.indexOf(column);
  const [first, last] = isPinned ? [0, shown.pinned - 1] : [shown.pinned, shown.columns.length - 1];
  return (
    <div className="menu-part">
      <Item
        icon={isPinned ? PinOff : Pin}
        name={isPinned ? "Unpin" : "Pin, to stay in sight"}
        onChoose={() => {
          onChange(pinnedOver(shown, column));
          close();
        }}
      />
      <Item
        icon={ArrowLeft}
        name="Move left"
        isDisabled={at <= first}
        onChoose={() => onChange(movedBy(shown, column, -1))}
      />
      <Item
        icon={ArrowRight}
        name="Move right"
        isDisabled={at >= last}
        onChoose={() => onChange(movedBy(shown, column, 1))}
      />
      <Item
        icon={EyeOff}
        name="Hide"
        onChoose={() => {
          onChange(without(shown, [column]));
          close();
        }}
      />
    </div>
  );
}

interface ItemProps {
  icon: LucideIcon;
  name: string;
  isOn?: boolean;
  isFirst?: boolean;
  isDisabled?: boolean;
  onChoose: () => void;
}

function Item({ icon: Icon, name, isOn, isFirst = false, isDisabled = false, onChoose }: ItemProps) {
  return (
    <button
      type="button"
      className="menu-item"
      aria-pressed={isOn}
      aria-disabled={isDisabled}
      data-first-focus={isFirst || undefined}
      onClick={() => !isDisabled && onChoose()}
    >
      <Icon size={14} aria-hidden />
      {name}
    </button>
  );
}
