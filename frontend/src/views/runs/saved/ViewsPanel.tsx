/** The list of views: those that somebody has saved here, that of the experiment, and the page's own. */
import { Download, Link, Trash2, Upload } from "lucide-react";
import { type FormEvent, useLayoutEffect, useRef, useState } from "react";
import {
  removeView,
  type SavedView,
  saveView,
  takeViewsFile,
  useSavedViews,
  viewsFile,
} from "../../../state/savedViews";
import { useChange, usePage } from "../../../state/store";
import { linkTo, shownAs, viewOf } from "../../../state/view";
import { ClippedText } from "../../../ui/ClippedText";
import "./saved.css";

/** What was done, or why it could not be. */
type Said = string | null;

/** What stands in the panel. It opens with the focus in the name of the view that is to be saved. */
export function ViewsPanel({ close }: { close: () => void }) {
  const change = useChange();
  const shown = usePage(viewOf);
  const base = usePage((page) => page.base.view ?? "");
  const experiment = usePage((page) => page.experiment);
  const saved = useSavedViews();
  const [said, setSaid] = useState<Said>(null);
  const show = (view: string) => {
    change((page) => shownAs(view, page));
    close();
  };
  const share = (view: string) => copied(linkTo(experiment, view)).then(setSaid);
  const own: SavedView[] = [
    ...(base === "" ? [] : [{ name: "The experiment’s view", view: base }]),
    { name: "The page’s own choice", view: "" },
  ];
  return (
    <>
      <SaveForm onSave={(name) => setSaid(saveView(name, shown) ?? `“${name}” is saved in this browser.`)} />
      <ul className="views-list">
        {saved.map((one) => (
          <ViewRow key={one.name} {...one} isShown={one.view === shown} onShow={show} onShare={share}>
            <button
              type="button"
              className="icon-button"
              aria-label={`Delete the view ${one.name}`}
              title="Delete"
              onClick={() => removeView(one.name)}
            >
              <Trash2 size={14} aria-hidden />
            </button>
          </ViewRow>
        ))}
        {own.map((one) => (
          <ViewRow key={` ${one.name}`} {...one} isShown={one.view === shown} onShow={show} onShare={share} />
        ))}
      </ul>
      <div className="views-files">
        <button type="button" className="link" onClick={() => share(shown)}>
          <Link size={14} aria-hidden /> Copy a link to what is shown
        </button>
        <Files hasViews={saved.length > 0} onSaid={setSaid} />
      </div>
      <p className="views-note quiet" role="status">
        {said ?? "A view is columns, filter, order and axes, and not which runs are selected."}
      </p>
    </>
  );
}

function SaveForm({ onSave }: { onSave: (name: string) => void }) {
  const [name, setName] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") {
      onSave(name.trim());
      setName("");
    }
  };
  return (
    <form className="views-form" onSubmit={onSubmit}>
      <input
        ref={input}
        className="search"
        aria-label="Name of the view"
        placeholder="Name what is shown now"
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" className="button" aria-disabled={name.trim() === ""}>
        Save
      </button>
    </form>
  );
}

interface ViewRowProps extends SavedView {
  isShown: boolean;
  onShow: (view: string) => void;
  onShare: (view: string) => void;
  children?: React.ReactNode;
}

function ViewRow({ name, view, isShown, onShow, onShare, children }: ViewRowProps) {
  return (
    <li className="views-row">
      <button type="button" className="option" aria-label={name} aria-current={isShown} onClick={() => onShow(view)}>
        <ClippedText text={name} />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={`Copy a link to the view ${name}`}
        title="Copy a link"
        onClick={() => onShare(view)}
      >
        <Link size={14} aria-hidden />
      </button>
      {children}
    </li>
  );
}

function Files({ hasViews, onSaid }: { hasViews: boolean; onSaid: (said: Said) => void }) {
  const file = useRef<HTMLInputElement>(null);
  const take = async (chosen: File | undefined) => {
    if (chosen !== undefined) {
      onSaid(takeViewsFile(await chosen.text()) ?? `The views of ${chosen.name} are here.`);
    }
  };
  return (
    <>
      <a
        className="link"
        aria-disabled={!hasViews}
        download="runhistory-views.json"
        href={`data:application/json;charset=utf-8,${encodeURIComponent(viewsFile())}`}
      >
        <Download size={14} aria-hidden /> Export all
      </a>
      <button type="button" className="link" onClick={() => file.current?.click()}>
        <Upload size={14} aria-hidden /> Import
      </button>
      <input
        ref={file}
        type="file"
        accept="application/json,.json"
        hidden
        aria-label="File of views"
        onChange={(event) => take(event.target.files?.[0])}
      />
    </>
  );
}

/** Puts a link into the clipboard, or shows it where a page may not. */
async function copied(link: string): Promise<Said> {
  try {
    await navigator.clipboard.writeText(link);
    return "The link is copied.";
  } catch {
    return link;
  }
}
