// What the form of Generate says, kept in this tab: also what was not drawn yet is there when one comes back.
import type { Settings } from '../settings/settings.js';
import type { Models } from '../settings/useModels.js';

const key = 'scalewise-generate'; // another name where settings of before cannot be read

/** Keeps the settings for the address that stands there. */
export function keepSettings(settings: Settings): void {
  try {
    sessionStorage.setItem(key, JSON.stringify({ query: location.search, settings }));
  } catch {
    // storage is forbidden: the form begins anew
  }
}

/** Those kept for this address, of models that are still there. A link that was just opened, of which the history holds nothing, says itself what is wanted. */
export function keptSettings(models: Models): Settings | undefined {
  if (location.search !== '' && history.state === null) return undefined;
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as { query: string; settings: Settings } | null;
    if (kept?.query !== location.search) return undefined;
    return kept.settings.models.every((id) => models.some((one) => one.id === id)) ? kept.settings : undefined;
  } catch {
    return undefined; // storage is forbidden
  }
}
