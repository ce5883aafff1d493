/** What a virtual list puts into the document: what is on screen and near, and one item more. */
import { defaultRangeExtractor, type Range } from "@tanstack/react-virtual";

/** The indices of a range, and one more that must be there because it has the focus. */
export function withIndex(range: Range, index: number): number[] {
  const indices = defaultRangeExtractor(range);
  if (index >= 0 && index < range.count && !indices.includes(index)) {
    indices.push(index);
    indices.sort((a, b) => a - b);
  }
  return indices;
}
