/** The server's clock, against which times are told: that of the browser may be minutes off. */
import { useSyncExternalStore } from "react";

/** How often what is said of the time is said anew, in milliseconds. */
const TICK = 5000;

let ahead = 0;

/** Takes the server's time from an answer that has just arrived, in seconds since the epoch. */
export function noteServerTime(now: number): void {
  ahead = now - Date.now() / 1000;
}

/** The server's time now, to a few seconds, in seconds since the epoch. */
export function useServerTime(): number {
  return useSyncExternalStore(watch, read);
}

function read(): number {
  return (Math.round((Date.now() + ahead * 1000) / TICK) * TICK) / 1000;
}

function watch(changed: () => void): () => void {
  const timer = setInterval(changed, TICK);
  return () => clearInterval(timer);
}
