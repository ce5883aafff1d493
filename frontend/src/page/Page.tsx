/** The tab. */
export function Page() {
  return <p>Run History</p>;
}
