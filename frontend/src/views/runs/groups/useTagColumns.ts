/** The tags that runs can be grouped by: as many as the server offers in a filter. */
import { useMemo } from "react";
import { useCompletions } from "../../../data/useCompletions";

const TAGS = "tags.";

/** Columns of tags, by the words of the language. */
export function useTagColumns(experiment: string): readonly string[] {
  const offer = useCompletions(experiment, TAGS, TAGS.length, true);
  return useMemo(() => offer?.texts.map((name) => (name.startsWith(TAGS) ? name : TAGS + name)) ?? [], [offer]);
}
