/** A choice of one from a list that drops down. */
import { ChevronDown } from "lucide-react";
import { Button, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";
import { ClippedText } from "../tree/ClippedText";

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
}

/** A button that names the chosen option and opens the list. An unknown `value` shows the label. */
export function SelectBox({ label, options, value, onChange }: SelectBoxProps) {
  return (
    <Select
      className="select"
      aria-label={label}
      value={value}
      onChange={(key) => {
        if (key !== null) {
          onChange(String(key));
        }
      }}
    >
      <Button className="button">
        <SelectValue className="select-value">
          <ClippedText text={options.find(({ id }) => id === value)?.name ?? label} />
        </SelectValue>
        <ChevronDown size={14} aria-hidden />
      </Button>
      <Popover className="popover" offset={4}>
        <ListBox className="options" items={options.map((option) => ({ ...option }))}>
          {({ id, name, note }) => (
            <ListBoxItem id={id} textValue={name} className="option">
              <ClippedText text={name} />
              {note !== undefined && <span className="option-note">{note}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
