// The class to draw, found by typing a part of its name or its number: a combobox as the ARIA practices describe it.
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { Field } from './fields.js';

/** So many are listed; typing narrows a longer list. */
const mostListed = 60;

interface Option {
  label: number | null;
  text: string;
}

const none: Option = { label: null, text: 'No class' };

/** The classes whose name or number has `wanted` in it, names that begin with it first; and none, where that is a choice. */
export function classesFor(wanted: string, classes: readonly string[], noClass: boolean): Option[] {
  const text = wanted.trim().toLowerCase();
  const all = classes.map((name, label) => ({ label, text: name }));
  if (text === '') return noClass ? [...all, none] : all;
  const rank = ({ label, text: name }: { label: number; text: string }) => {
    const at = name.toLowerCase().indexOf(text);
    if (`${label}` === text || at === 0) return 0;
    return at > 0 && !/[a-z0-9]/.test(name.toLowerCase()[at - 1]!) ? 1 : at > 0 ? 2 : 3;
  };
  const found = all.map((one) => ({ one, rank: rank(one) })).filter((each) => each.rank < 3);
  const sorted: Option[] = found.sort((a, b) => a.rank - b.rank).map(({ one }) => one);
  return noClass && none.text.toLowerCase().includes(text) ? [...sorted, none] : sorted;
}

interface Props {
  /** What the field is called. */
  title?: string;
  classes: readonly string[];
  label: number | null;
  /** Whether none may be chosen. */
  noClass: boolean;
  onChange: (label: number | null) => void;
}

/** A field with a list below it. */
export function ClassPicker({ title = 'Class', classes, label, noClass, onChange }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const chosen = label === null ? none.text : (classes[label] ?? `${label}`);
  const [typed, setTyped] = useState<string>(); // undefined while nothing is being looked for
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const found = useMemo(() => classesFor(typed ?? '', classes, noClass), [typed, classes, noClass]);
  const listed = found.slice(0, mostListed);

  useEffect(() => {
    if (open) list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [open, at]);

  const show = () => {
    if (open) return;
    setOpen(true);
    setAt(Math.max(0, listed.findIndex((one) => one.label === label))); // prettier-ignore
  };
  const close = () => {
    setOpen(false);
    setTyped(undefined);
  };
  const choose = (option: Option | undefined) => {
    if (option) onChange(option.label);
    close();
  };
  const move = (to: number) => {
    setOpen(true);
    setAt(Math.min(Math.max(to, 0), listed.length - 1));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const step = steps[event.key];
    if (step !== undefined) {
      if (open) move(at + step);
      else show();
    } else if (event.key === 'Enter' && open) choose(listed[at]);
    else if (event.key === 'Escape' && open) close();
    else return;
    event.preventDefault();
  };
  const onInput = (text: string) => {
    setTyped(text);
    setOpen(true);
    setAt(0);
  };

  return (
    <Field label={title} for={id}>
      <div class="combobox">
        <input
          id={id}
          ref={input}
          type="text"
          role="combobox"
          autocomplete="off"
          spellcheck={false}
          aria-expanded={open}
          aria-autocomplete="list"
          aria-controls={`${id}-list`}
          aria-activedescendant={open && listed[at] ? `${id}-${at}` : undefined}
          value={typed ?? chosen}
          onInput={(event) => onInput(event.currentTarget.value)}
          onFocus={(event) => event.currentTarget.select()}
          onClick={show}
          onBlur={close}
          onKeyDown={onKeyDown}
        />
        <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
          <path d="m4 6 4 4 4-4" />
        </svg>
        <ul id={`${id}-list`} ref={list} role="listbox" aria-label="Classes" hidden={!open}>
          {listed.map((option, i) => (
            <li
              key={`${option.label}`}
              id={`${id}-${i}`}
              role="option"
              aria-selected={option.label === label}
              data-active={i === at ? '' : undefined}
              onPointerDown={(event) => event.preventDefault()} // the field keeps the focus
              onClick={() => choose(option)}
            >
              <span>{option.text}</span>
              {option.label !== null && <span class="figure soft">{option.label}</span>}
            </li>
          ))}
          {listed.length === 0 && (
            <li role="option" aria-disabled="true" aria-selected="false" class="soft">
              No class is called that
            </li>
          )}
          {found.length > listed.length && (
            <li role="option" aria-disabled="true" aria-selected="false" class="soft small">
              {found.length - listed.length} more: type to narrow
            </li>
          )}
        </ul>
      </div>
    </Field>
  );
}
