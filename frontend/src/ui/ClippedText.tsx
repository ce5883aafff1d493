/** A name on one line: where it is too long its middle gives way, since names of one family differ at their ends. */
const TAIL = 10;

/** The whole text stands in its title, or `title` in place of it; the last characters are never clipped. */
export function ClippedText({ text, title = text }: { text: string; title?: string }) {
  const characters = [...text];
  if (characters.length <= 2 * TAIL) {
    return (
      <span className="clipped" title={title}>
        <span className="clipped-head">{text}</span>
      </span>
    );
  }
  return (
    <span className="clipped" title={title}>
      <span className="clipped-head">{characters.slice(0, -TAIL).join("")}</span>
      <span className="clipped-tail">{characters.slice(-TAIL).join("")}</span>
    </span>
  );
}
