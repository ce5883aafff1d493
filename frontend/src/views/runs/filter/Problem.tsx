/** What is wrong with a filter, and where. */
import { TriangleAlert } from "lucide-react";
import { type FilterProblem, wordEnd } from "../../../model/filters";

/** The text with the wrong character underlined, exactly behind the one that is written. */
export function Marked({ text, at }: { text: string; at: number }) {
  const end = wordEnd(text, at);
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, end) || " "}</mark>
      {text.slice(end)}
    </>
  );
}

/** How much of a long filter stands on each side of what is wrong. */
const AROUND = 24;

interface ProblemProps {
  id: string;
  problem: FilterProblem;
  text: string;
}

/** Aloud: below the box, until somebody writes or presses Escape. */
export function Problem({ id, problem: { sentence, at }, text }: ProblemProps) {
  return (
    <div id={id} role="alert" className="filter-problem">
      <TriangleAlert size={14} aria-hidden />
      <p>{sentence}</p>
      {at !== null && text.length > 2 * AROUND && (
        <code dir="ltr">
          {at > AROUND && "…"}
          <Marked text={text.slice(Math.max(0, at - AROUND), at + AROUND)} at={Math.min(at, AROUND)} />
          {at + AROUND < text.length && "…"}
        </code>
      )}
    </div>
  );
}
