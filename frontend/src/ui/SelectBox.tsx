/** A choice of one from a list that drops down, and that can be searched where it is long. */
import { ChevronDown } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { ClippedText } from "./ClippedText";
import { Dropdown } from "./Dropdown";

/** One entry of the list: `id` is unique among them. */
export interface Option {
  id: string;
  name: string;
  /** A few words more, such as a count. */
  note?: string;
}

interface SelectBoxProps {
  label: string;
  options: readonly Option[];
  value: string;
  onChange: (id: string) => void;
  /** Looks for options elsewhere; without it those that are there are looked through. */
  onSearch?: (text: string) => void;
  /** Whether there is nothing to choose now. */
  isOff?: boolean;
  /** Stands below the list, such as how many options there are more. */
  note?: string;
}

/** A list this long is searched. */
const LONG = 8;

/** A button that names the chosen option and opens the list. An unknown `value` shows the label. */
export function SelectBox(props: SelectBoxProps) {
  const { label, options, value, isOff = false } = props;
  const chosen = options.find(({ id }) => id === value)?.name;
  return (
    <Dropdown
      label={chosen === undefined ? label : `${label}: ${chosen}`}
      kind="listbox"
      className="button select"
      isOff={isOff}
      button={
        <>
          <ClippedText text={chosen ?? label} />
          <ChevronDown size={14} aria-hidden />
        </>
      }
    >
      {(close) => <OptionList {...props} close={close} />}
    </Dropdown>
  );
}

function OptionList(props: SelectBoxProps & { close: () => void }) {
  const { label, options, value, onChange, onSearch, note, close } = props;
  const [text, setText] = useState("");
  const [hasSearch] = useState(onSearch !== undefined || options.length > LONG);
  const shown = onSearch === undefined ? options.filter(({ name }) => contains(name, text)) : options;
  const choose = (id: string) => {
    onChange(id);
    close();
  };
  const list = useId();
  const { at, setCurrent, onKeyDown } = useOptionKeys(shown, value, choose);
  useEffect(() => () => onSearch?.(""), [onSearch]);
  const focus = { "data-first-focus": true, "aria-activedescendant": at < 0 ? undefined : `${list}-${at}`, onKeyDown };
  return (
    <>
      {hasSearch && (
        <input
          {...focus}
          type="search"
          className="search"
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-label={`Find in ${label.toLowerCase()}`}
          placeholder="Find"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setCurrent(0);
            onSearch?.(event.target.value);
          }}
        />
      )}
      <div
        id={list}
        className="options"
        role="listbox"
        aria-label={label}
        {...(hasSearch ? {} : { ...focus, tabIndex: 0 })}
      >
        {shown.map((option, index) => (
          <OptionRow
            key={option.id}
            id={`${list}-${index}`}
            option={option}
            isChosen={option.id === value}
            isCurrent={index === at}
            onReach={() => setCurrent(index)}
            onChoose={() => choose(option.id)}
          />
        ))}
        {shown.length === 0 && <p className="quiet">Nothing has “{text}” in its name.</p>}
      </div>
      {note !== undefined && <p className="popover-note quiet">{note}</p>}
    </>
  );
}

/** Which option the keys have reached, at first the chosen one; -1 where there is none. */
function useOptionKeys(shown: readonly Option[], value: string, choose: (id: string) => void) {
  const [current, setCurrent] = useState(() =>
    Math.max(
      0,
      shown.findIndex(({ id }) => id === value),
    ),
  );
  const at = Math.min(current, shown.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const last = shown.length - 1;
    const next = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    const option = shown[at];
    if (next !== undefined) {
      setCurrent(next);
    } else if (event.key === "Enter" && option !== undefined) {
      choose(option.id);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return { at, setCurrent, onKeyDown };
}

interface OptionRowProps {
  id: string;
  option: Option;
  isChosen: boolean;
  isCurrent: boolean;
  onReach: () => void;
  onChoose: () => void;
}

function OptionRow({ id, option, isChosen, isCurrent, onReach, onChoose }: OptionRowProps) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isCurrent) {
      row.current?.scrollIntoView?.({ block: "nearest" });
    }
  }, [isCurrent]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys of all its options.
    <div
      id={id}
      ref={row}
      role="option"
      className="option"
      aria-selected={isChosen}
      data-current={isCurrent}
      onPointerMove={onReach}
      onClick={onChoose}
    >
      <ClippedText text={option.name} />
      {option.note !== undefined && <span className="option-note">{option.note}</span>}
    </div>
  );
}

function contains(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.toLowerCase());
}
