/** A sentence about what was done, which stands for a while. */
import { useEffect, useState } from "react";

/** In milliseconds. */
const TOLD_FOR = 8000;

/** The sentence, and what tells another or, with null, none. */
export function useTold(): [told: string | null, tell: (sentence: string | null) => void] {
  const [told, setTold] = useState<string | null>(null);
  useEffect(() => {
    const timer = told === null ? undefined : setTimeout(() => setTold(null), TOLD_FOR);
    return () => clearTimeout(timer);
  }, [told]);
  return [told, setTold];
}
