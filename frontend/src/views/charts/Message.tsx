/** What stands where the plot would be when there is none. */

interface MessageProps {
  children: string;
  /** Whether it says that something went wrong. */
  isError?: boolean;
  /** What the reader can do about it. */
  action?: { label: string; run: () => void };
}

/** A sentence read out when it appears: politely, or at once where it is an error. */
export function Message({ children, isError = false, action }: MessageProps) {
  return (
    <div className="chart-message" role={isError ? "alert" : "status"}>
      <p>{children}</p>
      {action !== undefined && (
        <button type="button" className="chart-button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}
