/** What stands where the plot would be when there is none. */

/** Something that the reader can do. */
export interface Action {
  label: string;
  run: () => void;
}

interface MessageProps {
  children: string;
  /** Whether it says that something went wrong. */
  isError?: boolean;
  /** What the reader can do about it. */
  actions?: readonly Action[];
}

/** A sentence read out when it appears: politely, or at once where it is an error. */
export function Message({ children, isError = false, actions = [] }: MessageProps) {
  return (
    <div className="chart-message" role={isError ? "alert" : "status"}>
      <p>{children}</p>
      {actions.length > 0 && (
        <div>
          {actions.map(({ label, run }) => (
            <button key={label} type="button" className="chart-button chart-ellipsis" title={label} onClick={run}>
              {label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
