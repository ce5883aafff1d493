/** What stands in place of rows where no run meets the filter. */
import { useChange } from "../../../state/store";

/** Says so, and leads back to all runs. */
export function NoMatch() {
  const change = useChange();
  return (
    <div className="notice no-match">
      <h2>No run matches</h2>
      <p>A comparison with a value that a run does not have is never true: IS NULL finds such runs.</p>
      <button type="button" className="button" onClick={() => change(() => ({ filter: "" }))}>
        Clear the filter
      </button>
    </div>
  );
}
