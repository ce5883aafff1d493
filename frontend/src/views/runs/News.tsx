/** What stands over the table: what is held back while somebody points at a row, and what was done with many rows. */
interface NewsProps {
  told: string | null;
  /** How many runs have arrived that are not among the rows. */
  waiting: number;
  /** Whether rows stand where they would not by now. */
  isBehind: boolean;
  onShow: () => void;
}

export function News({ told, waiting, isBehind, onShow }: NewsProps) {
  return (
    <>
      {told !== null && (
        <p className="news" role="status">
          {told}
        </p>
      )}
      {isBehind && (
        <button type="button" className="news button" onClick={onShow}>
          {waiting > 0 ? `${waiting.toLocaleString("en")} new ${waiting === 1 ? "run" : "runs"}` : "Show the new order"}
        </button>
      )}
    </>
  );
}
