// The page: opens the model, draws what is asked for as soon as it is asked, and keeps the request in the address.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Controls } from './controls.js';
import { LoadError, openModel, type ReadyModel } from './model.js';
import { backendFrom, queryOf, requestFrom } from './request.js';
import { backendNames } from './runtime.js';
import { sampleImage, type SampledScale, type SampleRequest } from './sampler.js';
import { Stage } from './stage.js';

type Opening = { state: 'loading'; done: number; all: number } | { state: 'failed'; why: string } | { state: 'ready'; model: ReadyModel }; // prettier-ignore

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Lets the browser paint between two scales, which it cannot do while WebAssembly computes. */
const painted = () => new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done)));

function useModel(): Opening {
  const [opening, setOpening] = useState<Opening>({ state: 'loading', done: 0, all: 0 });
  useEffect(() => {
    const folder = new URL('model/', document.baseURI);
    openModel(folder, backendFrom(new URLSearchParams(location.search)), (done, all) =>
      setOpening({ state: 'loading', done, all }),
    ).then(
      // prettier-ignore
      (model) => setOpening({ state: 'ready', model }),
      (error: unknown) => {
        console.error(error);
        const why = error instanceof LoadError ? error.message : `The model could not be opened: ${String(error)}`;
        setOpening({ state: 'failed', why });
      },
    );
  }, []);
  return opening;
}

/** The scales of the latest request; an earlier one stops at its next scale. */
function useImage(model: ReadyModel, request: SampleRequest) {
  const [drawn, setDrawn] = useState<{ request: SampleRequest; scales: readonly SampledScale[] }>();
  const [failure, setFailure] = useState<string>();
  const running = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => {
    let stopped = false;
    const draw = async () => {
      const done: SampledScale[] = [];
      if (stopped) return;
      setFailure(undefined);
      for await (const scale of sampleImage(model, request)) {
        if (stopped) return;
        done.push(scale);
        setDrawn({ request, scales: [...done] });
        await painted();
      }
    };
    const before = running.current;
    running.current = before.then(draw).catch((error: unknown) => setFailure(String(error)));
    return () => {
      stopped = true;
    };
  }, [model, request]);
  return { scales: drawn?.request === request ? drawn.scales : [], failure };
}

function Drawing({ model }: { model: ReadyModel }) {
  const { description } = model;
  const [request, setRequest] = useState(() => requestFrom(new URLSearchParams(location.search), description));
  const [chosen, setChosen] = useState<number>();
  const { scales, failure } = useImage(model, request);
  const change = (part: Partial<SampleRequest>) => {
    const next = { ...request, ...part };
    setRequest(next);
    setChosen(undefined);
    history.replaceState(null, '', queryOf(next, description, backendFrom(new URLSearchParams(location.search))));
  };
  const name = description.classes[request.label]!;
  const fileName = `${name.replaceAll(/[^\w-]+/g, '-')}-${request.greedy ? 'greedy' : request.seed}.png`;
  return (
    <main class="demo">
      <Controls classes={description.classes} request={request} change={change} />
      <div class="right">
        {model.instead !== undefined && (
          <p class="soft small" role="status">
            {model.instead}
          </p>
        )}
        {failure !== undefined && <p class="alarm" role="alert">{`Drawing failed: ${failure}`}</p>}
        <Stage
          name={name}
          sizes={description.scales.map(({ size }) => size)}
          scales={scales}
          imageSize={description.imageSize}
          shown={chosen !== undefined && chosen < scales.length ? chosen : Math.max(scales.length - 1, 0)}
          show={setChosen}
          fileName={fileName}
        />
      </div>
      <p class="soft small about">
        A {description.family === 'var' ? 'VAR' : 'FlexVAR'} generator draws an image as a pyramid of tokens: each scale
        in one step, given all coarser ones. Above is what the scales so far decode to, beneath it the tokens, a colour
        a code; t is the guidance’s weight. Nothing leaves this page: the model, trained on {description.trainedOn}, was
        fetched once and runs here.
      </p>
    </main>
  );
}

/** The page. */
export function App() {
  const opening = useModel();
  return (
    <>
      <header class="bar">
        <strong>Scalewise</strong>
        <span class="soft">in the browser</span>
        {opening.state === 'ready' && (
          <span class="badge figure" title="Where the model is computed">
            {`${opening.model.description.name} · ${backendNames[opening.model.backend]}`}
          </span>
        )}
      </header>
      {opening.state === 'loading' && (
        <main class="notice" aria-busy="true">
          <h1>Fetching the model</h1>
          <progress aria-label="Fetching the model" max={opening.all || 1} value={opening.done} />
          <p class="soft" role="status">
            {opening.all && opening.done >= opening.all
              ? 'Starting it…'
              : `${megabytes(opening.done)} of ${opening.all ? megabytes(opening.all) : '…'}`}
          </p>
        </main>
      )}
      {opening.state === 'failed' && (
        <main class="notice">
          <h1>No model to draw with</h1>
          <p class="soft" role="alert">
            {opening.why}
          </p>
        </main>
      )}
      {opening.state === 'ready' && <Drawing model={opening.model} />}
    </>
  );
}
