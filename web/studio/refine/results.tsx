// The measured results: all of them as cards, and one with its figures and files.
import { useCallback } from 'preact/hooks';
import type { Experiment, ExperimentDetails } from '../../../src/studio/api/index.js';
import { useAsked } from '../asked.js';
import { Empty, Failure, Loading } from '../notices.js';
import { Link } from '../router.js';
import { ArmsFigure } from './armsFigure.js';
import { GroupsFigure, ScalesFigure, SweepFigure } from './otherFigures.js';
import { useTitle } from '../title.js';
import { fileAddress, getExperiment, getExperiments } from './refineApi.js';

function Card({ one }: { one: Experiment }) {
  return (
    <li class="panel card">
      <h3>
        <Link href={`/refine/${one.id}`}>{one.title}</Link>
      </h3>
      <p>{one.said}</p>
      <p class="soft small">
        {one.name} · {one.place === 'folder' ? 'in the opened folder' : 'comes with Scalewise'}
      </p>
    </li>
  );
}

/** All results. */
export function ResultList() {
  const { value, error, retry } = useAsked(getExperiments);
  if (error !== undefined) return <Failure error={error} retry={retry} />;
  if (!value) return <Loading what="the results" />;
  return (
    <section aria-labelledby="results-name" class="stack">
      <h2 id="results-name">Results</h2>
      {value.problems.map((problem) => (
        <Failure key={problem} error={new Error(problem)} />
      ))}
      {value.experiments.length === 0 ? (
        <Empty title="No results yet">
          <p>
            An experiment compares ways to refine, each beside its control: <code>scalewise experiment forcing</code>.
            What it writes below the opened folder is shown here.
          </p>
        </Empty>
      ) : (
        <ul class="cards">
          {value.experiments.map((one) => (
            <Card key={one.id} one={one} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Figures({ id, results, files }: ExperimentDetails) {
  const names = files.map(({ name }) => name);
  switch (results.kind) {
    case 'arms':
      return <ArmsFigure grounds={results.grounds} />;
    case 'scales':
      return <ScalesFigure id={id} {...results} files={names} />;
    case 'groups':
      return <GroupsFigure id={id} {...results} files={names} />;
    case 'sweep':
      return <SweepFigure metrics={results.metrics} points={results.points} />;
    case 'report':
      return <p>Its figures are in the report.</p>;
  }
}

const size = (bytes: number) => (bytes < 1024 ? `${bytes} B` : bytes < 2 ** 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`); // prettier-ignore

function Files({ id, files }: ExperimentDetails) {
  return (
    <section class="panel ground" aria-labelledby="files-name">
      <h2 id="files-name">Report and files</h2>
      <ul class="files">
        {files.map(({ name, bytes }) => (
          <li key={name}>
            <a href={fileAddress(id, name)} target="_blank" rel="noreferrer">
              {name}
            </a>{' '}
            <span class="soft small">{size(bytes)}</span>{' '}
            <a class="small" href={fileAddress(id, name)} download={name} aria-label={`Download ${name}`}>
              download
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One of them. */
export function ResultDetail({ id }: { id: string }) {
  const { value, error, retry } = useAsked(useCallback(() => getExperiment(id), [id]));
  useTitle(value?.title);
  const back = <Link href="/refine">All results</Link>;
  if (error !== undefined)
    return (
      <div class="stack">
        <h1 class="unseen">Refine</h1>
        {back}
        <Failure error={error} retry={retry} />
      </div>
    );
  if (!value) return <Loading what="the result" />;
  return (
    <div class="stack">
      {back}
      <header class="stack">
        <h1>{value.title}</h1>
        <p class="soft">{value.said}</p>
        {value.command !== null && <code class="command">{value.command}</code>}
      </header>
      <Figures {...value} />
      {value.about.length > 0 && (
        <details class="panel ground">
          <summary>What it is about</summary>
          {value.about.map((text) => (
            <p key={text}>{text}</p>
          ))}
        </details>
      )}
      <Files {...value} />
    </div>
  );
}
