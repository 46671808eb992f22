// The frame around every page: mark, navigation, colours; and the page itself, loaded when it is first wanted.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Empty, Failure, Loading } from './notices.js';
import { type Page, pageAt, pages } from './pages.js';
import { Link, useAddress } from './router.js';
import { ThemeSwitch } from './theme.js';

function Mark() {
  return (
    <svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.5" aria-hidden="true">
      <rect x="3.5" y="3.5" width="25" height="25" rx="5" />
      <path d="M3.5 16.5h12v12" />
      <rect x="6.5" y="19.5" width="6" height="6" fill="currentColor" stroke="none" />
    </svg>
  );
}

/** A page that is loaded when it is first shown. */
function Loaded({ page }: { page: Page }) {
  const [body, setBody] = useState<{ page: Page; Body: ComponentType }>();
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let left = false;
    setError(undefined);
    page.load().then(
      ({ default: Body }) => left || setBody({ page, Body }),
      (reason: unknown) => left || setError(reason),
    );
    return () => {
      left = true;
    };
  }, [page, attempt]);
  if (error !== undefined) return <Failure error={error} retry={() => setAttempt(attempt + 1)} />;
  return body?.page === page ? <body.Body /> : <Loading what={page.label} />;
}

/** The whole studio. */
export function App() {
  const { path } = useAddress();
  const page = pageAt(path);
  const main = useRef<HTMLElement>(null);
  const nav = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${page?.label ?? 'Not found'} · Scalewise studio`;
    // on a phone the navigation is wider than its place
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
    if (!first.current) main.current?.focus(); // a screen reader goes on at the new page
    first.current = false;
  }, [page]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="bar">
        <Link href="/" class="mark">
          <Mark />
          <span>
            Scalewise <span class="soft">studio</span>
          </span>
        </Link>
        <nav aria-label="Pages" ref={nav}>
          {pages.map((one) => (
            <Link key={one.path} href={one.path} aria-current={one === page ? 'page' : undefined}>
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
