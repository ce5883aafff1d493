/** A choice of one among a few words, side by side. */
import { useId } from "react";

interface ChoiceProps<Option extends string> {
  legend: string;
  options: readonly (readonly [Option, string])[];
  value: Option;
  onChange: (value: Option) => void;
}

/** Radio buttons under a legend that only a screen reader sees; each option is an identifier and its label. */
export function Choice<Option extends string>({ legend, options, value, onChange }: ChoiceProps<Option>) {
  const name = useId();
  return (
    <fieldset className="chart-choice">
      <legend className="hidden">{legend}</legend>
      {options.map(([option, label]) => (
        <label key={option}>
          <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
