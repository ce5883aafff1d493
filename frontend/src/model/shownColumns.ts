/** The columns of the table in order, of which the first ones may be pinned: pure changes of them. */

export interface ShownColumns {
  columns: readonly string[];
  /** So many of the first stay in sight when the table is scrolled sideways. */
  pinned: number;
}

/** With one column at another place. A pinned one stays among those that are pinned, another behind them. */
export function moved({ columns, pinned }: ShownColumns, column: string, to: number): ShownColumns {
  const from = columns.indexOf(column);
  if (from < 0) {
    return { columns, pinned };
  }
  const [least, most] = from < pinned ? [0, pinned - 1] : [pinned, columns.length - 1];
  const others = columns.filter((each) => each !== column);
  return { columns: others.toSpliced(Math.min(Math.max(to, least), most), 0, column), pinned };
}

/** With one column so many places further. */
export function movedBy(shown: ShownColumns, column: string, by: number): ShownColumns {
  return moved(shown, column, shown.columns.indexOf(column) + by);
}

/** With a column pinned behind those that are, or no longer. */
export function pinnedOver(shown: ShownColumns, column: string): ShownColumns {
  const isPinned = isPinnedIn(shown, column);
  const others = shown.columns.filter((each) => each !== column);
  const pinned = shown.pinned + (isPinned ? -1 : 1);
  return { columns: others.toSpliced(isPinned ? pinned : shown.pinned, 0, column), pinned };
}

export function isPinnedIn({ columns, pinned }: ShownColumns, column: string): boolean {
  const at = columns.indexOf(column);
  return at >= 0 && at < pinned;
}

/** Without some columns. */
export function without({ columns, pinned }: ShownColumns, hidden: readonly string[]): ShownColumns {
  const isKept = (column: string) => !hidden.includes(column);
  return { columns: columns.filter(isKept), pinned: columns.slice(0, pinned).filter(isKept).length };
}

/** With some columns more: before what says when a run ran, which stands at the end. */
export function withMore(
  { columns, pinned }: ShownColumns,
  more: readonly string[],
  last: readonly string[],
): ShownColumns {
  const added = more.filter((column) => !columns.includes(column));
  const tail = columns.length - trailing(columns, last);
  return { columns: columns.toSpliced(Math.max(tail, pinned), 0, ...added), pinned };
}

function trailing(columns: readonly string[], last: readonly string[]): number {
  return columns.length - 1 - columns.findLastIndex((column) => !last.includes(column));
}

/** With one column in the place of another; one that stands there already stands there once. */
export function replaced(shown: ShownColumns, column: string, next: string): ShownColumns {
  return shown.columns.includes(next)
    ? without(shown, column === next ? [] : [column])
    : { ...shown, columns: shown.columns.map((each) => (each === column ? next : each)) };
}
