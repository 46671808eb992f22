// The frame around every page: mark, navigation, colours; and the page itself, loaded when it is first wanted.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Empty, Failure, Loading } from './notices.js';
import { type Page, pageAt, pages } from './pages.js';
import { ApiError, request } from './api.js';
import { Link, notePlace, useAddress, usePlaces } from './router.js';
import { ThemeSwitch } from './theme.js';
import { nameTab } from './title.js';

function Mark() {
  return (
    <svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.5" aria-hidden="true">
      <rect x="3.5" y="3.5" width="25" height="25" rx="5" />
      <path d="M3.5 16.5h12v12" />
      <rect x="6.5" y="19.5" width="6" height="6" fill="currentColor" stroke="none" />
    </svg>
  );
}

/** Why a page could not be loaded: the server is gone, or hands out other files than when the studio was opened. */
async function whyUnloaded(): Promise<Error> {
  try {
    await request('/healthz');
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) return error;
  }
  return new Error(
    'This page could not be loaded: Scalewise was built anew since the studio was opened. Load it again.',
  );
}

/** Loads the studio anew, once the server answers: a browser may hold on to a file that it could not have. */
async function reload(): Promise<Error> {
  const error = await whyUnloaded();
  if (!(error instanceof ApiError)) location.reload();
  return error;
}

/** A page that is loaded when it is first shown. */
function Loaded({ page }: { page: Page }) {
  const [body, setBody] = useState<{ page: Page; Body: ComponentType }>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let left = false;
    setError(undefined);
    page.load().then(
      ({ default: Body }) => left || setBody({ page, Body }),
      () => whyUnloaded().then((reason) => left || setError(reason)),
    );
    return () => {
      left = true;
    };
  }, [page]);
  if (error !== undefined) return <Failure error={error} retry={() => void reload().then(setError)} />;
  return body?.page === page ? <body.Body /> : <Loading what={page.label} />;
}

/** The whole studio. */
export function App() {
  const address = useAddress();
  const { path } = address;
  const page = pageAt(path);
  const placeOf = usePlaces();
  const main = useRef<HTMLElement>(null);
  const nav = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(notePlace, [address]);
  useEffect(() => {
    nameTab(page?.label ?? 'Not found');
    // on a phone the navigation is wider than its place
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [page]);
  useEffect(() => {
    if (!first.current) main.current?.focus(); // a screen reader goes on at what is new
    first.current = false;
  }, [path]);
  /** A page is found as it was left; from one of its parts, its link leads to its beginning. */
  const placeFor = (one: Page) =>
    one === page && path !== one.path ? { href: one.path, state: null } : placeOf(one.path);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="bar">
        <Link {...placeOf('/')} class="mark">
          <Mark />
          <span>
            Scalewise <span class="soft">studio</span>
          </span>
        </Link>
        <nav aria-label="Pages" ref={nav}>
          {pages.map((one) => (
            <Link key={one.path} {...placeFor(one)} aria-current={one === page ? 'page' : undefined}>
              {one.label}
            </Link>
          ))}
        </nav>
        <ThemeSwitch />
      </header>
      <main id="main" class={page && `page-${page.name}`} ref={main} tabIndex={-1}>
        {page ? (
          <Loaded page={page} />
        ) : (
          <Empty title="There is no such page">
            <Link href="/">Go to Generate</Link>
          </Empty>
        )}
      </main>
    </>
  );
}
