/** What breaks in one part of the page is shown in its place; the rest lives. */
import { TriangleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";

interface ErrorBoundaryProps {
  /** What the part is called in the sentence, such as "The chart of loss". */
  name: string;
  /** Another text clears the error: what broke on one content may well show the next. */
  content?: string;
  children: ReactNode;
}

interface Broken {
  error: Error | null;
  content: string | undefined;
}

/** Shows its children, or a sentence and a button that tries again. A part of the bundle that cannot be loaded counts. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, Broken> {
  override state: Broken = { error: null, content: this.props.content };

  static getDerivedStateFromError(error: unknown): Partial<Broken> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ content }: ErrorBoundaryProps, state: Broken): Partial<Broken> | null {
    return content === state.content ? null : { error: null, content };
  }

  override render() {
    const { error } = this.state;
    if (error === null) {
      return this.props.children;
    }
    return (
      <div className="notice" role="alert">
        <TriangleAlert size={20} aria-hidden className="notice-icon" />
        <p>
          {this.props.name} cannot be shown: {sentenceOf(error)}
        </p>
        <button type="button" className="button" onClick={() => this.setState({ error: null })}>
          Try again
        </button>
      </div>
    );
  }
}

/** A browser says in its own words that a module could not be fetched, and remembers the failure until a reload. */
function sentenceOf({ message }: Error): string {
  return /dynamically imported|importing a module|module script/i.test(message)
    ? "a part of the page could not be loaded. Reload the page; TensorBoard may have ended or been updated."
    : `it has met an error of its own (${message}).`;
}
