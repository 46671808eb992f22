// Fields of a form: a label, a control, and a sentence where its text is no value. The browser refuses to send a form with such a field.
import type { ComponentChildren, TargetedEvent } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

/** A label above a control; `end` stands at its right. */
export function Field(props: { label: string; for: string; end?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="field">
      <div class="field-head">
        <label class="label" htmlFor={props.for}>
          {props.label}
        </label>
        {props.end}
      </div>
      {props.children}
    </div>
  );
}

/** A sentence below a control: what is wrong, or else a hint. Its id is what the control is described by. */
interface NoteProps {
  id: string;
  wrong: string | undefined;
  hint: ComponentChildren;
}

const noteId = ({ id, wrong, hint }: NoteProps) =>
  wrong !== undefined ? `${id}-wrong` : hint !== undefined ? `${id}-hint` : undefined;

function Note(props: NoteProps) {
  const { wrong, hint } = props;
  if (wrong === undefined && hint === undefined) return null;
  return (
    <p class={wrong === undefined ? 'soft small' : 'wrong small'} id={noteId(props)}>
      {wrong ?? hint}
    </p>
  );
}

interface TextProps<T> {
  label: string;
  value: T;
  /** @throws Error with a sentence for people */
  parse: (text: string) => T;
  format: (value: T) => string;
  onChange: (value: T) => void;
  /** Another sentence to show where the value is well-formed and yet wrong. */
  problem?: string | undefined;
  /** What the server said of it: it may be sent again as it is. */
  refusal?: string | undefined;
  hint?: ComponentChildren;
  placeholder?: string;
  end?: ComponentChildren;
  after?: ComponentChildren;
  inputMode?: 'numeric' | 'decimal' | 'text';
}

/** A text that stands for a value. */
export function TextField<T>({
  label,
  value,
  parse,
  format,
  onChange,
  problem,
  refusal,
  hint,
  placeholder,
  end,
  after,
  inputMode = 'text',
}: TextProps<T>) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(format(value));
  const [wrong, setWrong] = useState<string>();
  const shown = useRef(format(value));
  const formatted = format(value);
  if (formatted !== shown.current) {
    shown.current = formatted; // the value was changed from outside
    if (formatted !== text) setText(formatted);
    if (wrong !== undefined) setWrong(undefined);
  }
  const sentence = wrong ?? problem;
  useEffect(() => input.current?.setCustomValidity(sentence ?? ''), [sentence]);
  const read = (typed: string) => {
    setText(typed);
    try {
      const parsed = parse(typed);
      setWrong(undefined);
      shown.current = format(parsed);
      onChange(parsed);
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  const note = { id, wrong: sentence ?? refusal, hint };
  return (
    <Field label={label} for={id} end={end}>
      <div class="row">
        <input
          id={id}
          ref={input}
          type="text"
          class="figure"
          value={text}
          inputMode={inputMode}
          autocomplete="off"
          spellcheck={false}
          placeholder={placeholder}
          aria-invalid={note.wrong !== undefined}
          aria-describedby={noteId(note)}
          onInput={(event) => read(event.currentTarget.value)}
        />
        {after}
      </div>
      <Note {...note} />
    </Field>
  );
}

/** A reader of whole numbers within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\s*\d+\s*$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new Error(`Expected a whole number of ${least} to ${most}.`);
    return value;
  };
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}

/** A choice of few, all of them seen. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            class="unseen"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  /** What the server said of it. */
  refusal?: string | undefined;
  hint?: ComponentChildren;
}

/** A choice of many by name. */
export function Select({ label, value, options, onChange, refusal, hint }: SelectProps) {
  const id = useId();
  const note = { id, wrong: refusal, hint };
  return (
    <Field label={label} for={id}>
      <select
        id={id}
        value={value}
        aria-invalid={refusal !== undefined}
        aria-describedby={noteId(note)}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Note {...note} />
    </Field>
  );
}

/** A box to tick. */
export function Tick(props: { label: string; checked: boolean; onChange: (checked: boolean) => void; hint?: string }) {
  const change = (event: TargetedEvent<HTMLInputElement>) => props.onChange(event.currentTarget.checked);
  return (
    <label class="tick">
      <input type="checkbox" checked={props.checked} onChange={change} />
      <span>
        {props.label}
        {props.hint !== undefined && <span class="soft small"> {props.hint}</span>}
      </span>
    </label>
  );
}
