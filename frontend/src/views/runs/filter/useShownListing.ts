/** The listing that can be shown: that of the page or, while its filter is refused, with the filter before. */
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError } from "../../../api/client";
import { type Listing, pageQuestion } from "../../../data/useRunPages";
import { type FilterProblem, isTooLong, tooLong } from "../../../model/filters";
import { ROOTS } from "../../../model/rows";
import { problemIn } from "./useFilterQuestion";

interface ShownListing {
  listing: Listing;
  /** Why the page's filter is not the listing's. */
  refusal: FilterProblem | null;
  /** To be called when the listing cannot be had: takes the filter before where that may help. */
  onProblem: () => void;
}

interface Refused {
  filter: string;
  problem: FilterProblem;
}

/** An address may say any filter. `wanted` is what the page would show. */
export function useShownListing(wanted: Listing): ShownListing {
  const client = useQueryClient();
  const { filter } = wanted;
  const [refused, setRefused] = useState<Refused | null>(null);
  const [good, setGood] = useState("");
  const refusal = isTooLong(filter) ? tooLong(filter) : refused?.filter === filter ? refused.problem : null;
  const listing = useMemo(
    () => (isTooLong(filter) || refused?.filter === filter ? { ...wanted, filter: good } : wanted),
    [wanted, filter, refused, good],
  );
  const key = pageQuestion(listing, { parent: ROOTS, page: 0 }).key;
  if (refusal === null && good !== filter && client.getQueryData(key) !== undefined) {
    setGood(filter);
  }
  const onProblem = () => {
    const reason = client.getQueryState(key)?.fetchFailureReason;
    if (refusal === null && filter !== "" && reason instanceof ApiError && reason.status === 400) {
      setRefused({ filter, problem: problemIn(reason, filter) });
    }
  };
  return { listing, refusal, onProblem };
}
