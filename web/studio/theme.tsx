// Light, dark, or as the system has it: the choice is kept in this browser.
import { useState } from 'preact/hooks';

const choices = ['system', 'light', 'dark'] as const;
type Theme = (typeof choices)[number];
const key = 'scalewise-theme';

function stored(): Theme {
  try {
    return choices.find((one) => one === localStorage.getItem(key)) ?? 'system';
  } catch {
    return 'system'; // storage is forbidden
  }
}

/** Puts the stored choice on the page; called before anything is drawn. */
export function applyTheme(theme: Theme = stored()): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

const icons: Record<Theme, string> = {
  system: 'M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5a6.5 6.5 0 0 1 0 13',
  light: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 .8v1.7M8 13.5v1.7M.8 8h1.7M13.5 8h1.7M2.9 2.9l1.2 1.2M11.9 11.9l1.2 1.2M2.9 13.100l1.2-1.2M11.9 4.100l1.2-1.2',
  dark: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
}; // prettier-ignore

/** A button that goes through the three. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(stored);
  const next = choices[(choices.indexOf(theme) + 1) % choices.length]!;
  const change = () => {
    setTheme(next);
    applyTheme(next);
    try {
      localStorage.setItem(key, next);
    } catch {
      // storage is forbidden: it holds until the page is left
    }
  };
  return (
    <button class="plain" onClick={change} title={`Colours: ${theme}; change to ${next}`}>
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" aria-hidden>
        <path d={icons[theme]} fill={theme === 'system' ? 'url(#none)' : 'none'} />
      </svg>
      <span class="unseen">Colours: {theme}</span>
    </button>
  );
}
