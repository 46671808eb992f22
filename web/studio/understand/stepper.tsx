// Back, Next, and the steps by name: links, so that each can be opened by its address. The arrow keys go from step to step wherever they do nothing else.
import { useEffect } from 'preact/hooks';
import { navigate } from '../router.js';
import { steps } from './steps.js';

interface Props {
  step: number;
  /** The address of a step. */
  href: (step: number) => string;
}

/** What uses the arrow keys itself. */
const busy = 'input, select, textarea, [role=slider], [role=application], [role=combobox], [role=listbox]';

/** The bar. */
export function Stepper({ step, href }: Props) {
  const go = (to: number) => {
    if (to >= 1 && to <= steps.length) navigate(href(to));
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.target instanceof Element && event.target.closest(busy)) return;
      if (event.key === 'ArrowRight') go(step + 1);
      else if (event.key === 'ArrowLeft') go(step - 1);
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  });
  return (
    <div class="stepper panel">
      <button type="button" onClick={() => go(step - 1)} disabled={step === 1}>
        Back
      </button>
      <nav aria-label="Steps">
        <ol>
          {steps.map(({ name }, i) => (
            <li key={name} data-done={i + 1 < step ? '' : undefined}>
              <a
                href={href(i + 1)}
                aria-current={i + 1 === step ? 'step' : undefined}
                onClick={(event) => {
                  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                  event.preventDefault();
                  go(i + 1);
                }}
              >
                <span class="figure">{i + 1}</span> <span class="step-name">{name}</span>
              </a>
            </li>
          ))}
        </ol>
      </nav>
      <button type="button" class="primary" onClick={() => go(step + 1)} disabled={step === steps.length}>
        Next
      </button>
      <p class="unseen" role="status">
        Step {step} of {steps.length}: {steps[step - 1]!.title}
      </p>
    </div>
  );
}
