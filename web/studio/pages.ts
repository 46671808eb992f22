// The pages of the studio, in the order of the navigation: one line adds one.
import type { ComponentType } from 'preact';

export interface Page {
  /** The stylesheets of the page keep to what is below `.page-NAME`. */
  name: string;
  path: string;
  label: string;
  load: () => Promise<{ default: ComponentType }>;
}

export const pages: readonly Page[] = [
  { name: 'generate', path: '/', label: 'Generate', load: () => import('./generate/generatePage.js') },
  { name: 'edit', path: '/edit', label: 'Edit', load: () => import('./edit/editPage.js') },
  { name: 'runs', path: '/runs', label: 'Runs', load: () => import('./runs/runsPage.js') },
  { name: 'refine', path: '/refine', label: 'Refine', load: () => import('./refine/refinePage.js') },
  {
    name: 'understand',
    path: '/understand',
    label: 'Understand',
    load: () => import('./understand/understandPage.js'),
  },
];

/** The page of an address; what lies below a page's path (`/runs/abc`) belongs to it. */
export function pageAt(path: string): Page | undefined {
  return pages.find((one) => one.path === path || (one.path !== '/' && path.startsWith(`${one.path}/`)));
}
