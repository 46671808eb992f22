// The pages of the studio, in the order of the navigation: one line adds one.
import type { ComponentType } from 'preact';

export interface Page {
  /** The stylesheets of the page keep to what is below `.page-NAME`. */
  name: string;
  path: string;
  label: string;
  /** Whether it has pages below it, as `/runs/abc`. */
  hasParts?: true;
  load: () => Promise<{ default: ComponentType }>;
}

export const pages: readonly Page[] = [
  { name: 'generate', path: '/', label: 'Generate', load: () => import('./generate/generatePage.js') },
  { name: 'edit', path: '/edit', label: 'Edit', load: () => import('./edit/editPage.js') },
  { name: 'runs', path: '/runs', label: 'Runs', hasParts: true, load: () => import('./runs/runsPage.js') },
  { name: 'refine', path: '/refine', label: 'Refine', hasParts: true, load: () => import('./refine/refinePage.js') },
  {
    name: 'understand',
    path: '/understand',
    label: 'Understand',
    load: () => import('./understand/understandPage.js'),
  },
];

/** The page of an address. */
export function pageAt(path: string): Page | undefined {
  const [first, part, ...rest] = path.split('/').slice(1);
  const page = pages.find((one) => one.path === `/${first}`);
  return rest.some(Boolean) || (part && !page?.hasParts) ? undefined : page;
}
